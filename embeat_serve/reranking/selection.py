"""The list's rules: which candidates make the list, and what gives way when too few do.

Rules that always hold: nothing that the seeds are, no recording twice, no title twice by one
artist. All others are settings, and are relaxed one after the other, in the order of ``RELAXED``,
while the list is shorter than asked for; then the filters of the question, in the order of
``filters.GIVE_WAY``. What had to give way is reported, so what is not reported holds.
"""

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count, islice
from typing import Any

from embeat_serve.contract.schema import TrackField
from embeat_serve.contract.text_keys import name_key
from embeat_serve.filters.compiled import NO_FILTER, CompiledFilter
from embeat_serve.options import RecallOptions
from embeat_serve.ranking.candidates import Candidate
from embeat_serve.reranking.deduplication import TrackIdentity, identity_of
from embeat_serve.reranking.harmonic import mix
from embeat_serve.reranking.sequencing import arrange, broken_rules
from embeat_serve.seeds.models import Seed
from embeat_serve.seeds.seed_features import popularity_floor

RELAXED = (
    "playlist_min_cosine",  # weaker playlist neighbours
    "min_popularity",
    "unique_titles",  # the same title by another artist
    "drop_remixes",
    "album_max_share",
    "other_artist_max_share",
    "same_artist_max_share",
    "genre",  # alike in sound, of any genre
)
"""Rules in the order in which they give way, least missed first."""

REMIX_WORDS = frozenset({"remix", "remixed", "remixes", "rmx"})
REMASTER_WORDS = frozenset({"remaster", "remastered"})
"""With one of these, "remixed" means the old recording's sound."""


@dataclass(frozen=True, eq=False, slots=True)
class RankedTrack:
    """A candidate with what the rules look at."""

    candidate: Candidate
    keys: TrackIdentity
    main_artist: int | None
    album: int | None
    own: bool
    """By an artist of the seeds."""
    popular: bool
    unpopular: bool
    """Known to be below the floor."""
    remix: bool
    broken: frozenset[str] = frozenset()
    """Filters that the song does not pass."""

    @property
    def payload(self) -> Mapping[str, Any]:
        """Fields of the track."""
        return self.candidate.payload


class _Entries:
    """Entries, each made when it is first looked at: most lists are full long before the last."""

    def __init__(self, source: Iterator[RankedTrack]):
        self._source = source
        self._made: list[RankedTrack] = []

    def __iter__(self) -> Iterator[RankedTrack]:
        for place in count():
            if place == len(self._made):
                entry = next(self._source, None)
                if entry is None:
                    return
                self._made.append(entry)
            yield self._made[place]


def rank(
    candidates: Iterable[Candidate],
    seeds: Sequence[Seed],
    options: RecallOptions,
    k: int,
    gate: CompiledFilter = NO_FILTER,
    disliked: Sequence[Seed] = (),
) -> tuple[list[Candidate], list[str]]:
    """The list, best first as far as its rules allow, and the rules that had to give way.

    Args:
        candidates: with payload.
        seeds: songs the list shall be like.
        options: rules; without ``diversify`` the list is the candidates by score, and no filter
            gives way.
        k: length wanted; the list is shorter only where candidates run out.
        gate: filters.
        disliked: songs that are never listed, nor copies of them.
    """
    entries = _Entries(_entries(candidates, seeds, options, gate, disliked))
    harmonic = options.order == "harmonic"
    if not options.diversify:
        raw = list(islice(filter(_is_raw, entries), k))
        return [entry.candidate for entry in (mix(raw) if harmonic else raw)], list(gate.unmet)
    selection = Selection(seeds, options, k, tuple(gate.rules))
    selection.reserve(entries)
    selection.fill(entries)
    for rule in (*RELAXED, *gate.rules):
        if selection.full:
            break
        selection.enforced.discard(rule)
        selection.fill(entries)
    relaxed = [*selection.broken(), *selection.unmet()]
    chosen = sorted(selection.entries, key=lambda entry: _order(entry.candidate))
    ordered, broken = arrange(chosen, options.max_artist_run, options.distinct_first)
    if harmonic:
        ordered = mix(ordered)
        broken = broken_rules(ordered, options.max_artist_run)
    return [entry.candidate for entry in ordered], [*relaxed, *gate.unmet, *broken]


