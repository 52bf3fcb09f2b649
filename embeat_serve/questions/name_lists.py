"""Divide a list of names: "Kraftwerk, Neu! und Can"."""

import regex as re

from embeat_serve.questions.reading import Reading
from embeat_serve.questions.vocabulary import Role

MAX_PIECES = 6
"""Names of a list of which runs of neighbours are given as one name, too."""

_DIVIDER = re.compile(r"[,、，&＆+/・]")
_SLASHED = re.compile(r"\S/\S")
_TRAILING = re.compile(r"[!?.]+(?=[\s,;)\]]|$)")


def split_names(reading: Reading, start: int, stop: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Divide the tokens from ``start`` to ``stop`` into names.

    Returns:
        The names as typed, and what may be one name after all: each run of neighbours, longest
        first. A list of more than ``MAX_PIECES`` names is only given divided, and whole.
    """
    pieces = _pieces(reading, start, stop)
    names = tuple(dict.fromkeys(_typed(reading, *piece) for piece in pieces))
    if len(pieces) > MAX_PIECES:
        return names, (_typed(reading, start, stop),)
    count = len(pieces)
    whole = [
        _typed(reading, pieces[first][0], pieces[first + size - 1][1])
        for size in range(count, 1, -1)
        for first in range(count - size + 1)
    ]
    return names, tuple(dict.fromkeys(whole))


def _pieces(reading: Reading, start: int, stop: int) -> list[tuple[int, int]]:
    pieces: list[tuple[int, int]] = []
    first = at = start
    while at < stop:
        joiner = reading.match(at, Role.JOINERS) if at > first else 0
        if joiner and joiner < stop and (reading.breaks(at) or not _inside_word(reading, at)):
            pieces.append((first, at))
            first = at = joiner
        elif at > first and _is_divided(reading, at):
            pieces.append((first, at))
            first = at
            # ", and The National"
            joiner = reading.match(at, Role.JOINERS)
            if joiner and joiner < stop:
                first = joiner
            at = first + 1
        else:
            at += 1
    return [*pieces, (first, stop)]


def _inside_word(reading: Reading, at: int) -> bool:
    # "Guns N' Roses": a joiner of one letter is one only where a small letter is typed.
    token = reading.tokens[at]
    return len(token.text) == 1 and token.text.isupper() and not token.is_caseless


def _is_divided(reading: Reading, at: int) -> bool:
    gap = reading.tokens[at].gap
    before = reading.tokens[at - 1].text[-1:]
    is_slashed = gap == "/" and _SLASHED.fullmatch(f"{before}/{reading.tokens[at].text[:1]}")
    return _DIVIDER.search(gap) is not None and not is_slashed


def _typed(reading: Reading, start: int, stop: int) -> str:
    """The text of a name with the marks at its end that belong to it: "Neu!"."""
    text = reading.typed(start, stop)
    end = reading.tokens[stop - 1].end
    marks = _TRAILING.match(reading.text, end)
    if marks and "!" in marks[0]:
        return text + marks[0].rstrip(".?")
    return text
