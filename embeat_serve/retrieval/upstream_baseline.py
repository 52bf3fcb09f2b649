"""The channels of ``--preset upstream``: nearest playlist vectors, and a vote on the genre.

Only lists with ``RecallOptions.upstream`` use them. The baseline is what the product is measured
against; the product's own channels do without this file.
"""

from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from embeat_serve.contract.schema import Collection, TrackField
from embeat_serve.retrieval.acoustic import Acoustic
from embeat_serve.retrieval.channel import (
    Channel,
    ChannelResult,
    HitsByKey,
    Purpose,
    QueryKey,
    ids_of,
)
from embeat_serve.retrieval.genre_popular import GenrePopular
from embeat_serve.retrieval.request import RetrievalRequest
from embeat_serve.seeds.models import Seed
from embeat_serve.stores.query import Hit, Query
from embeat_serve.upstream_options import UpstreamOptions

MIN_COSINE_RULE = "playlist_min_cosine"
"""Rule that blocks tracks whose playlist vectors are too far from the seed's."""


def upstream_channels(channels: Sequence[Channel], options: UpstreamOptions) -> tuple[Channel, ...]:
    """The product's channels, with upstream's in place of those that differ."""
    replacements: dict[str, Channel] = {}
    if options.genre_vote:
        replacements["acoustic"] = VotedAcoustic(options)
        replacements["genre_popular"] = VotedGenrePopular(options)
    if not options.playlist_neighbours:
        replacements["playlist"] = VectorPlaylist(options)
    return tuple(replacements.get(channel.name, channel) for channel in channels)


class VectorPlaylist:
    """Nearest tracks by playlist vector; those below the least cosine are blocked."""

    name = "playlist"

    def __init__(self, options: UpstreamOptions):
        self._options = options

    def queries(self, request: RetrievalRequest) -> Iterable[tuple[QueryKey, Query]]:
        """One query per seed of the catalogue."""
        return _vector_queries(request)

    def results(self, request: RetrievalRequest, hits: HitsByKey) -> Iterable[ChannelResult]:
        """Near tracks and blocked ones of each seed, by cosine times weight."""
        for position in range(len(request.seeds)):
            neighbours = _vector_hits(hits, position)
            is_near = _cosines(neighbours) >= self._options.playlist_min_cosine
            for rule, wanted in ((None, True), (MIN_COSINE_RULE, False)):
                tracks = [
                    hit for hit, near in zip(neighbours, is_near, strict=True) if near == wanted
                ]
                yield ChannelResult(
                    self.name, position, ids_of(tracks), _cosines(tracks), blocked_by=rule
                )


class VotedAcoustic(Acoustic):
    """``Acoustic``, narrowed to the genre that a seed's playlist neighbours favour."""

    def __init__(self, options: UpstreamOptions):
        self._options = options

    def queries(self, request: RetrievalRequest) -> Iterable[tuple[QueryKey, Query]]:
        """Queries of ``Acoustic``, and those for the voters."""
        yield from super().queries(request)
        yield from _vector_queries(request)

    def searched_genres(
        self, request: RetrievalRequest, hits: HitsByKey, position: int
    ) -> tuple[int, ...]:
        """The favoured genre of a seed, or all of its genres."""
        return _voted_genres(request, hits, position, self._options)


class VotedGenrePopular(GenrePopular):
    """``GenrePopular``, narrowed to the genre that a seed's playlist neighbours favour."""

    def __init__(self, options: UpstreamOptions):
        self._options = options

    def queries(self, request: RetrievalRequest) -> Iterable[tuple[QueryKey, Query]]:
        """Queries of ``GenrePopular``, and those for the voters."""
        yield from super().queries(request)
        yield from _vector_queries(request)

    def searched_genres(
        self, request: RetrievalRequest, hits: HitsByKey, position: int
    ) -> tuple[int, ...]:
        """The favoured genre of a seed, or all of its genres."""
        return _voted_genres(request, hits, position, self._options)


def vote_genre(genres: Sequence[int], neighbours: Iterable[Hit], ratio: float) -> tuple[int, ...]:
    """The genre with ``ratio`` times the votes of the runner-up, else all of ``genres``."""
    votes = Counter(
        genre
        for hit in neighbours
        for genre in set(hit.payload.get(TrackField.GENRE_CODES, ())).intersection(genres)
    )
    # The seed's own order decides between genres with equal votes.
    ranked = sorted(genres, key=lambda genre: -votes[genre])
    if len(ranked) > 1 and 0 < votes[ranked[0]] >= ratio * votes[ranked[1]]:
        return (ranked[0],)
    return tuple(genres)


def _voted_genres(
    request: RetrievalRequest, hits: HitsByKey, position: int, options: UpstreamOptions
) -> tuple[int, ...]:
    neighbours = _vector_hits(hits, position)
    is_near = _cosines(neighbours) >= options.playlist_min_cosine
    voters = [hit for hit, near in zip(neighbours, is_near, strict=True) if near]
    return vote_genre(request.genres(request.seeds[position]), voters, options.genre_vote_ratio)


def _vector_queries(request: RetrievalRequest) -> Iterable[tuple[QueryKey, Query]]:
    for position, seed in enumerate(request.seeds):
        if seed.code is not None:
            yield _vector_key(position), _vector_query(request, seed)


def _vector_query(request: RetrievalRequest, seed: Seed) -> Query:
    options = request.options
    lists_tracks = "playlist" in options.channels and not options.uses_neighbour_lists
    # Tracks that only vote need not pass the filters.
    relaxed = () if lists_tracks else tuple(request.filters.rules)
    return Query(
        Collection.TRACKS_PLAYLIST,
        request.limit("playlist"),
        like=seed.code,
        filter=request.filter_of_any_popularity(relaxed),
        payload=(*(request.payload or (TrackField.GENRE_CODES,)), TrackField.PLAYLIST_WEIGHT),
    )


def _vector_key(position: int) -> QueryKey:
    return QueryKey("playlist", Purpose.CANDIDATES, position)


def _vector_hits(hits: HitsByKey, position: int) -> Sequence[Hit]:
    return hits.get(_vector_key(position), ())


def _cosines(hits: Sequence[Hit]) -> NDArray[np.float64]:
    """(n,) cosines: the store multiplies them by each track's weight."""
    return np.array(
        [hit.score / hit.payload.get(TrackField.PLAYLIST_WEIGHT, 1.0) for hit in hits], np.float64
    )
