"""Channels ``same_artist`` and ``related_artist``: tracks by a seed's artists, or related ones."""

from abc import ABC, abstractmethod
from collections.abc import Iterable

from embeat_serve.contract.schema import Collection, TrackField
from embeat_serve.retrieval.channel import (
    ChannelResult,
    HitsByKey,
    Purpose,
    QueryKey,
    ids_of,
    scores_of,
)
from embeat_serve.retrieval.negative_feedback import artists_of
from embeat_serve.retrieval.request import RetrievalRequest
from embeat_serve.seeds.models import Seed
from embeat_serve.seeds.seed_features import has_sound, related_artist_codes
from embeat_serve.stores.query import Match, Query


class _ByArtists(ABC):
    """Tracks by some artists, nearest by sound; most popular first where a seed has no sound."""

    name: str

    @abstractmethod
    def artists(self, seed: Seed) -> tuple[int, ...]:
        """Codes of the artists whose tracks are candidates for a seed."""

    def queries(self, request: RetrievalRequest) -> Iterable[tuple[QueryKey, Query]]:
        """One query per seed; artists of disliked songs are left out."""
        disliked = artists_of(request.disliked)
        limit = request.limit(self.name)
        for position, seed in enumerate(request.seeds):
            artists = tuple(code for code in self.artists(seed) if code not in disliked)
            if not artists:
                continue
            filter = request.candidate_filter(Match(TrackField.ARTIST_CODES, artists))
            if has_sound(seed):
                query = request.nearest(seed, limit, filter)
            else:
                query = Query(
                    Collection.TRACKS,
                    limit,
                    order_by=TrackField.POPULARITY_RANK,
                    filter=filter,
                    payload=request.payload or False,
                )
            yield QueryKey(self.name, Purpose.CANDIDATES, position), query

    def results(self, request: RetrievalRequest, hits: HitsByKey) -> Iterable[ChannelResult]:
        """Tracks in the order of the store."""
        for position, seed in enumerate(request.seeds):
            of_seed = hits.get(QueryKey(self.name, Purpose.CANDIDATES, position), ())
            cosines = scores_of(of_seed) if has_sound(seed) else None
            yield ChannelResult(self.name, position, ids_of(of_seed), cosines)


class SameArtist(_ByArtists):
    """Tracks by the artists of a seed."""

    name = "same_artist"

    def artists(self, seed: Seed) -> tuple[int, ...]:
        """Artists credited on the seed."""
        return seed.artist_codes


class RelatedArtist(_ByArtists):
    """Tracks by artists related to a seed's main artist."""

    name = "related_artist"

    def artists(self, seed: Seed) -> tuple[int, ...]:
        """Artists related to the seed's main artist, closest first."""
        return related_artist_codes(seed)
