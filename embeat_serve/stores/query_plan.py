"""Turn a query into searches that an engine answers exactly and fast.

Filtered approximate search loses recall on a union, so several values of one field become one
search each. A condition that nothing can meet is answered without a search.
"""

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from embeat_serve.contract.schema import VECTOR_SIZE
from embeat_serve.stores.query import Condition, Ids, Match, Query, Words

MAX_PARTS = 32
"""Most searches that one query becomes; beyond it the union is scanned."""

DENSE = 0.8
"""Share of the linked points that a filter must leave for a plain walk of the graph.

Where the filter goes with the sound, as a language does, a walk through two thirds already loses
its way.
"""

SEARCH_EF = 512
"""Candidates kept during a walk of the graph (``hnsw_ef``).

At 1M points and 256, one song in fifty finds only half of its nearest, as one of two graphs is
left at a dead end.
"""


def unit(vector: NDArray[np.float32] | None) -> NDArray[np.float32] | None:
    """The vector at length 1; None for None and for zero, which is near to nothing."""
    length = 0.0 if vector is None else float(np.linalg.norm(vector))
    return None if vector is None or length == 0 else vector / np.float32(length)


def check_vector(query: Query) -> None:
    """Refuse a vector that an engine would answer with an empty list.

    Raises:
        ValueError: it is not ``VECTOR_SIZE`` long, or holds NaN or infinity.
    """
    if query.vector is None:
        return
    if query.vector.shape != (VECTOR_SIZE,):
        raise ValueError(
            f"query vector for {query.collection} must have shape ({VECTOR_SIZE},), "
            f"found {query.vector.shape}"
        )
    if not np.isfinite(query.vector).all():
        raise ValueError(f"query vector for {query.collection} holds NaN or infinity")


def simplify(query: Query) -> Query | None:
    """The query without exclusions that exclude nothing; None if no point can match."""
    if query.limit <= 0 or any(map(_is_empty, query.filter.must)):
        return None
    exclusions = tuple(item for item in query.filter.must_not if not _is_empty(item))
    if len(exclusions) == len(query.filter.must_not):
        return query
    return replace(query, filter=replace(query.filter, must_not=exclusions))


def _is_empty(condition: Condition) -> bool:
    """Whether no point can meet the condition."""
    match condition:
        case Match():
            return not condition.values
        case Words():
            return not condition.tokens
        case Ids():
            return not condition.ids
        case _:
            return False


def split_values(query: Query) -> list[Query]:
    """One query per value of each multi-valued ``Match``; their union answers ``query``."""
    combinations: list[tuple[Condition, ...]] = [()]
    for condition in query.filter.must:
        alternatives: Iterable[Condition] = (condition,)
        if isinstance(condition, Match):
            alternatives = (Match(condition.field, (value,)) for value in condition.values)
        combinations = [(*must, item) for item in alternatives for must in combinations]
        if len(combinations) > MAX_PARTS:
            return [replace(query, exact=True)]
    return [replace(query, filter=replace(query.filter, must=must)) for must in combinations]
