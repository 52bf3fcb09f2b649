"""Compile the filters of a request into store conditions and checks of a payload."""

from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any, NamedTuple, cast

from embeat_serve.contract.schema import TrackField
from embeat_serve.contract.text_keys import name_key
from embeat_serve.errors import UsageError
from embeat_serve.filters.request import Filters
from embeat_serve.stores.query import Between, Condition, Filter, Match


class FilterRule(NamedTuple):
    """Conditions that a song must meet, and others that it must not."""

    must: tuple[Condition, ...] = ()
    must_not: tuple[Condition, ...] = ()

    def passes(self, payload: Mapping[str, Any]) -> bool:
        """Whether a track with this payload keeps the rule."""
        return all(_meets(payload, condition) for condition in self.must) and not any(
            _meets(payload, condition) for condition in self.must_not
        )


PASS = FilterRule()
"""Kept by every song."""


@dataclass(frozen=True)
class CompiledFilter:
    """The filters of a request in the codes of one release.

    Attributes:
        rules: name -> rule of the filters that can give way, in the order in which they do.
        always: the filters that never give way.
        unmet: names of filters that mean nothing for these seeds; the list reports them as relaxed.
    """

    rules: Mapping[str, FilterRule] = field(default_factory=dict[str, FilterRule])
    always: FilterRule = PASS
    unmet: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        """Whether any song can fail it."""
        return bool(self.rules) or self.always != PASS

    def filter(self, relaxed: Container[str] = (), must: Iterable[Condition] = ()) -> Filter:
        """The store filter without the rules in ``relaxed`` and with the conditions ``must``."""
        rules = [self.always, *(rule for name, rule in self.rules.items() if name not in relaxed)]
        return Filter(
            (*must, *(condition for rule in rules for condition in rule.must)),
            tuple(condition for rule in rules for condition in rule.must_not),
        )

    def failed(self, payload: Mapping[str, Any]) -> frozenset[str]:
        """Names of the rules that can give way and that a track does not keep."""
        return frozenset(name for name, rule in self.rules.items() if not rule.passes(payload))

    @property
    def fields(self) -> tuple[str, ...]:
        """Payload fields that the checks read, each once."""
        rules = (self.always, *self.rules.values())
        conditions = (item for rule in rules for item in (*rule.must, *rule.must_not))
        names = (item.field for item in conditions if isinstance(item, Match | Between))
        return tuple(dict.fromkeys(names))


NO_FILTER = CompiledFilter()
"""Lets every song through."""


class CatalogueTerms(NamedTuple):
    """What the names in a request mean in one release, for these seeds."""

    genre_codes: Mapping[str, int]
    """``name_key`` of a genre -> its code."""
    languages: tuple[str, ...]
    """Languages of the seeds, each once, sorted."""


class FilterSpec(NamedTuple):
    """One filter that can give way."""

    name: str
    """The name in ``Recommendations.relaxed``."""
    compile: Callable[[Filters, CatalogueTerms], FilterRule]
    """Makes the rule; ``PASS`` if the request does not set the filter."""


def _range_filter(name: str, payload_field: str) -> FilterSpec:
    def compile_range(filters: Filters, terms: CatalogueTerms) -> FilterRule:
        low, high = filters.range(name)
        if low is None and high is None:
            return PASS
        return FilterRule((Between(payload_field, low, high),))

    return FilterSpec(name, compile_range)


def _same_language(filters: Filters, terms: CatalogueTerms) -> FilterRule:
    if not filters.same_language or not terms.languages:
        return PASS
    return FilterRule((Match(TrackField.LANGUAGE, terms.languages),))


def _instrumental(filters: Filters, terms: CatalogueTerms) -> FilterRule:
    if not filters.instrumental:
        return PASS
    return FilterRule((Between(TrackField.INSTRUMENTAL, 1, 1),))


