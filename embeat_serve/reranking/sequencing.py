"""The order of a list: by score, but for neighbours that would be too much alike."""

from collections import Counter
from collections.abc import Hashable, Sequence
from itertools import pairwise
from typing import Protocol, TypeVar


class Song(Protocol):
    """What is looked at to order a list."""

    @property
    def main_artist(self) -> int | None:
        """None where unknown: never the same as another."""
        ...

    @property
    def album(self) -> int | None:
        """None where unknown: never the same as another."""
        ...


AnySong = TypeVar("AnySong", bound=Song)


def arrange(
    songs: Sequence[AnySong], max_run: int, distinct_first: int = 1
) -> tuple[list[AnySong], list[str]]:
    """Keep the given order but for: no album twice in a row, no artist more than ``max_run`` times,
    and no artist twice among the ``distinct_first`` first.

    The first song that may come next comes next, unless the rest could then no longer be
    placed (a list that is half one artist has to start spending that artist's songs early).
    Distinct artists give way first.

    Returns:
        The order, and the rules that it breaks because no order was found that keeps them.
    """
    rest = list(songs)
    artists = Counter(song.main_artist for song in rest if song.main_artist is not None)
    albums = Counter(song.album for song in rest if song.album is not None)
    placed: list[AnySong] = []
    run = 0
    while rest:
        last = placed[-1] if placed else None
        allowed = [song for song in rest if _may_follow(song, last, run, max_run)]
        fitting = (
            song for song in allowed if _fits(song, last, run, max_run, rest, artists, albums)
        )
        if len(placed) < distinct_first:
            there = {song.main_artist for song in placed} - {None}
            fitting = iter(sorted(fitting, key=lambda song: song.main_artist in there))
        following = next(fitting, allowed[0] if allowed else rest[0])
        rest.remove(following)
        _spend(artists, following.main_artist)
        _spend(albums, following.album)
        run = run + 1 if last and _same(following.main_artist, last.main_artist) else 1
        placed.append(following)
    return placed, broken_rules(placed, max_run, distinct_first)


def broken_rules(songs: Sequence[Song], max_run: int, distinct_first: int = 1) -> list[str]:
    """Rules of neighbourhood that an order breaks."""
    broken = []
    run = 1
    longest = 1
    for before, after in pairwise(songs):
        run = run + 1 if _same(before.main_artist, after.main_artist) else 1
        longest = max(longest, run)
    if longest > max_run:
        broken.append("max_artist_run")
    pairs = pairwise(songs)
    if any(_same(before.album, after.album) for before, after in pairs):
        broken.append("album_neighbours")
    head = [song.main_artist for song in songs[:distinct_first] if song.main_artist is not None]
    if len(set(head)) < len(head):
        broken.append("distinct_first")
    return broken


def _same(one: Hashable, other: Hashable) -> bool:
    return one is not None and one == other


def _may_follow(song: Song, last: Song | None, run: int, max_run: int) -> bool:
    if last is None:
        return True
    if _same(song.album, last.album):
        return False
    return not (_same(song.main_artist, last.main_artist) and run >= max_run)


def _fits(
    song: Song,
    last: Song | None,
    run: int,
    max_run: int,
    rest: Sequence[Song],
    artists: Counter[int],
    albums: Counter[int],
) -> bool:
    """Whether the rest can still be placed once ``song`` is; necessary, nearly sufficient."""
    left = len(rest) - 1
    most = max((*artists.values(), *albums.values()), default=0)
    if 2 * most <= left:
        return True  # nothing is even half of the rest
    run = run + 1 if last and _same(song.main_artist, last.main_artist) else 1
    for artist, count in artists.items():
        mine = artist == song.main_artist
        count -= mine
        # Every other song is followed by one more run of this artist.
        if count > max_run * (left - count + 1) - (run if mine else 0):
            return False
    for album, count in albums.items():
        mine = album == song.album
        count -= mine
        if count > left - count + (0 if mine else 1):
            return False
    return True


def _spend(counts: Counter[int], key: int | None) -> None:
    if key is not None:
        counts[key] -= 1
