"""What a channel is: its queries, and the tracks it reads from their hits.

A new source of candidates is a file with a class of this form and a line in
``retriever.PRODUCT_CHANNELS``.
"""

from collections.abc import Iterable, Mapping, Sequence
from enum import Enum, auto
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from embeat_serve.retrieval.request import RetrievalRequest
from embeat_serve.stores.query import Hit, Query


class Purpose(Enum):
    """What a query's hits are for."""

    CANDIDATES = auto()
    """Tracks of the channel."""
    SEED_VECTORS = auto()
    """Vectors of the seeds, to compare candidates with."""
    NEIGHBOUR_LISTS = auto()
    """Neighbour lists of the seeds."""
    ARTIST_NEIGHBOUR_LISTS = auto()
    """Neighbour lists of the seeds' main artists."""
    DISLIKED_NEIGHBOUR_LISTS = auto()
    """Neighbour lists of the disliked songs."""
    NEAR_DISLIKED = auto()
    """Tracks that sound like a disliked song."""
    OTHER_GENRES = auto()
    """Tracks that sound like a seed, of any genre."""
    RELAXED_FILTERS = auto()
    """Tracks that sound like a seed, where filters give way."""
    HYDRATION = auto()
    """Payload of candidates that pass the filters."""
    RELAXED_HYDRATION = auto()
    """Payload of the first candidates, where filters give way."""


class QueryKey(NamedTuple):
    """Names one query of a request."""

    channel: str
    purpose: Purpose
    seed: int | None = None
    """Position among the seeds, or among the disliked songs; None for all of them."""
    genre: int | None = None
    """Genre code; None for any."""
    rule: str | None = None
    """Last of the filter rules that give way."""


HitsByKey = Mapping[QueryKey, Sequence[Hit]]
"""Hits of a request's queries."""


class ChannelResult(NamedTuple):
    """Tracks that one channel found for one seed, best first: n of them."""

    channel: str
    seed: int
    """Position among the seeds."""
    ids: NDArray[np.int64]
    """(n,) track codes, each once."""
    cosines: NDArray[np.float64] | None = None
    """(n,) cosines to the seed in the channel's own space, NaN where a track has none; None where
    the channel has none."""
    strengths: NDArray[np.float64] | None = None
    """(n,) evidence for each track, 0..1, comparable between the channel's seeds; None where a
    track's place in the result is all there is."""
    shared: NDArray[np.int64] | None = None
    """(n,) see ``NeighbourList.shared``."""
    blocked_by: str | None = None
    """Rule that keeps these tracks off the list until it is relaxed."""
    confidence: float = 1.0
    """0..1: how much the result rests on the seed itself rather than on its artist."""
    als: NDArray[np.float64] | None = None
    """(n,) see ``NeighbourList.als``; None where the channel has none."""
    log_counts: NDArray[np.float64] | None = None
    """(n,) see ``NeighbourList.log_counts``; None where the channel has none."""


class Channel(Protocol):
    """A source of candidates."""

    @property
    def name(self) -> str:
        """Name that its results carry: one of ``schema.CHANNELS``."""
        ...

    def queries(self, request: RetrievalRequest) -> Iterable[tuple[QueryKey, Query]]:
        """Queries to send; two channels may ask for the same key, which is sent once."""
        ...

    def results(self, request: RetrievalRequest, hits: HitsByKey) -> Iterable[ChannelResult]:
        """Tracks found for each seed. ``hits`` holds every key of ``queries``."""
        ...


def ids_of(hits: Sequence[Hit]) -> NDArray[np.int64]:
    """(n,) ids of hits."""
    return np.array([hit.id for hit in hits], np.int64)


def scores_of(hits: Sequence[Hit]) -> NDArray[np.float64]:
    """(n,) scores of hits: cosines where the query has a vector."""
    return np.array([hit.score for hit in hits], np.float64)


def best_hits(lists: Sequence[Sequence[Hit]], limit: int) -> Sequence[Hit]:
    """Best ``limit`` hits of several queries, each track once, ties by id."""
    if len(lists) == 1:
        return lists[0][:limit]
    unique = {hit.id: hit for hits in lists for hit in hits}
    return sorted(unique.values(), key=lambda hit: (-hit.score, hit.id))[:limit]
