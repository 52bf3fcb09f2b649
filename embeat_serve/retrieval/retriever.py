"""Retrieve candidates: the queries of all channels in one store call, then their results.

The channels do not know of each other. Each adds its queries, one batch answers all of them, and
each reads its own hits.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from embeat_serve.retrieval.acoustic import Acoustic
from embeat_serve.retrieval.artists import RelatedArtist, SameArtist
from embeat_serve.retrieval.channel import Channel, ChannelResult, HitsByKey, QueryKey
from embeat_serve.retrieval.genre_popular import GenrePopular
from embeat_serve.retrieval.playlist import Playlist
from embeat_serve.retrieval.request import RetrievalRequest
from embeat_serve.retrieval.title import Title
from embeat_serve.retrieval.upstream_baseline import upstream_channels
from embeat_serve.stores.base import VectorStore
from embeat_serve.stores.batch import PendingHits, QueryBatch
from embeat_serve.stores.query import Filter, Hit

PRODUCT_CHANNELS: tuple[Channel, ...] = (
    Acoustic(),
    GenrePopular(),
    SameArtist(),
    RelatedArtist(),
    Playlist(),
)
"""The channels, in the order of ``schema.CHANNELS``. A new one gets a line here and there."""


def channels_of(request: RetrievalRequest) -> tuple[Channel, ...]:
    """The channels that a request names, upstream's where it asks for them, and its title."""
    channels, upstream = PRODUCT_CHANNELS, request.options.upstream
    if upstream is not None:
        channels = upstream_channels(channels, upstream)
    chosen = tuple(channel for channel in channels if channel.name in request.options.channels)
    return chosen if request.title is None else (*chosen, Title())


def retrieve(
    store: VectorStore, request: RetrievalRequest, channels: Sequence[Channel]
) -> "Retrieval":
    """Ask the store for all channels at once: one store call, or none if no channel has a query.

    Raises:
        BrokenRelease: the release cannot be read.
        StoreUnreachable: the server does not answer.
    """
    batch = QueryBatch(store)
    retrieval = Retrieval(batch, request, channels)
    batch.execute()
    return retrieval


class Retrieval:
    """Queries of some channels in a batch; once it is executed, their results and hits.

    Args:
        batch: takes the queries.
        request: what the channels shall find tracks for.
        channels: see ``channels_of``; ``Fallback`` is one, too.
    """

    def __init__(self, batch: QueryBatch, request: RetrievalRequest, channels: Sequence[Channel]):
        self._request = request
        self._channels = channels
        self._pending: dict[QueryKey, PendingHits] = {}
        self._filters: dict[QueryKey, Filter] = {}
        for channel in channels:
            for key, query in channel.queries(request):
                if key not in self._pending:
                    self._pending[key] = batch.add(query)
                    self._filters[key] = query.filter

    def hits_by_key(self) -> HitsByKey:
        """Hits of each query."""
        return {key: pending.hits for key, pending in self._pending.items()}

    def hits(self) -> list[Hit]:
        """Hits of all queries, end to end."""
        return [hit for pending in self._pending.values() for hit in pending.hits]

    def codes_that_pass(self) -> NDArray[np.int64]:
        """(n,) ascending track codes of the hits that the store found through all filters.

        What neighbour lists and phrases name has yet to meet the filters.
        """
        required = self._request.filters.filter()
        codes = {
            hit.id
            for key, filter in self._filters.items()
            if set(required.must) <= set(filter.must)
            and set(required.must_not) <= set(filter.must_not)
            for hit in self._pending[key].hits
        }
        return np.array(sorted(codes), np.int64)

    def results(self) -> list[ChannelResult]:
        """Tracks of each channel for each seed, without empty results.

        Channels come in their order, and within a channel seeds in theirs.
        """
        hits = self.hits_by_key()
        results = (
            result for channel in self._channels for result in channel.results(self._request, hits)
        )
        return [result for result in results if len(result.ids)]
