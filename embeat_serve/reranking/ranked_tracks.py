"""Candidates with everything that the rules of a list look at."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Generic, TypeVar

from embeat_serve.contract.payload import TrackPayload
from embeat_serve.contract.schema import TrackField
from embeat_serve.filters.compiled import CompiledFilter
from embeat_serve.options import RecallOptions
from embeat_serve.ranking.candidates import Candidate
from embeat_serve.reranking.deduplication import TrackIdentity, identity_of
from embeat_serve.reranking.remixes import is_remix
from embeat_serve.reranking.spoken import is_spoken
from embeat_serve.seeds.models import Seed
from embeat_serve.seeds.seed_features import artists_of_seeds, popularity_floor

Item = TypeVar("Item")


@dataclass(frozen=True, eq=False, slots=True)
class RankedTrack:
    """A candidate with what the rules look at."""

    candidate: Candidate
    identity: TrackIdentity
    main_artist: int | None
    album: int | None
    by_seed_artist: bool
    """Whether an artist of the track is an artist of the seeds."""
    popular: bool
    unpopular: bool
    """Whether its popularity is known and below the floor."""
    remix: bool
    spoken: bool
    failed_filters: frozenset[str] = frozenset()
    """Names of the filters that the track does not pass."""

    @property
    def payload(self) -> TrackPayload:
        """Fields of the track."""
        return self.candidate.payload

    @property
    def score(self) -> float:
        """Score of the candidate."""
        return self.candidate.score

    @property
    def passes_without_rules(self) -> bool:
        """Whether the track belongs in a list that no rule changes."""
        return not (self.candidate.blocked_by or self.unpopular or self.failed_filters)


class LazyList(Generic[Item]):
    """Items of an iterator, each made when it is first looked at and then kept.

    Most lists are full long before the last candidate, and some are filled in several passes.
    """

    def __init__(self, source: Iterable[Item]):
        self._source = iter(source)
        self._items: list[Item] = []

    def __iter__(self) -> Iterator[Item]:
        for position in count():
            if position == len(self._items):
                try:
                    self._items.append(next(self._source))
                except StopIteration:
                    return
            yield self._items[position]


def by_score(candidate: Candidate) -> tuple[float, int, int]:
    """Sort key: highest score first, ties by popularity, then by id."""
    popularity = -1 if candidate.popularity is None else candidate.popularity
    return -candidate.score, -popularity, candidate.id


def ranked_tracks(
    candidates: Iterable[Candidate],
    seeds: Sequence[Seed],
    options: RecallOptions,
    *,
    filters: CompiledFilter,
    disliked: Sequence[Seed],
) -> Iterator[RankedTrack]:
    """Candidates, best first, that a list may hold at all.

    Seeds, disliked songs and copies of either are left out, and so is what fails a filter that
    never gives way.
    """
    excluded = (*seeds, *disliked)
    excluded_identities = [identity_of(song) for song in excluded]
    excluded_codes = {song.code for song in excluded}
    seed_artists = artists_of_seeds(seeds)
    floor = popularity_floor(seeds, options)
    for candidate in sorted(candidates, key=by_score):
        identity = identity_of(candidate)
        if candidate.id in excluded_codes or any(map(identity.is_same_song, excluded_identities)):
            continue
        if not filters.always.passes(candidate.payload):
            continue
        popularity = candidate.popularity
        yield RankedTrack(
            candidate,
            identity,
            main_artist=candidate.artist_codes[0] if candidate.artist_codes else None,
            album=candidate.payload.get(TrackField.ALBUM_CODE),
            by_seed_artist=not identity.artists.isdisjoint(seed_artists),
            popular=popularity is not None and popularity >= options.popular_threshold,
            unpopular=popularity is not None and popularity < floor,
            remix=is_remix(candidate),
            spoken=is_spoken(candidate),
            failed_filters=filters.failed(candidate.payload),
        )
