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

PHRASE_WEIGHT = 0.3
"""How much the playlists with phrases of the title in their names count, beside its place."""

LEAST_STRENGTH = 0.05
"""Strength of the best track for a title of which nothing is known: what all playlists share."""

_KEY = QueryKey(TITLE_CHANNEL, Purpose.CANDIDATES)


class Title:
    """Nearest playlist vectors to the place of the title, and what playlists of its words hold.

    How much is known of the title is the strength.

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
                    max(request.search_limit, 2 * request.k),
                    vector=request.title.playlist,
                    filter=request.filter_of_any_popularity(),
                    payload=(*request.payload, TrackField.PLAYLIST_WEIGHT),
                ),
            )

    def results(self, request: RetrievalRequest, hits: HitsByKey) -> Iterable[ChannelResult]:
        """Tracks by how well they fit, and by how many playlists of such names hold them.

        The fit is the cosine times the square of the weight. The model is fitted to weights that
        count twice (``titles.title_model.playlist_queries`` of the pipeline); the store counts them
        once. Both count as shares of the best one's.
        """
        if request.title is None:
            return
        found, matches = hits[_KEY], request.title.matches
        weights = [hit.track.get(TrackField.PLAYLIST_WEIGHT, 1.0) for hit in found]
        fits = np.maximum(scores_of(found), 0) * np.array(weights, np.float64)
        others = np.setdiff1d(
            matches.best(request.list_limit), [*request.excluded_codes, *(hit.id for hit in found)]
        )
        ids = np.concatenate([ids_of(found), others])
        shares = matches.shares_of(ids).astype(np.float64)
        strengths = np.concatenate([fits, np.zeros(len(others))]) / max(fits.max(initial=0), 1e-9)
        if matches.phrase:
            shares /= max(shares.max(initial=0), 1e-9)
            strengths = (1 - PHRASE_WEIGHT) * strengths + PHRASE_WEIGHT * shares
        order = np.argsort(-strengths, kind="stable")
        strengths = strengths[order] * max(request.title.knowledge, LEAST_STRENGTH)
        ids = ids[order]
        yield ChannelResult(
            TITLE_CHANNEL, 0, ids, strengths=strengths, shared=matches.counts_of(ids)
        )
