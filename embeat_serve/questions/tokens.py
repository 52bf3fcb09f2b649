"""Divide a question into tokens that know where they were typed.

A token is a word, a number, an emoji, or one character of a script without spaces. Punctuation is
no token: what stands between two tokens decides whether a phrase may run across it.
"""

from dataclasses import dataclass

import regex as re

from embeat_serve.contract.text_keys import CJK, search_text

_MARK = r"\p{M}\p{Emoji_Modifier}\u200d\ufe0f"
_ELISION = r"(?:[cdjlmnst]|qu|dell|all|nell|sull|dall|un|quest)(?=['’]\p{L})"
_TOKEN = re.compile(
    rf"""
      [{CJK}々]
    | (?<![\p{{L}}\p{{N}}]){_ELISION}                       # l'amour: l, amour
    | (?![{CJK}々])[\p{{L}}\p{{N}}](?:(?![{CJK}々])[\p{{L}}\p{{N}}\p{{M}}]|['’ʼ`](?=\p{{L}}))*
    | \p{{Regional_Indicator}}{{2}}
    | \p{{Extended_Pictographic}}[{_MARK}]*(?:\u200d\p{{Extended_Pictographic}}[{_MARK}]*)*
    """,
    re.VERBOSE | re.IGNORECASE,
)
_BREAK = re.compile(r"[,;:.!?()\[\]{}\"“”„«»|…\n\r、。，；：！？（）「」『』《》・]|\s[-–—]+\s")
_CJK = re.compile(f"[{CJK}々]")


@dataclass(frozen=True)
class Token:
    """One word of a question.

    Attributes:
        start: offset of its first character.
        end: offset after its last character.
        text: as typed.
        key: by which words are compared: case, accents and traditional characters folded.
        gap: what stands between it and the token before.
        breaks: whether the gap has punctuation that ends a phrase.
    """

    start: int
    end: int
    text: str
    key: str
    gap: str
    breaks: bool

    @property
    def is_capitalised(self) -> bool:
        """Whether it begins with a capital letter, or could be a name in a script without them."""
        return self.text[0].isupper() or self.is_caseless

    @property
    def is_caseless(self) -> bool:
        """Whether it is one character of a script without spaces and capital letters."""
        return _CJK.match(self.text) is not None

    @property
    def is_small(self) -> bool:
        """Whether it is a word typed in small letters."""
        return self.text[0].islower()


def tokenise(text: str) -> tuple[Token, ...]:
    """Divide a text into tokens, in order, without overlap."""
    tokens: list[Token] = []
    end = 0
    for match in _TOKEN.finditer(text):
        key = search_text(match[0]).replace(" ", "") or match[0]
        gap = text[end : match.start()]
        breaks = _BREAK.search(gap) is not None
        tokens.append(Token(match.start(), match.end(), match[0], key, gap, breaks))
        end = match.end()
    return tuple(tokens)


def keys_of(phrase: str) -> tuple[str, ...]:
    """The keys of a phrase's tokens: how phrases are looked up."""
    return tuple(token.key for token in tokenise(phrase))


def number_of(token: Token) -> int | None:
    """The number that a token is; None if it is none, or has more than five digits."""
    return int(token.key) if token.key.isdecimal() and len(token.key) <= 5 else None
