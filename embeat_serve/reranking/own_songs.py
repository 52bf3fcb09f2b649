"""Put the songs of an artist on a list of songs by the artist, the best known among them.

The best-known songs stand for the artist, so the pipeline looks for songs like them, and leaves
them out. Who asks for songs by somebody means them first.
"""

from collections.abc import Sequence
from itertools import chain, zip_longest

from embeat_serve.filters.compiled import CompiledFilter
from embeat_serve.ranking.candidates import Candidate, Evidence
from embeat_serve.seeds.models import Seed

ARTIST_RULES = frozenset(
    {"same_artist_min_share", "max_artist_run", "distinct_first", "album_max_share"}
    | {"album_neighbours"}
)
"""Rules that mean nothing on a list of one artist's songs, so that nobody misses them."""


def with_own_songs(
    songs: Sequence[Candidate],
    seeds: Sequence[Seed],
    filters: CompiledFilter,
    k: int,
    *,
    are_first: bool,
) -> list[Candidate]:
    """The first ``k`` of the seeds, the songs of their artists, and the others.

    Args:
        songs: of the list, best first.
        seeds: songs that stand for the artists.
        filters: of the request; a seed that does not pass all of them is left out.
        k: length of the list.
        are_first: whether the seeds come before other songs of their artists, or after: a title
            says nothing of a seed.
    """
    artists = _artists(seeds)
    passing = [
        place
        for place, seed in enumerate(seeds)
        if seed.code is not None
        and filters.always.passes(seed.payload)
        and not filters.failed(seed.payload)
    ]
    of_seeds = [_candidate(seeds[place], place) for place in _in_turn(seeds, passing)]
    own = [song for song in songs if not artists.isdisjoint(song.artist_codes)]
    others = [song for song in songs if artists.isdisjoint(song.artist_codes)]
    first = [*of_seeds, *own] if are_first else [*own, *of_seeds]
    return [*first, *others][:k]


def missed_rules(
    relaxed: Sequence[str], songs: Sequence[Candidate], seeds: Sequence[Seed]
) -> list[str]:
    """The rules that gave way, but for those that mean nothing where all songs are the artists'."""
    artists = _artists(seeds)
    if any(artists.isdisjoint(song.artist_codes) for song in songs):
        return list(relaxed)
    return [name for name in relaxed if name not in ARTIST_RULES]


def _artists(seeds: Sequence[Seed]) -> set[int]:
    return {code for seed in seeds for code in seed.artist_codes[:1]}


def _candidate(seed: Seed, place: int) -> Candidate:
    evidence = Evidence("same_artist", place, None, 1.0)
    return Candidate(seed.code or 0, [evidence], None, seed.payload, 1.0)


def _in_turn(seeds: Sequence[Seed], places: Sequence[int]) -> list[int]:
    """The places of seeds with their artists in turn."""
    by_artist: dict[tuple[int, ...], list[int]] = {}
    for place in places:
        by_artist.setdefault(seeds[place].artist_codes[:1], []).append(place)
    return [place for place in chain(*zip_longest(*by_artist.values())) if place is not None]
