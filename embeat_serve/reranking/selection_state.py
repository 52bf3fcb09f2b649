"""What a list holds so far, and how much of each kind it may hold."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from embeat_serve.contract.schema import TrackField
from embeat_serve.options import RecallOptions
from embeat_serve.reranking.deduplication import TrackIdentity
from embeat_serve.reranking.ranked_tracks import RankedTrack
from embeat_serve.seeds.models import Seed


@dataclass(frozen=True)
class ListLimits:
    """Numbers of tracks that the shares in ``RecallOptions`` come to, for one length of list."""

    length: int
    """Tracks wanted."""
    per_album: int
    per_other_artist: int
    """Most tracks by one artist who is not an artist of the seeds."""
    per_seed_artist: int
    """Most tracks by one artist of the seeds."""
    all_seed_artists: int
    """Most tracks by artists of the seeds together."""
    least_by_seed_artists: int
    least_popular: int

    @classmethod
    def of(cls, options: RecallOptions, seeds: Sequence[Seed], k: int) -> Self:
        """The limits of a list of ``k`` tracks.

        Seeds with several main artists have a share for each artist.
        """
        main_artists = len({seed.artist_codes[0] for seed in seeds if seed.artist_codes})
        per_seed_artist = at_most(options.same_artist_max_share, k)
        least = min(at_least(options.same_artist_min_share, k), per_seed_artist)
        if not main_artists or k * options.same_artist_max_share < 1:
            least = 0
        least_popular = at_least(options.popular_min_share, k)
        return cls(
            length=k,
            per_album=at_most(options.album_max_share, k),
            per_other_artist=at_most(options.other_artist_max_share, k),
            per_seed_artist=per_seed_artist,
            all_seed_artists=per_seed_artist * main_artists,
            least_by_seed_artists=least,
            least_popular=least_popular if asks_for_popular(options, seeds) else 0,
        )


def asks_for_popular(options: RecallOptions, seeds: Sequence[Seed]) -> bool:
    """Whether popular songs have to be in a list: where at least half of the seeds are popular.

    To who asks about a little-known song, a hit of its year jars. The dial ``hits`` asks for
    popular songs whatever the seeds, and so does upstream.
    """
    if options.upstream is not None or options.hits > 0:
        return True
    known = [seed.payload.get(TrackField.POPULARITY) for seed in seeds]
    popular = [value is not None and value >= options.popular_threshold for value in known]
    return bool(popular) and 2 * sum(popular) >= len(popular)


class SelectionState:
    """The tracks of a list so far, counted in the ways that the rules ask for.

    Attributes:
        limits: of the list.
        seed_artists: codes of all artists of the seeds.
        tracks: in the order in which they were added.
        artist_counts: artist code -> tracks by the artist.
        album_counts: album code -> tracks of the album.
        title_counts: title key -> tracks of that title.
        by_seed_artists: tracks by artists of the seeds.
        popular: tracks that count as popular.
    """

    def __init__(self, limits: ListLimits, seed_artists: frozenset[int]):
        self.limits = limits
        self.seed_artists = seed_artists
        self.tracks: list[RankedTrack] = []
        self.artist_counts: Counter[int] = Counter()
        self.album_counts: Counter[int] = Counter()
        self.title_counts: Counter[str] = Counter()
        self.by_seed_artists = 0
        self.popular = 0
        self._ids: set[int] = set()
        self._identities: dict[tuple[str, object], list[TrackIdentity]] = {}

    @property
    def is_full(self) -> bool:
        """Whether the list has the length wanted."""
        return len(self.tracks) >= self.limits.length

    def holds(self, track: RankedTrack) -> bool:
        """Whether the list holds this track, or another edition of the same song."""
        if track.candidate.id in self._ids:
            return True
        identity = track.identity
        return any(
            identity.is_same_song(other)
            for key in identity.lookup_keys()
            for other in self._identities.get(key, ())
        )

    def add(self, track: RankedTrack) -> None:
        """Put the track on the list."""
        self.tracks.append(track)
        self._ids.add(track.candidate.id)
        self.artist_counts.update(track.identity.artists)
        if track.album is not None:
            self.album_counts[track.album] += 1
        if track.identity.title:
            self.title_counts[track.identity.title] += 1
        for key in track.identity.lookup_keys():
            self._identities.setdefault(key, []).append(track.identity)
        self.by_seed_artists += track.by_seed_artist
        self.popular += track.popular


def at_most(share: float, k: int) -> int:
    """Most tracks of ``k`` that a share allows: at least one, unless the share is 0."""
    return max(1, math.floor(round(share * k, 6))) if share else 0


def at_least(share: float, k: int) -> int:
    """Tracks of ``k`` that a share demands; none where it comes to less than half a track."""
    number = round(share * k, 6)
    return math.ceil(number) if number >= 0.5 else 0
