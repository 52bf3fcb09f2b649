"""What a channel asks of a store, in words that belong to no engine."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

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
    """The text field holds all (or, with ``any``, at least one) of the tokens."""

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

    With ``vector`` (or ``like``) the nearest, best first: by cosine, and in a collection of
    ``VectorName.WEIGHTED`` by cosine times the candidate's weight; with ``order_by`` by that
    integer field, descending; with neither, matches in id order. Ties are broken by ascending id.
    """

    collection: str
    limit: int
    vector: NDArray[np.float32] | None = None
    order_by: str | None = None
    filter: Filter = field(default_factory=Filter)
    payload: bool | Sequence[str] = False
    """False, True for all, or the fields wanted."""
    with_vector: bool = False
    min_score: float | None = None
    exact: bool = False
    """Full scan instead of the approximate index."""
    sparse: bool = False
    """Stores set it: much of what the graph links lies outside the filter, and is to be walked
    through all the same."""
    like: int | None = None
    """Instead of ``vector``: the id of a point of the same collection whose vector to use.

    The point itself is no answer. Where it is missing or has no vector, nothing is found.
    """


class Hit(NamedTuple):
    """One answer."""

    id: int
    score: float
    """Cosine; the field's value for ``order_by``; 0.0 otherwise."""
    payload: dict[str, Any]
    vector: NDArray[np.float32] | None = None
