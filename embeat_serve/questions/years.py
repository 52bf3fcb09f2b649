"""Find years and decades: "90s", "années 80", "from 1995 to 1999", "since 2010", "2019"."""

import re
from typing import NamedTuple

from embeat_serve.questions.genres import negation_after, negation_before
from embeat_serve.questions.question import PartKind
from embeat_serve.questions.reading import Finding, Reading, scan
from embeat_serve.questions.tokens import number_of
from embeat_serve.questions.vocabulary import Role, longest

FIRST_YEAR = 1900
LAST_YEAR = 2099
"""Numbers outside of these are no years."""

EARLY = (0, 3)
MID = (4, 6)
LATE = (7, 9)
"""First and last year of a part of a decade."""

_GLUED = re.compile(r"(\d+)(\D+)")
_DASH = re.compile(r"\s*[-–—~〜～]\s*")


class Period(NamedTuple):
    """Years, and the tokens that say them."""

    first: int
    last: int
    stop: int
    is_decade: bool = False


def find_years(reading: Reading) -> list[Finding]:
    """Find years, decades, and ranges of them."""
    return scan(reading, _years_at)


def _years_at(reading: Reading, at: int) -> Finding | None:
    found = _open_range(reading, at) or _closed_range(reading, at)
    if found is None:
        return None
    start, end = negation_before(reading, at), negation_after(reading, found.stop)
    if start is None and not end:
        return found
    # No filter keeps years out.
    first, stop = at if start is None else start, end or found.stop
    return Finding(PartKind.WORDS, first, stop, reading.typed(first, stop), is_met=False)


def _open_range(reading: Reading, at: int) -> Finding | None:
    for role in (Role.SINCE, Role.AFTER, Role.BEFORE, Role.UNTIL):
        start = reading.match(at, role)
        period = _period_after(reading, start) if start else None
        if period and not _is_range(reading, role, period):
            return _finding(at, period.stop, *_bounds(role, period))
    return None


def _is_range(reading: Reading, role: Role, period: Period) -> bool:
    # "from 1995 to 1999", in languages whose word for "from" and "since" is one.
    return role is Role.SINCE and _other_end(reading, period) is not None


def _bounds(role: Role, period: Period) -> tuple[int | None, int | None]:
    match role:
        case Role.SINCE | Role.SINCE_AFTER:
            return period.first, None
        case Role.AFTER | Role.AFTER_AFTER:
            return period.last + 1, None
        case Role.BEFORE | Role.BEFORE_AFTER:
            return None, period.first - 1
        case _:
            return None, period.last


def _closed_range(reading: Reading, at: int) -> Finding | None:
    start = reading.match(at, Role.FROM)
    period = _period_after(reading, start) if start else None
    period = period or _period(reading, at)
    if period is None:
        return None
    other = _other_end(reading, period)
    if other:
        first, last = min(period.first, other.first), max(period.last, other.last)
        return _finding(at, other.stop, first, last)
    for role in (Role.SINCE_AFTER, Role.AFTER_AFTER, Role.BEFORE_AFTER, Role.UNTIL_AFTER):
        stop = reading.match(_number_end(reading, period), role) or reading.match(period.stop, role)
        if stop:
            return _finding(at, stop, *_bounds(role, period))
    return _finding(at, period.stop, period.first, period.last)


def _number_end(reading: Reading, period: Period) -> int:
    # "2010年以降" is one phrase after the number, though "年" alone ends a year, too.
    has_suffix = reading.match_exactly(period.stop - 1, period.stop, Role.YEAR_SUFFIX)
    return period.stop - 1 if has_suffix else period.stop


def _other_end(reading: Reading, period: Period) -> Period | None:
    at = period.stop
    if at >= len(reading.tokens):
        return None
    if _DASH.fullmatch(reading.tokens[at].gap):
        return _period(reading, at) or _short_year(reading, at, period)
    if period.is_decade:
        last = _next_decade(reading, at)
        if last:
            return last
    start = reading.match(at, Role.TO)
    return _period_after(reading, start) if start else None


