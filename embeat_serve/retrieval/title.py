"""Evidence ``title``: the tracks that playlists of the list's title hold."""

from collections.abc import Iterable

import numpy as np

from embeat_serve.contract.schema import TITLE_CHANNEL, Collection, TrackField
from embeat_serve.retrieval.channel import (
    ChannelResult,
    HitsByKey,
    Purpose,
    QueryKey,
    ids_of,
    scores_of,
)
from embeat_serve.retrieval.request import RetrievalRequest
from embeat_serve.stores.query import Query

LEAST_STRENGTH = 0.05
"""Strength of the best track for a title of which nothing is known: what all playlists share."""

_KEY = QueryKey(TITLE_CHANNEL, Purpose.CANDIDATES)


class Title:
    """Nearest playlist vectors to the place of the title; how much is known of it is the strength.

    The first place among the seeds stands for the title, which is no seed.
    """

    name = TITLE_CHANNEL

    def queries(self, request: RetrievalRequest) -> Iterable[tuple[QueryKey, Query]]:
        """One query."""
        if request.title is not None:
            yield (
                _KEY,
                Query(
                    Collection.TRACKS_PLAYLIST,
                    max(request.list_limit, 2 * request.k),
                    vector=request.title.playlist,
                    filter=request.filter_of_any_popularity(),
                    payload=(*request.payload, TrackField.PLAYLIST_WEIGHT),
                ),
            )

    def results(self, request: RetrievalRequest, hits: HitsByKey) -> Iterable[ChannelResult]:
        """Tracks by cosine times the square of their weight, as a share of the best one's.

        The model is fitted to weights that count twice (``titles.title_model.playlist_queries`` of
        the pipeline); the store counts them once.
        """
        if request.title is None:
            return
        found = hits[_KEY]
        weights = [hit.track.get(TrackField.PLAYLIST_WEIGHT, 1.0) for hit in found]
        fits = np.maximum(scores_of(found), 0) * np.array(weights, np.float64)
        order = np.argsort(-fits, kind="stable")
        shares = fits[order] / max(fits.max(initial=0), 1e-9)
        strengths = shares * max(request.title.knowledge, LEAST_STRENGTH)
        yield ChannelResult(TITLE_CHANNEL, 0, ids_of(found)[order], strengths=strengths)
