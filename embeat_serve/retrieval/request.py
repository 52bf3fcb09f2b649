"""The request that every channel reads: seeds, options, filters, and the limits that follow."""

from collections.abc import Container, Sequence
from dataclasses import dataclass, replace

from embeat_serve.contract.neighbour_codec import NeighbourList
from embeat_serve.contract.schema import Collection, TrackField
from embeat_serve.filters.compiled import NO_FILTER, PASS, CompiledFilter
from embeat_serve.options import RecallOptions
from embeat_serve.seeds.models import Seed
from embeat_serve.seeds.seed_features import popularity_floor
from embeat_serve.stores.query import Between, Condition, Filter, Ids, Query
from embeat_serve.titles.title_model import TitleProfile

MAX_GENRE_QUERIES = 24
"""Most genres that are searched for all seeds together: the more seeds, the fewer of each."""

POOL_FACTOR = 5
"""Candidates whose payload is read per song of the list: what caps, copies and remixes use up."""

OVERSAMPLING = 4
"""Times as many candidates where many will be filtered out or reordered."""


@dataclass(frozen=True)
class RetrievalRequest:
    """What the channels shall find tracks for.

    Attributes:
        seeds: songs that the list shall be like; at least one.
        options: channels, and their limits.
        k: length of the list.
        filters: what the tracks must be. Channels that search let the store filter; neighbour
            lists hold codes alone, so more of them are read.
        disliked: songs that the list shall not be like.
        artist_neighbours: neighbour list of the artist that the seeds stand for; None where songs
            were given.
        title: what the title of the list says; None where it has none, or one that says nothing.
        payload: payload fields that come with every candidate.
    """

    seeds: Sequence[Seed]
    options: RecallOptions
    k: int
    filters: CompiledFilter = NO_FILTER
    disliked: Sequence[Seed] = ()
    artist_neighbours: NeighbourList | None = None
    title: TitleProfile | None = None
    payload: Sequence[str] = ()

    @property
    def seed_codes(self) -> tuple[int, ...]:
        """Codes of the seeds that are in the catalogue."""
        return _codes(self.seeds)

    @property
    def disliked_codes(self) -> tuple[int, ...]:
        """Codes of the disliked songs."""
        return _codes(self.disliked)

    @property
    def excluded_codes(self) -> tuple[int, ...]:
        """Codes that no channel may return: seeds and disliked songs."""
        return tuple(dict.fromkeys((*self.seed_codes, *self.disliked_codes)))

    @property
    def needs_oversampling(self) -> bool:
        """Whether dislikes or the dials reorder candidates so much that a list needs more of them.

        A filter by popularity that points the way of the dial ``hits`` leaves it little to do.
        """
        reorders_by_fame = self.options.hits != 0 and not self._filters_fame()
        return self.options.adventure != 0 or reorders_by_fame or bool(self.disliked)

    @property
    def search_limit(self) -> int:
        """Tracks of all seeds together that the store is asked for through the filters."""
        factor, most = self.options.limits("playlist")
        return min(factor * self.k, most) * (OVERSAMPLING if self.needs_oversampling else 1)

    def genres(self, seed: Seed) -> tuple[int, ...]:
        """Genre codes of a seed that are searched, best first."""
        share = max(1, MAX_GENRE_QUERIES // len(self.seeds))
        return seed.genre_codes[: min(self.options.max_genres, share)]

    def limit(self, channel: str) -> int:
        """Tracks that a channel fetches per seed: the seeds share one seed's limit, k at least."""
        factor, most = self.options.limits(channel)
        for_one = min(factor * self.k, most)
        return min(for_one, max(self.k, for_one // len(self.seeds)))

    @property
    def list_limit(self) -> int:
        """Tracks of all seeds together that are taken from lists, which know of no filter."""
        factor, most = self.options.limits("playlist")
        needs_more = self.needs_oversampling or bool(self.filters)
        return min(factor * self.k, most) * (OVERSAMPLING if needs_more else 1)

    def limit_per_genre(self, channel: str, genres: int) -> int:
        """Tracks that a channel fetches in each of so many genres: twice the limit in all."""
        limit = self.limit(channel)
        return min(limit, max(self.k, 2 * limit // max(genres, 1)))

    def candidate_filter(self, *must: Condition) -> Filter:
        """Store filter for ``must`` and the request's filters.

        Seeds, disliked songs and tracks known to be too unpopular are left out.
        """
        floor = popularity_floor(self.seeds, self.options)
        # Unknown popularity is rank 0 and passes; a known 0 is dropped by the list's rules.
        unpopular = (Between(TrackField.POPULARITY_RANK, 1, floor - 1),) if floor > 1 else ()
        return self._filter(must, unpopular)

    def filter_of_any_popularity(self, relaxed: Container[str] = ()) -> Filter:
        """Store filter for the request's filters without ``relaxed`` ones, and without seeds."""
        return self._filter((), (), relaxed)

    def nearest(self, song: Seed, limit: int, filter: Filter) -> Query:
        """Query for the tracks that sound most like a song, with the request's payload."""
        return Query(
            Collection.TRACKS,
            limit,
            vector=song.vector,
            like=song.code if song.vector is None else None,
            filter=filter,
            payload=self.payload or False,
        )

    def _filters_fame(self) -> bool:
        """Whether a filter keeps out what the dial ``hits`` moves down."""
        rule = self.filters.rules.get("popularity", PASS)
        bounds = (item for item in rule.must if isinstance(item, Between))
        if self.options.hits < 0:
            return any(bound.high is not None for bound in bounds)
        return any(bound.low is not None for bound in bounds)

    def _filter(
        self,
        must: Sequence[Condition],
        must_not: Sequence[Condition],
        relaxed: Container[str] = (),
    ) -> Filter:
        excluded = self.excluded_codes
        ids = (Ids(excluded),) if excluded else ()
        filter = self.filters.filter(relaxed, must)
        return replace(filter, must_not=(*ids, *must_not, *filter.must_not))


def _codes(songs: Sequence[Seed]) -> tuple[int, ...]:
    return tuple(song.code for song in songs if song.code is not None)
