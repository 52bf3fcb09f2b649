"""Channel ``playlist``: the tracks played with a seed, from the neighbour lists of a release."""

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from embeat_serve.contract.neighbour_codec import NeighbourList, unpack
from embeat_serve.contract.schema import ArtistField, Collection, TrackField
from embeat_serve.retrieval.channel import ChannelResult, HitsByKey, Purpose, QueryKey
from embeat_serve.retrieval.hydration import hydration_queries
from embeat_serve.retrieval.negative_feedback import subtract
from embeat_serve.retrieval.neighbour_aggregation import aggregate_neighbours
from embeat_serve.retrieval.request import OVERSAMPLING, POOL_FACTOR, RetrievalRequest
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
    """Neighbour lists of the seeds; a seed in no playlist takes its main artist's."""

    name = "playlist"

    def queries(self, request: RetrievalRequest) -> Iterable[tuple[QueryKey, Query]]:
        """Queries for the lists of the seeds, of their artists and of disliked songs.

        Where an artist's list is given, its tracks' payload is asked for instead.
        """
        if request.artist_neighbours is not None:
            lists = [request.artist_neighbours]
            (result,) = _aggregate(request, lists, lists)
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
        lists, artist_lists = (
            [subtract(one, disliked, weight) for one in of_seeds]
            for of_seeds in _lists(request, hits)
        )
        return _aggregate(request, lists, artist_lists)


def track_neighbours(hits: Iterable[Hit]) -> dict[int, NeighbourList]:
    """Neighbour lists of tracks by track code; tracks that have none are left out."""
    return {
        hit.id: unpack(text, hit.payload.get(TrackField.NEIGHBOUR_CONFIDENCE, 0.0))
        for hit in hits
        if (text := hit.payload.get(TrackField.NEIGHBOURS))
    }


def _lists(
    request: RetrievalRequest, hits: HitsByKey
) -> tuple[list[NeighbourList | None], list[NeighbourList | None]]:
    """The list of each seed, its own, else its main artist's; and the list of its main artist."""
    if request.artist_neighbours is not None:
        return [request.artist_neighbours], [request.artist_neighbours]
    own = track_neighbours(hits.get(_LISTS, ()))
    of_artists = {
        hit.id: unpack(text)
        for hit in hits.get(_ARTIST_LISTS, ())
        if (text := hit.payload.get(ArtistField.NEIGHBOURS))
    }
    artist_lists = [of_artists.get(next(iter(seed.artist_codes), -1)) for seed in request.seeds]
    lists = [
        own.get(-1 if seed.code is None else seed.code) or of_artist
        for seed, of_artist in zip(request.seeds, artist_lists, strict=True)
    ]
    return lists, artist_lists


def _aggregate(
    request: RetrievalRequest,
    lists: Sequence[NeighbourList | None],
    artist_lists: Sequence[NeighbourList | None],
) -> list[ChannelResult]:
    factor, most = request.options.limits("playlist")
    limit = min(factor * request.k, most) * (OVERSAMPLING if request.needs_oversampling else 1)
    return playlist_results(lists, artist_lists, request.excluded_codes, limit)


def playlist_results(
    lists: Sequence[NeighbourList | None],
    artist_lists: Sequence[NeighbourList | None],
    excluded: Sequence[int],
    limit: int,
) -> list[ChannelResult]:
    """The tracks that the lists of the seeds speak for most, as the channel's results.

    Args:
        lists: of each seed; None where a seed has none.
        artist_lists: of the main artist of each seed; None where it has none.
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
            artist_strengths=_strengths_in(of_artist, tracks.codes),
        )
        for position, (own, of_artist, tracks) in enumerate(
            zip(lists, artist_lists, aggregate_neighbours(lists, excluded, limit), strict=True)
        )
    ]


def _strengths_in(
    neighbours: NeighbourList | None, codes: NDArray[np.uint32]
) -> NDArray[np.float64]:
    """(n,) strengths of tracks (n,) in a list, 0 where they are not on it."""
    if neighbours is None or not len(neighbours.codes):
        return np.zeros(len(codes))
    order = np.argsort(neighbours.codes)
    ordered = neighbours.codes[order]
    place = np.minimum(np.searchsorted(ordered, codes), len(ordered) - 1)
    is_listed: NDArray[np.bool_] = ordered[place] == codes
    return np.where(is_listed, neighbours.strengths[order[place]], 0.0).astype(np.float64)


def _points(collection: str, codes: Sequence[int], payload: Sequence[str]) -> Query:
    return Query(collection, len(codes), filter=Filter((Ids(tuple(codes)),)), payload=payload)