def _is_raw(entry: RankedTrack) -> bool:
    return not (entry.candidate.held_back_by or entry.unpopular or entry.broken)


class Selection:
    """Songs chosen so far, and whether another may join them."""

    def __init__(
        self, seeds: Sequence[Seed], options: RecallOptions, k: int, filters: Sequence[str] = ()
    ):
        self.k = k
        self.entries: list[RankedTrack] = []
        self._filters = frozenset(filters)
        self.enforced = {*RELAXED, *filters}
        self._broken: set[str] = set()
        self._seed_artists = {code for seed in seeds for code in seed.artist_codes}
        if not options.drop_remixes or any(is_remix(seed) for seed in seeds):
            self.enforced.discard("drop_remixes")
        self._rules = tuple(rule for rule in (*RELAXED, *filters) if rule in self.enforced)
        main_artists = len({seed.artist_codes[0] for seed in seeds if seed.artist_codes})
        self._own_limit = at_most(options.same_artist_max_share, k)
        # Seeds of several artists each have their share.
        self._all_own_limit = self._own_limit * main_artists
        self._own_least = min(at_least(options.same_artist_min_share, k), self._own_limit)
        if not main_artists or k * options.same_artist_max_share < 1:
            self._own_least = 0
        self._other_limit = at_most(options.other_artist_max_share, k)
        self._album_limit = at_most(options.album_max_share, k)
        self._popular_least = at_least(options.popular_min_share, k)
        self._artists: Counter[int] = Counter()
        self._albums: Counter[int] = Counter()
        self._titles: Counter[str] = Counter()
        self._own = self._popular = 0
        self._songs: dict[object, list[TrackIdentity]] = {}
        self._ids: set[int] = set()

    @property
    def full(self) -> bool:
        """Whether the list is as long as asked for."""
        return len(self.entries) >= self.k

    def reserve(self, entries: Iterable[RankedTrack]) -> None:
        """Take the best of those that the list must have a share of."""
        for entry in entries:
            if self._own >= self._own_least:
                break
            if entry.own and self._admits(entry):
                self._take(entry)
        for entry in entries:
            if self._popular >= self._popular_least:
                break
            if entry.popular and self._admits(entry):
                self._take(entry)

    def fill(self, entries: Iterable[RankedTrack]) -> None:
        """Take the best that the enforced rules admit."""
        for entry in entries:
            if self.full:
                break
            if self._admits(entry):
                self._take(entry)

    def broken(self) -> list[str]:
        """Rules that the list does not keep."""
        return [rule for rule in self._rules if rule in self._broken]

    def unmet(self) -> list[str]:
        """Shares that the candidates could not provide."""
        shares = {
            "same_artist_min_share": self._own < self._own_least,
            "popular_min_share": self._popular < self._popular_least,
        }
        return [rule for rule, short in shares.items() if short]

    def _admits(self, entry: RankedTrack) -> bool:
        if self.full or entry.candidate.id in self._ids or self._is_there(entry.keys):
            return False
        return not any(self._breaks(entry, rule) for rule in self.enforced)

    def _is_there(self, keys: TrackIdentity) -> bool:
        return any(
            keys.same_song(other) for name in _names(keys) for other in self._songs.get(name, ())
        )

    def _breaks(self, entry: RankedTrack, rule: str) -> bool:
        match rule:
            case "min_popularity":
                return entry.unpopular
            case "unique_titles":
                return self._titles[entry.keys.title] > 0
            case "drop_remixes":
                return entry.remix
            case "album_max_share":
                return entry.album is not None and self._albums[entry.album] >= self._album_limit
            case "other_artist_max_share":
                others = entry.keys.artists - self._seed_artists
                return any(self._artists[code] >= self._other_limit for code in others)
            case "same_artist_max_share":
                own = entry.keys.artists & self._seed_artists
                too_many = any(self._artists[code] >= self._own_limit for code in own)
                return too_many or (entry.own and self._own >= self._all_own_limit)
            case _ if rule in self._filters:
                return rule in entry.broken
            case _:
                return entry.candidate.held_back_by == rule

    def _take(self, entry: RankedTrack) -> None:
        given_up = (rule for rule in self._rules if rule not in self.enforced)
        self._broken.update(rule for rule in given_up if self._breaks(entry, rule))
        self.entries.append(entry)
        self._ids.add(entry.candidate.id)
        self._artists.update(entry.keys.artists)
        if entry.album is not None:
            self._albums[entry.album] += 1
        if entry.keys.title:
            self._titles[entry.keys.title] += 1
        for name in _names(entry.keys):
            self._songs.setdefault(name, []).append(entry.keys)
        self._own += entry.own
        self._popular += entry.popular


