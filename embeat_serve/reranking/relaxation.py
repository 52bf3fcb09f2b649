"""The order in which rules and filters give way while a list is too short.

To add a rule, write a class in ``constraints`` or ``diversity`` and give it a place here.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from embeat_serve.filters.compiled import RELAXABLE_FILTERS
from embeat_serve.reranking.constraints import (
    Constraint,
    DropRemixes,
    DropSpoken,
    HeldBack,
    ListRequest,
    MinPopularity,
    PassesFilter,
)
from embeat_serve.reranking.diversity import (
    AlbumMaxShare,
    OtherArtistMaxShare,
    SameArtistMaxShare,
    UniqueTitles,
)

RELAXATION_ORDER: tuple[Constraint, ...] = (
    # Rules of the list.
    HeldBack("playlist_min_cosine"),
    MinPopularity(),
    UniqueTitles(),
    DropRemixes(),
    AlbumMaxShare(),
    OtherArtistMaxShare(),
    SameArtistMaxShare(),
    DropSpoken(),
    HeldBack("genre"),
    # Filters of the request, in the order of the table in ``filters.compiled``.
    *(PassesFilter(spec.name) for spec in RELAXABLE_FILTERS),
)
"""Least missed first. The filters ``explicit`` and ``without_artists`` never give way, and neither
does the rule that no song is there twice."""


class Relaxation(NamedTuple):
    """One step of the relaxation."""

    enforced: Sequence[Constraint]
    relaxed: Sequence[Constraint]


def constraints_of(request: ListRequest) -> list[Constraint]:
    """The rules that this list has, in the order in which they give way."""
    return [rule for rule in RELAXATION_ORDER if rule.applies_to(request)]


def relaxations(constraints: Sequence[Constraint]) -> Iterator[Relaxation]:
    """All constraints, then all but the first, and so on until none is left."""
    for number in range(len(constraints) + 1):
        yield Relaxation(constraints[number:], constraints[:number])
