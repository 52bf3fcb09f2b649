"""What a list may hold: the filters a question comes with, and how they are held to.

Unknown values do not pass, with two exceptions: a song that nobody marked as explicit is not
explicit, and unknown popularity counts as 0.
"""

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from difflib import get_close_matches
from typing import Any, NamedTuple

from embeat_serve.contract import TrackField
from embeat_serve.errors import UsageError
from embeat_serve.query import Between, Condition, Filter, Match
from embeat_serve.text import name_key

GIVE_WAY = (
    "tempo",
    "energy",
    "popularity",
    "year",
    "same_language",
    "instrumental",
    "genres",
    "without_genres",
)
"""Filters in the order in which they give way, least missed first, after all rules of the list.
``explicit`` and ``without_artists`` never do."""

LIMITS: dict[str, tuple[float, float]] = {
    "year": (0, 9_999),
    "popularity": (0, 100),
    "tempo": (0, 1_000),
    "energy": (0, 1),
}
"""Lowest and highest value that a range can be given by."""

MAX_NAMES = 100
"""Most genres, or artists, of one filter."""


@dataclass(frozen=True)
class Filters:
    """What songs must be. The defaults mean: any.

    Raises:
        UsageError: a value is out of range, of another type, or a range is empty.
    """

    year_min: int | None = None
    year_max: int | None = None
    explicit: bool | None = None
    """False: none that is marked as explicit; True: only those."""
    popularity_min: int | None = None
    """0..100."""
    popularity_max: int | None = None
    tempo_min: float | None = None
    """Beats per minute."""
    tempo_max: float | None = None
    energy_min: float | None = None
    """0..1."""
    energy_max: float | None = None
    genres: tuple[str, ...] = ()
    """Names; a song has at least one of them."""
    without_genres: tuple[str, ...] = ()
    without_artists: tuple[str, ...] = ()
    """Names, ids, or links. A name stands for every artist of that name."""
    instrumental: bool = False
    """Only songs that are most likely without vocals."""
    same_language: bool = False
    """Only songs in a language of the seeds, as far as it was inferred."""

    def __post_init__(self) -> None:
        for name, limits in LIMITS.items():
            low, high = self.range(name)
            for side, value in (("min", low), ("max", high)):
                _check_number(f"{name}_{side}", value, limits, whole=name in ("year", "popularity"))
            if low is not None and high is not None and low > high:
                raise UsageError(f"{name}_min ({low:g}) must not exceed {name}_max ({high:g})")
        for name in ("genres", "without_genres", "without_artists"):
            object.__setattr__(self, name, _checked_names(name, getattr(self, name)))
        for name, choices in (
            ("explicit", (None, True, False)),
            ("instrumental", (True, False)),
            ("same_language", (True, False)),
        ):
            if not any(getattr(self, name) is choice for choice in choices):
                raise UsageError(f"{name} must be true or false, found {getattr(self, name)!r}")

    def __bool__(self) -> bool:
        """Whether anything is asked for."""
        return any(getattr(self, item.name) != item.default for item in fields(self))

    def range(self, name: str) -> tuple[float | None, float | None]:
        """Ends of a range; None where open."""
        return getattr(self, f"{name}_min"), getattr(self, f"{name}_max")


class Rule(NamedTuple):
    """Conditions that a song must meet, and others that it must not."""

    must: tuple[Condition, ...] = ()
    must_not: tuple[Condition, ...] = ()

    def holds(self, payload: Mapping[str, Any]) -> bool:
        """Whether a track with this payload keeps it."""
        return all(_meets(payload, condition) for condition in self.must) and not any(
            _meets(payload, condition) for condition in self.must_not
        )


PASS = Rule()
"""Kept by every song."""


@dataclass(frozen=True)
class Gate:
    """Filters, in the words of one release.

    Attributes:
        rules: those that can give way, in that order.
        always: those that never do.
        unmet: those that mean nothing for these seeds, and are reported as relaxed.
    """

    rules: Mapping[str, Rule] = field(default_factory=dict)
    always: Rule = PASS
    unmet: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        """Whether anything is held back."""
        return bool(self.rules) or self.always != PASS

    def filter(self, relaxed: Container[str] = (), must: Iterable[Condition] = ()) -> Filter:
        """What a store is asked for where ``relaxed`` have given way."""
        rules = [self.always, *(rule for name, rule in self.rules.items() if name not in relaxed)]
        return Filter(
            (*must, *(condition for rule in rules for condition in rule.must)),
            tuple(condition for rule in rules for condition in rule.must_not),
        )

    def broken(self, payload: Mapping[str, Any]) -> frozenset[str]:
        """Rules that can give way and that a track does not keep."""
        return frozenset(name for name, rule in self.rules.items() if not rule.holds(payload))

    @property
    def fields(self) -> tuple[str, ...]:
        """Payload fields that are looked at."""
        rules = (self.always, *self.rules.values())
        conditions = (item for rule in rules for item in (*rule.must, *rule.must_not))
        named = (item.field for item in conditions if isinstance(item, Match | Between))
        return tuple(dict.fromkeys(named))