def at_most(share: float, k: int) -> int:
    """Songs that a share of k allows: at least one, unless the share is 0."""
    return max(1, math.floor(round(share * k, 6))) if share else 0


def at_least(share: float, k: int) -> int:
    """Songs that a share of k demands; none where it comes to less than half a song."""
    wanted = round(share * k, 6)
    return math.ceil(wanted) if wanted >= 0.5 else 0


def is_remix(song: Candidate | Seed) -> bool:
    """Whether the title says so, as a word of its own."""
    key = song.payload.get(TrackField.NAME_KEY)
    key = key if key is not None else name_key(song.payload.get(TrackField.TRACK_NAME) or "")
    words = set(key.split())
    return not REMIX_WORDS.isdisjoint(words) and REMASTER_WORDS.isdisjoint(words)


def _names(keys: TrackIdentity) -> list[tuple[str, object]]:
    """What a song can be found under among those chosen."""
    named = (("recording", keys.recording), ("isrc", keys.isrc), ("title", keys.title or None))
    return [(kind, value) for kind, value in named if value is not None]


def _order(candidate: Candidate) -> tuple[float, int, int]:
    popularity = -1 if candidate.popularity is None else candidate.popularity
    return -candidate.score, -popularity, candidate.id


def _entries(
    candidates: Iterable[Candidate],
    seeds: Sequence[Seed],
    options: RecallOptions,
    gate: CompiledFilter,
    disliked: Sequence[Seed],
) -> Iterator[RankedTrack]:
    """Candidates best first, without the seeds, disliked songs, copies of either, and what is
    never let through."""
    left_out = (*seeds, *disliked)
    seed_keys = [identity_of(seed) for seed in left_out]
    seed_codes = {seed.code for seed in left_out}
    seed_artists = frozenset(code for seed in seeds for code in seed.artist_codes)
    floor = popularity_floor(seeds, options)
    for candidate in sorted(candidates, key=_order):
        keys = identity_of(candidate)
        if candidate.id in seed_codes or any(keys.same_song(seed) for seed in seed_keys):
            continue
        if not gate.always.holds(candidate.payload):
            continue
        popularity = candidate.popularity
        yield RankedTrack(
            candidate,
            keys,
            main_artist=candidate.artist_codes[0] if candidate.artist_codes else None,
            album=candidate.payload.get(TrackField.ALBUM_CODE),
            own=not keys.artists.isdisjoint(seed_artists),
            popular=popularity is not None and popularity >= options.popular_threshold,
            unpopular=popularity is not None and popularity < floor,
            remix=is_remix(candidate),
            broken=gate.broken(candidate.payload),
        )
