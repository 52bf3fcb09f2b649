"""Compile the filters of a request into store conditions and checks of a payload."""

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any, NamedTuple

from embeat_serve.contract.schema import TrackField
from embeat_serve.contract.text_keys import name_key
from embeat_serve.errors import UsageError
from embeat_serve.filters.request import GIVE_WAY, Filters
from embeat_serve.stores.query import Between, Condition, Filter, Match


class FilterRule(NamedTuple):
    """Conditions that a song must meet, and others that it must not."""

    must: tuple[Condition, ...] = ()
    must_not: tuple[Condition, ...] = ()

    def holds(self, payload: Mapping[str, Any]) -> bool:
        """Whether a track with this payload keeps it."""
        return all(_meets(payload, condition) for condition in self.must) and not any(
            _meets(payload, condition) for condition in self.must_not
        )


PASS = FilterRule()
"""Kept by every song."""


@dataclass(frozen=True)
class CompiledFilter:
    """Filters, in the words of one release.

    Attributes:
        rules: those that can give way, in that order.
        always: those that never do.
        unmet: those that mean nothing for these seeds, and are reported as relaxed.
    """

    rules: Mapping[str, FilterRule] = field(default_factory=dict)
    always: FilterRule = PASS
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


NO_FILTER = CompiledFilter()
"""Lets every song through."""


def compile_filters(
    filters: Filters | None,
    genre_codes: Mapping[str, int],
    artist_codes: Sequence[int],
    languages: Iterable[str],
) -> CompiledFilter:
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
        return NO_FILTER
    fields_of = {
        "year": TrackField.YEAR,
        "popularity": TrackField.POPULARITY_RANK,
        "tempo": TrackField.TEMPO,
        "energy": TrackField.ENERGY,
    }
    rules = {
        name: FilterRule((Between(fields_of[name], *filters.range(name)),))
        for name in fields_of
        if filters.range(name) != (None, None)
    }
    if filters.genres:
        codes = _codes_of(filters.genres, genre_codes)
        rules["genres"] = FilterRule((Match(TrackField.GENRE_CODES, codes),))
    if filters.without_genres:
        codes = _codes_of(filters.without_genres, genre_codes)
        rules["without_genres"] = FilterRule(must_not=(Match(TrackField.GENRE_CODES, codes),))
    if filters.instrumental:
        rules["instrumental"] = FilterRule((Between(TrackField.INSTRUMENTAL, 1, 1),))
    spoken = tuple(sorted(set(languages)))
    if filters.same_language and spoken:
        rules["same_language"] = FilterRule((Match(TrackField.LANGUAGE, spoken),))
    never: tuple[Condition, ...] = ()
    if artist_codes:
        never = (Match(TrackField.ARTIST_CODES, tuple(artist_codes)),)
    marked = Between(TrackField.EXPLICIT, 1, 1)
    only = (marked,) if filters.explicit else ()
    if filters.explicit is False:
        never = (*never, marked)
    return CompiledFilter(
        {name: rules[name] for name in GIVE_WAY if name in rules},
        FilterRule(only, never),
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
