"""Channel ``playlist``: the tracks played with a seed, from the neighbour lists of a release."""

from collections.abc import Iterable, Sequence

import numpy as np

from embeat_serve.contract.neighbour_codec import NeighbourList, unpack
from embeat_serve.contract.schema import ArtistField, Collection, TrackField
from embeat_serve.retrieval.channel import ChannelResult, HitsByKey, Purpose, QueryKey
from embeat_serve.retrieval.hydration_queries import hydration_queries
from embeat_serve.retrieval.negative_feedback import subtract
from embeat_serve.retrieval.neighbour_aggregation import aggregate_neighbours
from embeat_serve.retrieval.request import POOL_FACTOR, RetrievalRequest
from embeat_serve.seeds.seed_features import main_artists
from embeat_serve.stores.query import Filter, Hit, Ids, Query

_LISTS = QueryKey("playlist", Purpose.NEIGHBOUR_LISTS)
_ARTIST_LISTS = QueryKey("playlist", Purpose.ARTIST_NEIGHBOUR_LISTS)
_DISLIKED_LISTS = QueryKey("playlist", Purpose.DISLIKED_NEIGHBOUR_LISTS)
_HYDRATION = (
    QueryKey("playlist", Purpose.HYDRATION),
    QueryKey("playlist", Purpose.RELAXED_HYDRATION),
)

_LIST_FIELDS = (TrackField.NEIGHBOURS, TrackField.NEIGHBOUR_CONFIDENCE)


class Playlist:
    """Neighbour lists of the seeds; a seed without one takes its main artist's."""

    name = "playlist"

    def queries(self, request: RetrievalRequest) -> Iterable[tuple[QueryKey, Query]]:
        """Queries for the lists of the seeds, of their artists and of disliked songs.

        Where an artist's list is given, its tracks' payload is asked for instead.
        """
        if request.artist_neighbours is not None:
            (result,) = _aggregate(request, [request.artist_neighbours])
            codes = result.ids.tolist()
            queries = hydration_queries(request, codes, codes[: POOL_FACTOR * request.k])
            yield from zip(_HYDRATION, queries, strict=False)
        else:
            if codes := request.seed_codes:
                yield _LISTS, _points(Collection.TRACKS_PLAYLIST, codes, _LIST_FIELDS)
            if artists := main_artists(request.seeds):
                yield (
                    _ARTIST_LISTS,
                    _points(Collection.ARTISTS, artists, (ArtistField.NEIGHBOURS,)),
                )
        if (codes := request.disliked_codes) and request.options.dislike_weight > 0:
            yield _DISLIKED_LISTS, _points(Collection.TRACKS_PLAYLIST, codes, _LIST_FIELDS)

    def results(self, request: RetrievalRequest, hits: HitsByKey) -> Iterable[ChannelResult]:
        """The tracks that all lists speak for most, with the strength each list gives them."""
        disliked = list(track_neighbours(hits.get(_DISLIKED_LISTS, ())).values())
        weight = request.options.dislike_weight
        return _aggregate(
            request, [subtract(one, disliked, weight) for one in _lists(request, hits)]
        )


def track_neighbours(hits: Iterable[Hit]) -> dict[int, NeighbourList]:
    """Neighbour lists of tracks by track code; tracks that have none are left out."""
    return {
        hit.id: unpack(text, hit.payload.get(TrackField.NEIGHBOUR_CONFIDENCE, 0.0))
        for hit in hits
        if (text := hit.payload.get(TrackField.NEIGHBOURS))
    }


def _lists(request: RetrievalRequest, hits: HitsByKey) -> list[NeighbourList | None]:
    """The list of each seed: its own, else its main artist's."""
    if request.artist_neighbours is not None:
        return [request.artist_neighbours]
    own = track_neighbours(hits.get(_LISTS, ()))
    of_artists = {
        hit.id: unpack(text)
        for hit in hits.get(_ARTIST_LISTS, ())
        if (text := hit.payload.get(ArtistField.NEIGHBOURS))
    }
    return [
        own.get(-1 if seed.code is None else seed.code)
        or of_artists.get(next(iter(seed.artist_codes), -1))
        for seed in request.seeds
    ]


def _aggregate(
    request: RetrievalRequest, lists: Sequence[NeighbourList | None]
) -> list[ChannelResult]:
    return playlist_results(lists, request.excluded_codes, request.list_limit)


def playlist_results(
    lists: Sequence[NeighbourList | None], excluded: Sequence[int], limit: int
) -> list[ChannelResult]:
    """The tracks that the lists of the seeds speak for most, as the channel's results.

    Args:
        lists: of each seed; None where a seed has none.
        excluded: track codes that are no answer.
        limit: most tracks of all lists together.
    """
    return [
        ChannelResult(
            "playlist",
            position,
            tracks.codes.astype(np.int64),
            strengths=tracks.strengths.astype(np.float64),
            shared=None if tracks.shared is None else tracks.shared.astype(np.int64),
            confidence=own.confidence if own else 0.0,
            als=None if tracks.als is None else tracks.als.astype(np.float64),
            log_counts=None if tracks.log_counts is None else tracks.log_counts.astype(np.float64),
        )
        for position, (own, tracks) in enumerate(
            zip(lists, aggregate_neighbours(lists, excluded, limit), strict=True)
        )
    ]


def _points(collection: str, codes: Sequence[int], payload: Sequence[str]) -> Query:
    return Query(collection, len(codes), filter=Filter((Ids(tuple(codes)),)), payload=payload)