def _next_decade(reading: Reading, at: int) -> Period | None:
    """The second decade of "anni 60 e 70"."""
    start = reading.match(at, Role.JOINERS)
    number = number_of(reading.tokens[start]) if start and reading.is_free(start) else None
    is_short = number is not None and number < 100
    return _ten_years(_decade_start(number), start + 1) if is_short else None


def _short_year(reading: Reading, at: int, period: Period) -> Period | None:
    number = number_of(reading.tokens[at]) if reading.is_free(at) else None
    if number is None or not 0 < number < 100 or period.is_decade:
        return None
    year = period.first // 100 * 100 + number
    return Period(year, year, at + 1) if year > period.first else None


def _period(reading: Reading, at: int) -> Period | None:
    """A year or a decade that begins at a token."""
    for role, (first, last) in ((Role.EARLY, EARLY), (Role.MID, MID), (Role.LATE, LATE)):
        start = reading.match(at, role)
        while start and not _decade(reading, start) and reading.match(start, Role.LINKS):
            start = reading.match(start, Role.LINKS)
        decade = _decade(reading, start) if start else None
        if decade:
            return Period(decade.first + first, decade.first + last, decade.stop, True)
    return _decade(reading, at) or _year(reading, at)


def _period_after(reading: Reading, at: int) -> Period | None:
    """A year or a decade at a token, or after articles: "since the 90s", "dopo il 2000"."""
    period = _period(reading, at)
    while period is None and reading.match(at, Role.LINKS):
        at = reading.match(at, Role.LINKS)
        period = _period(reading, at)
    return period


def _decade(reading: Reading, at: int) -> Period | None:
    if not reading.is_free(at):
        return None
    length = longest(reading.words.decades, reading.tokens, at)
    if length:
        keys = tuple(token.key for token in reading.tokens[at : at + length])
        return _ten_years(reading.words.decades[keys], at + length)
    before = reading.match(at, Role.DECADE_BEFORE)
    if before and reading.is_free(before):
        stop = reading.match(before + 1, Role.DECADE_SUFFIX) or before + 1
        return _ten_years(_decade_start(number_of(reading.tokens[before])), stop)
    glued = _GLUED.fullmatch(reading.tokens[at].key)
    if glued and reading.words.is_decade(reading.tokens[at]):
        return _ten_years(_decade_start(int(glued[1])), at + 1)
    count = longest(reading.words.numbers, reading.tokens, at)
    number = number_of(reading.tokens[at])
    if count:
        number = reading.words.numbers[tuple(t.key for t in reading.tokens[at : at + count])]
    stop = reading.match(at + (count or 1), Role.DECADE_SUFFIX)
    is_joined = stop and len(reading.tokens[at + (count or 1)].gap.strip(" ")) <= 1
    return _ten_years(_decade_start(number), stop) if is_joined else None


def _decade_start(number: int | None) -> int | None:
    if number is None or number % 10:
        return None
    if number < 100:
        return 1900 + number if number >= 20 else 2000 + number
    return number if FIRST_YEAR <= number <= LAST_YEAR else None


def _ten_years(first: int | None, stop: int) -> Period | None:
    return None if first is None else Period(first, first + 9, stop, True)


def _year(reading: Reading, at: int) -> Period | None:
    if not reading.is_free(at):
        return None
    token = reading.tokens[at]
    glued = _GLUED.fullmatch(token.key)
    if glued and Role.YEAR_SUFFIX in reading.words.roles.get((glued[2],), frozenset()):
        number = int(glued[1])
    else:
        number = number_of(token)
    if number is None or not FIRST_YEAR <= number <= LAST_YEAR or len(token.key) < 4:
        return None
    # "The 1975" is a name: nobody says "the" before a single year.
    if at and reading.tokens[at - 1].key == "the" and not token.gap.strip():
        return None
    stop = at + 1
    if reading.is_free(stop) and not reading.tokens[stop].gap:
        stop = reading.match(stop, Role.YEAR_SUFFIX) or stop
    return Period(number, number, stop)


def _finding(first: int, stop: int, low: int | None, high: int | None) -> Finding:
    if low is None:
        value = f"≤ {high}"
    elif high is None:
        value = f"≥ {low}"
    else:
        value = str(low) if low == high else f"{low}–{high}"
    return Finding(PartKind.YEAR, first, stop, value, low=low, high=high)
