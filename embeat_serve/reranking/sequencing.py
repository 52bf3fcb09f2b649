"""Order a list by score, but keep songs that are too much alike apart."""

from collections import Counter
from collections.abc import Hashable, Sequence, Set
from functools import partial
from itertools import pairwise
from typing import Generic, NamedTuple, Protocol, TypeVar


class SequencedSong(Protocol):
    """What the order looks at."""

    @property
    def main_artist(self) -> int | None:
        """Artist code. None where unknown: never the same as another."""
        ...

    @property
    def album(self) -> int | None:
        """Album code. None where unknown: never the same as another."""
        ...

    @property
    def score(self) -> float:
        """At least 0."""
        ...


REPEATED_ARTIST_FACTOR = 0.2
"""Factor of the score of a song at the head of a list, where its artist has a place there already:
so it takes another only where its score is five times that of the next song by somebody else."""

AnySong = TypeVar("AnySong", bound=SequencedSong)


class Arrangement(NamedTuple, Generic[AnySong]):
    """An order of songs."""

    songs: list[AnySong]
    broken: list[str]
    """Names of the rules that this order breaks."""


class _Remaining(Generic[AnySong]):
    """The songs that have no place yet, and how many of them each artist and album has."""

    def __init__(self, songs: Sequence[AnySong]):
        self.songs = list(songs)
        self.artists = Counter(s.main_artist for s in songs if s.main_artist is not None)
        self.albums = Counter(s.album for s in songs if s.album is not None)

    def remove(self, song: AnySong) -> None:
        self.songs.remove(song)
        if song.main_artist is not None:
            self.artists[song.main_artist] -= 1
        if song.album is not None:
            self.albums[song.album] -= 1


def arrange(
    songs: Sequence[AnySong], max_run: int, distinct_first: int = 1
) -> Arrangement[AnySong]:
    """The songs in the order given, except where a rule needs another one.

    No album follows itself, and no artist comes more than ``max_run`` times in a row. Among the
    ``distinct_first`` first, an artist comes again only where the song is far better than the next
    by another (``REPEATED_ARTIST_FACTOR``). This rule gives way first.

    The first song that may come next comes next, unless the rest could then no longer be placed:
    a list that is half one artist has to use that artist's songs early.

    Returns:
        The order, and the rules that it breaks because no order was found that keeps them.
    """
    remaining = _Remaining(songs)
    placed: list[AnySong] = []
    run = 0
    while remaining.songs:
        last = placed[-1] if placed else None
        allowed = [song for song in remaining.songs if _may_follow(song, last, run, max_run)]
        safe = (s for s in allowed if _leaves_room(s, last, run, max_run, remaining))
        if len(placed) < distinct_first:
            safe = iter(sorted(safe, key=partial(_rank_at_head, head=_artists(placed))))
        following = next(safe, allowed[0] if allowed else remaining.songs[0])
        remaining.remove(following)
        run = run + 1 if last and _same(following.main_artist, last.main_artist) else 1
        placed.append(following)
    return Arrangement(placed, broken_rules(placed, max_run, distinct_first))


def broken_rules(
    songs: Sequence[SequencedSong], max_run: int, distinct_first: int = 1
) -> list[str]:
    """Names of the rules of ``arrange`` that an order breaks."""
    broken: list[str] = []
    run = longest = 1
    for before, after in pairwise(songs):
        run = run + 1 if _same(before.main_artist, after.main_artist) else 1
        longest = max(longest, run)
    if longest > max_run:
        broken.append("max_artist_run")
    if any(_same(before.album, after.album) for before, after in pairwise(songs)):
        broken.append("album_neighbours")
    if any(_is_misplaced(songs, place) for place in range(min(distinct_first, len(songs)))):
        broken.append("distinct_first")
    return broken


def _rank_at_head(song: SequencedSong, head: Set[int]) -> float:
    """Sort key: best first, where artists of ``head`` have a place already."""
    return -song.score * (REPEATED_ARTIST_FACTOR if song.main_artist in head else 1.0)


def _is_misplaced(songs: Sequence[SequencedSong], place: int) -> bool:
    """Whether a song at the head is by an artist who is there, and not so much the better."""
    head = _artists(songs[:place])
    if songs[place].main_artist not in head:
        return False
    others = [song.score for song in songs[place + 1 :] if song.main_artist not in head]
    return not others or max(others) > REPEATED_ARTIST_FACTOR * songs[place].score


def _artists(songs: Sequence[SequencedSong]) -> set[int]:
    return {song.main_artist for song in songs if song.main_artist is not None}


def _same(one: Hashable, other: Hashable) -> bool:
    return one is not None and one == other


def _may_follow(song: SequencedSong, last: SequencedSong | None, run: int, max_run: int) -> bool:
    if last is None:
        return True
    if _same(song.album, last.album):
        return False
    return not (_same(song.main_artist, last.main_artist) and run >= max_run)


def _leaves_room(
    song: SequencedSong,
    last: SequencedSong | None,
    run: int,
    max_run: int,
    remaining: _Remaining[AnySong],
) -> bool:
    """Whether the rest can still be placed after ``song``; necessary, nearly sufficient."""
    left = len(remaining.songs) - 1
    artists, albums = remaining.artists, remaining.albums
    most = max((*artists.values(), *albums.values()), default=0)
    if 2 * most <= left:
        return True  # nothing is even half of the rest
    run = run + 1 if last and _same(song.main_artist, last.main_artist) else 1
    for artist, count in artists.items():
        is_own = artist == song.main_artist
        number = count - is_own
        # Every other song is followed by one more run of this artist.
        if number > max_run * (left - number + 1) - (run if is_own else 0):
            return False
    for album, count in albums.items():
        is_own = album == song.album
        number = count - is_own
        if number > left - number + (0 if is_own else 1):
            return False
    return True
