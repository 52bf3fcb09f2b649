"""Describe a search of a release, in types that belong to no engine."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from embeat_serve.contract.payload import ArtistPayload, TrackPayload

Value = int | str


@dataclass(frozen=True, slots=True)
class Match:
    """The field holds (for lists: contains) at least one of ``values``."""

    field: str
    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Between:
    """The numeric field lies in low..high, inclusive; None leaves that side open."""

    field: str
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Words:
    """The text field holds all of the tokens, or with ``any`` at least one."""

    field: str
    tokens: tuple[str, ...]
    any: bool = False


@dataclass(frozen=True, slots=True)
class Ids:
    """The point is one of ``ids``."""

    ids: tuple[int, ...]


Condition = Match | Between | Words | Ids


@dataclass(frozen=True, slots=True)
class Filter:
    """All of ``must`` and none of ``must_not``."""

    must: tuple[Condition, ...] = ()
    must_not: tuple[Condition, ...] = ()


@dataclass(frozen=True, slots=True)
class Query:
    """One search in one collection.

    With ``vector`` or ``like`` it finds the nearest, best first: by cosine, and in a collection of
    ``VectorName.WEIGHTED`` by cosine times the weight of the hit. With ``order_by`` it orders by
    that integer field, descending. With neither, matches come in id order. Ties are broken by
    ascending id.
    """

    collection: str
    limit: int
    vector: NDArray[np.float32] | None = None
    """(64,)."""
    order_by: str | None = None
    filter: Filter = field(default_factory=Filter)
    payload: bool | Sequence[str] = False
    """Fields to read: False for none, True for all, or their names."""
    with_vector: bool = False
    exact: bool = False
    """Scan all points instead of the approximate index."""
    sparse: bool = False
    """Set by stores: many points that the graph links lie outside the filter, and the search has
    to walk through them."""
    like: int | None = None
    """Instead of ``vector``: the id of a point of the same collection whose vector to use.

    The point itself is not a hit. If it is missing or has no vector, there are no hits.
    """


class Hit(NamedTuple):
    """One point that answers a query."""

    id: int
    score: float
    """Cosine, or the value of the ``order_by`` field, or 0.0."""
    payload: dict[str, Any]
    """The fields read; ``track`` and ``artist`` give it its type."""
    vector: NDArray[np.float32] | None = None
    """(64,)."""

    @property
    def track(self) -> TrackPayload:
        """The payload of a hit in ``tracks`` or ``tracks_playlist``."""
        return cast(TrackPayload, self.payload)

    @property
    def artist(self) -> ArtistPayload:
        """The payload of a hit in ``artists``."""
        return cast(ArtistPayload, self.payload)
