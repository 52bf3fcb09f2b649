"""Find lengths and tempi: "20 songs", "a dozen", "120 bpm", "under 100 bpm"."""

import re

from embeat_serve.filters.request import LIMITS
from embeat_serve.options import MAX_K
from embeat_serve.questions.question import PartKind
from embeat_serve.questions.reading import Finding, Reading, scan
from embeat_serve.questions.tokens import number_of
from embeat_serve.questions.vocabulary import Role, longest
from embeat_serve.questions.years import FIRST_YEAR, LAST_YEAR

TEMPO_TOLERANCE = 5
"""Beats per minute by which a song may miss a tempo that is one number."""

MAX_WORDS_BETWEEN = 3
"""Words between the number of songs and "songs" at most: "20 sad French songs"."""

DOZEN = 12

_TEMPO = re.compile(r"(?:bpm)?(\d{1,4})(?:bpm)?")
_DASH = re.compile(r"\s*[-–—~〜～]\s*")


def find_lengths(reading: Reading) -> list[Finding]:
    """Find how many songs are wanted; the first number counts."""
    return scan(reading, _length_at)[:1]


def find_wish_numbers(reading: Reading) -> list[Finding]:
    """Find numbers that no filter knows: "30 minutes", "4 stars"."""
    return scan(reading, _wish_at)


def find_tempi(reading: Reading) -> list[Finding]:
    """Find tempi in beats per minute."""
    return scan(reading, _tempo_at)


def _number(reading: Reading, at: int) -> tuple[int, int] | None:
    """A number that begins at a token, and the token after it."""
    if not reading.is_free(at):
        return None
    length = longest(reading.words.numbers, reading.tokens, at)
    if length:
        keys = tuple(token.key for token in reading.tokens[at : at + length])
        return reading.words.numbers[keys], at + length
    number = number_of(reading.tokens[at])
    return None if number is None else (number, at + 1)


def _length_at(reading: Reading, at: int) -> Finding | None:
    dozen = reading.match(at, Role.DOZEN)
    if dozen:
        return _length(at, dozen, DOZEN)
    found = _number(reading, at)
    if found is None:
        return None
    number, stop = found
    if FIRST_YEAR <= number <= LAST_YEAR or _is_decade(reading, at, stop):
        return None
    end = reading.match(stop, Role.DOZEN)
    if end:
        return _length(at, end, number * DOZEN)
    if at and reading.tokens[at - 1].key == "top":
        return _length(at, stop, number)
    end = reading.match(stop, Role.COUNTERS)
    if end:
        return _length(at, end, number)
    # "20 sad French songs": the number counts songs, whatever stands between.
    for index in range(stop, stop + MAX_WORDS_BETWEEN + 1):
        if not reading.is_free(index) or reading.breaks(index):
            return None
        if number_of(reading.tokens[index]) is not None or reading.match(index, Role.WISH_UNITS):
            return None
        if reading.match(index, Role.LIKE, Role.PURPOSE, Role.NOT):
            return None
        if index > stop and reading.match(index, Role.COUNTERS):
            return _length(at, stop, number)
    return None


def _is_decade(reading: Reading, at: int, stop: int) -> bool:
    is_marked = reading.match_before(at, Role.DECADE_BEFORE) is not None
    return is_marked or bool(reading.match(stop, Role.DECADE_SUFFIX))


def _length(first: int, stop: int, number: int) -> Finding:
    number = min(max(number, 1), MAX_K)
    return Finding(PartKind.LENGTH, first, stop, str(number), low=number)


def _wish_at(reading: Reading, at: int) -> Finding | None:
    found = _number(reading, at)
    stop = reading.match(found[1], Role.WISH_UNITS) if found else 0
    if not stop:
        return None
    return Finding(PartKind.WORDS, at, stop, reading.typed(at, stop), is_met=False)


def _tempo_at(reading: Reading, at: int) -> Finding | None:
    for role in (Role.UNDER, Role.OVER, Role.AROUND, Role.FROM):
        start = reading.match(at, role)
        if start:
            finding = _tempo_range(reading, at, start, role)
            if finding:
                return finding
    return _tempo_range(reading, at, at, None)


def _tempo_range(reading: Reading, first: int, at: int, role: Role | None) -> Finding | None:
    found = _beats(reading, at)
    if found is None:
        return None
    number, stop, has_unit = found
    other = _second_number(reading, stop)
    if other:
        low, high = sorted((number, other[0]))
        return _tempo(first, other[1], low, high)
    if not has_unit:
        return None
    if role is Role.UNDER or reading.match(stop, Role.UNDER_AFTER):
        return _tempo(first, reading.match(stop, Role.UNDER_AFTER) or stop, None, number)
    if role is Role.OVER or reading.match(stop, Role.OVER_AFTER):
        return _tempo(first, reading.match(stop, Role.OVER_AFTER) or stop, number, None)
    low, high = max(number - TEMPO_TOLERANCE, 0), number + TEMPO_TOLERANCE
    return _tempo(first, stop, low, high)


def _second_number(reading: Reading, at: int) -> tuple[int, int] | None:
    if not reading.is_free(at):
        return None
    start = at if _DASH.fullmatch(reading.tokens[at].gap) else reading.match(at, Role.TO)
    found = _beats(reading, start) if start else None
    return found[:2] if found and found[2] else None


def _beats(reading: Reading, at: int) -> tuple[int, int, bool] | None:
    """A number, the token after it, and whether "bpm" follows."""
    if not reading.is_free(at):
        return None
    glued = _TEMPO.fullmatch(reading.tokens[at].key)
    number = int(glued[1]) if glued else None
    if number is None or number > LIMITS["tempo"][1] - TEMPO_TOLERANCE:
        return None
    is_glued = "bpm" in reading.tokens[at].key
    stop = 0 if is_glued else reading.match(at + 1, Role.BPM)
    return number, stop or at + 1, bool(is_glued or stop)


def _tempo(first: int, stop: int, low: int | None, high: int | None) -> Finding:
    if low is None:
        value = f"≤ {high} bpm"
    elif high is None:
        value = f"≥ {low} bpm"
    else:
        value = f"{low}–{high} bpm"
    return Finding(PartKind.TEMPO, first, stop, value, low=low, high=high)
