"""Normalise names to keys, in the same way for the index and for what people type.

The pipeline has the same functions as Polars expressions
(``embeat_pipeline/common/text_expressions.py``); a property test compares the two.
"""

import unicodedata
from collections.abc import Callable
from functools import lru_cache
from typing import cast

import regex as re

COMBINING_MARKS = "\u0300-\u036f"
"""Range of the marks that are dropped from letters; kana voicing marks (U+3099) lie outside."""

CJK = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff"
"""Ranges of kana, Han and Hangul, which are split into characters: they use no spaces."""

_MARKS = re.compile(f"[{COMBINING_MARKS}]")
NOT_WORD = r"[^\p{L}\p{N}\p{M}]+"
"""Pattern of what separates words: all but letters, numbers and their marks."""

FOLDED_LETTERS = {"ß": "ss", "ς": "σ", "ø": "o", "đ": "d", "ł": "l", "ı": "i", "æ": "ae", "œ": "oe"}
"""Letters that Unicode does not decompose but that people type without their stroke."""

APOSTROPHES = "['’ʼ`]"
"""Pattern of apostrophes, which are dropped, so that "dont stop" finds "Don't Stop"."""

_NOT_WORD = re.compile(NOT_WORD)
_APOSTROPHES = re.compile(APOSTROPHES)
_FOLDED_LETTERS = str.maketrans(FOLDED_LETTERS)
_CJK_CHARACTER = re.compile(f"([{CJK}])")
_HAN = re.compile("[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")

EDITION = (
    r"(?:(?:\d{2,4}\s+)?(?:digital\s+)?(?:re-?master(?:ed)?|live|mono|stereo|single|album|radio|"
    r"edit|original|deluxe|bonus|explicit|clean)|\d{4}\s+mix)\b[^()\[\]]*"
)
"""Pattern of what follows a title, in brackets or after a dash, and names an edition of it."""

REISSUE = (
    r"(?:(?:\d{2,4}\s+)?(?:digital(?:ly)?\s+)?(?:re-?master(?:ed)?|mono|stereo|single|album|"
    r"original|deluxe|bonus|explicit|clean)|\d{4}\s+mix)\b(?!.*\blive\b)[^()\[\]]*"
)
"""Pattern of the editions that sell a recording again; live versions and radio edits do not."""

FEATURING = r"\b(?:feat|ft|featuring|with)\b\.?\s"
"""Pattern of the words that begin a credit of guests in a title."""

_BRACKETED = re.compile(rf"\s*[(\[]\s*(?:{FEATURING}[^()\[\]]*|{EDITION})[)\]]", re.IGNORECASE)
_TRAILING = re.compile(rf"\s+-\s+(?:{EDITION})$", re.IGNORECASE)
_REISSUED = re.compile(
    rf"\s*[(\[]\s*(?:{FEATURING}[^()\[\]]*|{REISSUE})[)\]]|\s+-\s+(?:{REISSUE})$", re.IGNORECASE
)
# A credit ends at a dash: after one comes a remix or, in what people type, the title.
_FEATURING_TAIL = re.compile(r"\s+\b(?:feat|ft|featuring)\b\.?\s(?:(?!\s-\s).)*$", re.IGNORECASE)


@lru_cache(maxsize=1)
def simplified_table() -> dict[int, str]:
    """Translation table from traditional to simplified Chinese characters (OpenCC's t2s).

    It has no phrase rules: with them, a character's key would depend on its neighbours.
    """
    import opencc

    convert = cast(
        Callable[[str], str],
        opencc.OpenCC("t2s").convert,  # pyright: ignore[reportUnknownMemberType] - it has no types
    )
    ranges = (range(0x3400, 0x4DC0), range(0x4E00, 0xA000))
    pairs = ((code, convert(chr(code))) for codes in ranges for code in codes)
    return {code: simple for code, simple in pairs if simple != chr(code)}


def fold(text: str) -> str:
    """Fold case, accents, compatibility forms and traditional characters."""
    if text.isascii():
        return text.lower()
    folded = unicodedata.normalize("NFKD", text).lower().translate(_FOLDED_LETTERS)
    folded = unicodedata.normalize("NFKC", _MARKS.sub("", folded))
    return folded.translate(simplified_table()) if _HAN.search(folded) else folded


def search_text(text: str) -> str:
    """Split text into space-separated search tokens: folded words, and single CJK characters.

    >>> search_text("葉惠美 (Live)")
    '叶 惠 美 live'
    """
    words = _NOT_WORD.sub(" ", _APOSTROPHES.sub("", fold(text)))
    if not words.isascii():
        words = _CJK_CHARACTER.sub(r" \1 ", words)
    return " ".join(words.split())


def name_key(text: str) -> str:
    """Key by which a title or an artist's name is matched exactly: its search tokens.

    Text without a letter or digit (``"???"``, an emoji) is its own key, folded, so that it can
    be found.
    """
    return search_text(text) or fold(text).strip()


def title_key(title: str) -> str:
    """Key that the editions of a song share ("(Remastered 2009)", "- Live").

    Versions that a listener tells apart (remixes, "Pt. 2") have keys of their own.
    """
    bare = _TRAILING.sub("", _BRACKETED.sub("", title))
    bare = _FEATURING_TAIL.sub("", bare)
    return name_key(bare) or name_key(title)


def reissue_key(title: str) -> str:
    """Key that the reissues of a recording share ("(Remastered 2009)", "(feat. X)").

    Live versions and radio edits have keys of their own, unlike in ``title_key``.
    """
    return name_key(_REISSUED.sub("", title)) or name_key(title)