def _languages(filters: Filters, terms: CatalogueTerms) -> FilterRule:
    if not filters.languages:
        return PASS
    return FilterRule((Match(TrackField.LANGUAGE, filters.languages),))


def _genres(filters: Filters, terms: CatalogueTerms) -> FilterRule:
    if not filters.genres:
        return PASS
    codes = _codes_of(filters.genres, terms.genre_codes)
    return FilterRule((Match(TrackField.GENRE_CODES, codes),))


def _without_genres(filters: Filters, terms: CatalogueTerms) -> FilterRule:
    if not filters.without_genres:
        return PASS
    codes = _codes_of(filters.without_genres, terms.genre_codes)
    return FilterRule(must_not=(Match(TrackField.GENRE_CODES, codes),))


RELAXABLE_FILTERS = (
    _range_filter("tempo", TrackField.TEMPO),
    _range_filter("energy", TrackField.ENERGY),
    _range_filter("popularity", TrackField.POPULARITY_RANK),
    _range_filter("year", TrackField.YEAR),
    FilterSpec("same_language", _same_language),
    FilterSpec("instrumental", _instrumental),
    FilterSpec("languages", _languages),
    FilterSpec("genres", _genres),
    FilterSpec("without_genres", _without_genres),
)
"""In the order in which they give way, least missed first. The filters ``explicit`` and
``without_artists`` never do. ``reranking.relaxation`` puts the rules of the list before these."""


def compile_filters(
    filters: Filters | None,
    *,
    genre_codes: Mapping[str, int],
    artist_codes: Sequence[int],
    languages: Iterable[str],
) -> CompiledFilter:
    """The filters of a request in the codes of a release; ``NO_FILTER`` if there are none.

    Args:
        filters: of the request.
        genre_codes: of the release, by ``name_key``; read only if genres are filtered.
        artist_codes: the artists that ``filters.without_artists`` names.
        languages: of the seeds.

    Raises:
        UsageError: the release has no such genre.
    """
    if not filters:
        return NO_FILTER
    terms = CatalogueTerms(genre_codes, tuple(sorted(set(languages))))
    rules = {spec.name: spec.compile(filters, terms) for spec in RELAXABLE_FILTERS}
    return CompiledFilter(
        {name: rule for name, rule in rules.items() if rule != PASS},
        _never_relaxed(filters, artist_codes),
        ("same_language",) if filters.same_language and not terms.languages else (),
    )


def _never_relaxed(filters: Filters, artist_codes: Sequence[int]) -> FilterRule:
    must: tuple[Condition, ...] = ()
    must_not: tuple[Condition, ...] = ()
    if artist_codes:
        must_not = (Match(TrackField.ARTIST_CODES, tuple(artist_codes)),)
    is_explicit = Between(TrackField.EXPLICIT, 1, 1)
    if filters.explicit:
        must = (is_explicit,)
    if filters.explicit is False:
        must_not = (*must_not, is_explicit)
    return FilterRule(must, must_not)


def _codes_of(names: Sequence[str], genre_codes: Mapping[str, int]) -> tuple[int, ...]:
    codes: set[int] = set()
    for name in names:
        code = genre_codes.get(name_key(name))
        if code is None:
            close = get_close_matches(name_key(name), genre_codes, n=3, cutoff=0.6)
            hint = f"; did you mean: {', '.join(close)}?" if close else ""
            raise UsageError(f"no genre {name!r} in the catalogue{hint}")
        codes.add(code)
    return tuple(sorted(codes))


def _meets(payload: Mapping[str, Any], condition: Condition) -> bool:
    match condition:
        case Match(name, values):
            content = payload.get(name)
            items = cast(list[Any], content if isinstance(content, list) else [content])
            return any(item in values for item in items)
        case Between(name, low, high):
            content = payload.get(name)
            if content is None:
                return False
            return (low is None or content >= low) and (high is None or content <= high)
        case _:
            raise TypeError(f"a filter has no condition {type(condition).__name__}")
