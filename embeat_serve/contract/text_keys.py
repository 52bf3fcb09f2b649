"""Names as keys: one normalisation for what is indexed and for what is typed.

The pipeline has the same functions as Polars expressions (``embeat_pipeline/text.py``);
a property test holds the two together.
"""

import unicodedata
from functools import lru_cache

import regex as re

COMBINING_MARKS = "\u0300-\u036f"
"""Marks dropped from letters. Kana voicing marks (U+3099, U+309A) lie outside and stay."""

CJK = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff"
"""Kana, Han and Hangul: split into single characters, since none of them uses spaces."""

_MARKS = re.compile(f"[{COMBINING_MARKS}]")
NOT_WORD = r"[^\p{L}\p{N}\p{M}]+"
"""What separates words: anything but letters, numbers and the marks that belong to them."""

FOLDED_LETTERS = {"ß": "ss", "ς": "σ", "ø": "o", "đ": "d", "ł": "l", "ı": "i", "æ": "ae", "œ": "oe"}
"""Letters that Unicode does not decompose but that people type without their stroke."""

APOSTROPHES = "['’ʼ`]"
"""Dropped, so that "dont stop" finds "Don't Stop"."""

_NOT_WORD = re.compile(NOT_WORD)
_APOSTROPHES = re.compile(APOSTROPHES)
_FOLDED_LETTERS = str.maketrans(FOLDED_LETTERS)
_CJK_CHARACTER = re.compile(f"([{CJK}])")
_HAN = re.compile("[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")

# What follows a title in brackets or after a dash without making it another song.
EDITION = (
    r"(?:(?:\d{2,4}\s+)?(?:digital\s+)?(?:re-?master(?:ed)?|live|mono|stereo|single|album|radio|"
    r"original|deluxe|bonus|explicit|clean)|\d{4}\s+mix)\b[^()\[\]]*"
)
REISSUE = (
    r"(?:(?:\d{2,4}\s+)?(?:digital(?:ly)?\s+)?(?:re-?master(?:ed)?|mono|stereo|single|album|"
    r"original|deluxe|bonus|explicit|clean)|\d{4}\s+mix)\b(?!.*\blive\b)[^()\[\]]*"
)
"""Those under which the same recording is sold again; live versions and radio edits are others."""
FEATURING = r"\b(?:feat|ft|featuring|with)\b\.?\s"
_BRACKETED = re.compile(rf"\s*[(\[]\s*(?:{FEATURING}[^()\[\]]*|{EDITION})[)\]]", re.IGNORECASE)
_TRAILING = re.compile(rf"\s+-\s+(?:{EDITION})$", re.IGNORECASE)
_REISSUED = re.compile(
    rf"\s*[(\[]\s*(?:{FEATURING}[^()\[\]]*|{REISSUE})[)\]]|\s+-\s+(?:{REISSUE})$", re.IGNORECASE
)
# Up to a dash: what follows one is a remix, or in what people type the title.
_FEATURING_TAIL = re.compile(r"\s+\b(?:feat|ft|featuring)\b\.?\s(?:(?!\s-\s).)*$", re.IGNORECASE)


@lru_cache(maxsize=1)
def simplified_table() -> dict[int, str]:
    """Traditional -> simplified Chinese, one character at a time (OpenCC's t2s).

    Phrase rules would make a name's key depend on its neighbours, so none are used.
    """
    import opencc

    convert = opencc.OpenCC("t2s").convert
    ranges = (range(0x3400, 0x4DC0), range(0x4E00, 0xA000))
    pairs = ((code, convert(chr(code))) for codes in ranges for code in codes)
    return {code: simple for code, simple in pairs if simple != chr(code)}


def fold(text: str) -> str:
    """Compatibility forms, case, accents and traditional characters folded away."""
    if text.isascii():
        return text.lower()
    folded = unicodedata.normalize("NFKD", text).lower().translate(_FOLDED_LETTERS)
    folded = unicodedata.normalize("NFKC", _MARKS.sub("", folded))
    return folded.translate(simplified_table()) if _HAN.search(folded) else folded


def search_text(text: str) -> str:
    """Space-separated tokens: folded words, and single characters for kana, Han and Hangul.

    >>> search_text("葉惠美 (Live)")
    '叶 惠 美 live'
    """
    words = _NOT_WORD.sub(" ", _APOSTROPHES.sub("", fold(text)))
    if not words.isascii():
        words = _CJK_CHARACTER.sub(r" \1 ", words)
    return " ".join(words.split())


def name_key(text: str) -> str:
    """Exact-match key of a title or an artist: its search tokens.

    Text without a single letter or digit (``"???"``, an emoji) keeps its folded self, so it
    can still be found.
    """
    return search_text(text) or fold(text).strip()


def title_key(title: str) -> str:
    """Key under which editions of a song fall together ("(Remastered 2009)", "- Live").

    Other versions a listener would tell apart (remixes, "Pt. 2") keep their own key.
    """
    bare = _TRAILING.sub("", _BRACKETED.sub("", title))
    bare = _FEATURING_TAIL.sub("", bare)
    return name_key(bare) or name_key(title)


def reissue_key(title: str) -> str:
    """Key under which reissues of one recording fall together ("(Remastered 2009)", "(feat. X)").

    Unlike ``title_key`` it keeps live versions and radio edits apart.
    """
    return name_key(_REISSUED.sub("", title)) or name_key(title)