OPEN = Gate()
"""Lets every song through."""


def gate(
    filters: Filters | None,
    genre_codes: Mapping[str, int],
    artist_codes: Sequence[int],
    languages: Iterable[str],
) -> Gate:
    """Filters in the words of a release.

    Args:
        filters: as asked for.
        genre_codes: of the release, by ``name_key``; read only where genres are filtered.
        artist_codes: what ``filters.without_artists`` stand for.
        languages: of the seeds.

    Raises:
        UsageError: the release has no such genre.
    """
    if not filters:
        return OPEN
    fields_of = {
        "year": TrackField.YEAR,
        "popularity": TrackField.POPULARITY_RANK,
        "tempo": TrackField.TEMPO,
        "energy": TrackField.ENERGY,
    }
    rules = {
        name: Rule((Between(fields_of[name], *filters.range(name)),))
        for name in fields_of
        if filters.range(name) != (None, None)
    }
    if filters.genres:
        codes = _codes_of(filters.genres, genre_codes)
        rules["genres"] = Rule((Match(TrackField.GENRE_CODES, codes),))
    if filters.without_genres:
        codes = _codes_of(filters.without_genres, genre_codes)
        rules["without_genres"] = Rule(must_not=(Match(TrackField.GENRE_CODES, codes),))
    if filters.instrumental:
        rules["instrumental"] = Rule((Between(TrackField.INSTRUMENTAL, 1, 1),))
    spoken = tuple(sorted(set(languages)))
    if filters.same_language and spoken:
        rules["same_language"] = Rule((Match(TrackField.LANGUAGE, spoken),))
    never: tuple[Condition, ...] = ()
    if artist_codes:
        never = (Match(TrackField.ARTIST_CODES, tuple(artist_codes)),)
    marked = Between(TrackField.EXPLICIT, 1, 1)
    only = (marked,) if filters.explicit else ()
    if filters.explicit is False:
        never = (*never, marked)
    return Gate(
        {name: rules[name] for name in GIVE_WAY if name in rules},
        Rule(only, never),
        ("same_language",) if filters.same_language and not spoken else (),
    )


def _codes_of(names: Sequence[str], known: Mapping[str, int]) -> tuple[int, ...]:
    codes = {name: known.get(name_key(name)) for name in names}
    for name, code in codes.items():
        if code is None:
            close = get_close_matches(name_key(name), known, n=3, cutoff=0.6)
            meant = f"; did you mean: {', '.join(close)}?" if close else ""
            raise UsageError(f"no genre {name!r} in the catalogue{meant}")
    return tuple(sorted({code for code in codes.values() if code is not None}))


def _meets(payload: Mapping[str, Any], condition: Condition) -> bool:
    match condition:
        case Match(name, values):
            found = payload.get(name)
            return any(value in values for value in (found if isinstance(found, list) else [found]))
        case Between(name, low, high):
            found = payload.get(name)
            if found is None:
                return False
            return (low is None or found >= low) and (high is None or found <= high)
        case _:
            raise TypeError(f"a filter does not ask for {type(condition).__name__}")


def _check_number(name: str, value: Any, limits: tuple[float, float], whole: bool) -> None:
    low, high = limits
    number = int if whole else int | float
    right = isinstance(value, number) and not isinstance(value, bool) and low <= value <= high
    if value is not None and not right:
        kind = "a whole number" if whole else "a number"
        raise UsageError(f"{name} must be {kind} in {low:g}..{high:g}, found {value!r}")


def _checked_names(name: str, given: Any) -> tuple[str, ...]:
    listed = isinstance(given, tuple | list) and all(isinstance(item, str) for item in given)
    if not listed:
        raise UsageError(f"{name} must be a list of names, found {given!r}")
    names = tuple(dict.fromkeys(item.strip() for item in given))
    if not all(names) or len(names) > MAX_NAMES:
        raise UsageError(f"{name} must be up to {MAX_NAMES} names, none empty, found {len(names)}")
    return names
