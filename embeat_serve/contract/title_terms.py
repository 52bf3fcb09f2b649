"""Split the title of a playlist into the terms it is compared by.

The pipeline has the same functions over whole tables
(``embeat_pipeline/playlists/titles/terms.py``); a property test compares the two.
"""

from collections import Counter

import regex as re

from embeat_serve.contract.text_keys import search_text

SHORTEST_TERM, LONGEST_TERM = 2, 6
"""Characters of a term. Terms run across words, so that a pair of short words is one of them; six
characters hold three of a script without spaces, which ``search_text`` sets apart."""

SYMBOL = "[\u2600-\u27bf\u2b00-\u2bff\U0001f000-\U0001faff]"
"""Pattern of emoji, which say as much as a word and which ``search_text`` drops. It names ranges,
since the engines that read it follow different versions of Unicode."""

SELECTOR = "[\ufe0e\ufe0f]"
"""Pattern of the marks that choose how an emoji is drawn."""

_SYMBOL, _SELECTOR = re.compile(SYMBOL), re.compile(SELECTOR)


def title_text(title: str) -> str:
    """The text that terms are cut from: search tokens and emoji, a space at either end.

    >>> title_text("90's Rock 🔥")
    ' 90s rock 🔥 '
    """
    plain = _SELECTOR.sub("", title)
    symbols = " ".join(_SYMBOL.findall(plain))
    text = f"{search_text(plain)} {symbols}".strip(" ")
    return f" {text} "


def title_terms(title: str) -> dict[str, int]:
    """How often each term is in a title: all runs of 2 to 6 characters of its text.

    Wang and Manning (2012) and Joulin et al. (2017) find character n-grams to do as well as words
    on short texts, and they bear spelling, endings and languages without spaces.
    """
    text = title_text(title)
    if not text.strip():
        return {}
    return dict(
        Counter(
            text[start : start + length]
            for length in range(SHORTEST_TERM, LONGEST_TERM + 1)
            for start in range(len(text) - length + 1)
        )
    )
