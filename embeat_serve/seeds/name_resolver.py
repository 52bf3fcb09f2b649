"""Resolve several songs and artists that a question names, each with what it stands for."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

from embeat_serve.contract.text_keys import name_key
from embeat_serve.errors import SeedNotFound
from embeat_serve.seeds.lookup_queries import add_queries, artist_queries, unique_hits
from embeat_serve.seeds.matching import (
    SAME_NAME,
    ArtistMatch,
    best_artist,
    popularity_rank,
)
from embeat_serve.seeds.models import SeedSet
from embeat_serve.seeds.request import MAX_SEEDS, NamesRequest
from embeat_serve.stores.batch import QueryBatch


class ResolveText(Protocol):
    """Finds the song or the artist that a text names: ``resolver.resolve_text`` of a catalogue."""

    def __call__(self, text: str, *, artist_tracks: int) -> SeedSet:
        """Find its seeds.

        Raises:
            SeedNotFound: the catalogue does not have it.
        """
        ...


LEAST_FAME, LEAST_TRACKS = 40, 10
"""Popularity, 0..100, or tracks from which on an artist is known: most words are the name of some
band. A dump may tell the popularity of few artists."""


class KnownArtistQuery:
    """Those of some names that are names of known artists.

    Args:
        batch: the batch that the queries are added to.
        names: what artists may be called.
    """

    def __init__(self, batch: QueryBatch, names: Sequence[str]):
        self._lookups = {name: add_queries(batch, artist_queries(name)) for name in names}

    def result(self) -> frozenset[str]:
        """The names; the batch must have been executed.

        Raises:
            RuntimeError: it has not.
        """
        found = {name: best_artist(name, unique_hits(hits)) for name, hits in self._lookups.items()}
        return frozenset(
            name
            for name, match in found.items()
            if match is not None and is_known_name(match, name)
        )


def is_known_name(match: ArtistMatch, name: str) -> bool:
    """Whether a name is that of an artist, but for "The", and the artist is known."""
    own = name_key(match.hit.artist.get("artist_name", ""))
    if match.similarity < SAME_NAME and own != f"the {name_key(name)}":
        return False
    tracks = match.hit.artist.get("num_tracks", 0)
    return popularity_rank(match.hit) >= LEAST_FAME or tracks >= LEAST_TRACKS


TRACKS_OF_ONE = 5
"""Tracks that stand for an artist who is one of several."""


def resolve_names(resolve: ResolveText, request: NamesRequest) -> SeedSet:
    """Find the songs and artists that a question names: a store call or two for each.

    Args:
        resolve: finds one of them.
        request: the names.

    Raises:
        SeedNotFound: the catalogue has none of them; carries what may have been meant by the last.
    """
    if len(request.names) == 1:
        return resolve(request.names[0], artist_tracks=2 * TRACKS_OF_ONE)
    found: list[SeedSet] = []
    names, missing = list(request.names), list[str]()
    for whole in request.whole:
        held = held_names(names, whole)
        seeds = known_name(resolve, whole) if len(held) > 1 else None
        if seeds is not None:
            found.append(seeds)
            names = [name for name in names if name not in held]
    for name in names:
        try:
            found.append(resolve(name, artist_tracks=TRACKS_OF_ONE))
        except SeedNotFound as error:
            missing.append(name)
            if len(missing) == len(request.names):
                raise error from None
    if len(found) == 1:
        return replace(found[0], missing=tuple(missing))
    songs = {seed.code: seed for seeds in found for seed in seeds.songs}
    return SeedSet(
        tuple(songs.values())[:MAX_SEEDS],
        missing=tuple(missing),
        guessed=any(seeds.guessed for seeds in found),
    )


def held_names(names: Sequence[str], whole: str) -> list[str]:
    """The neighbours among some names that a whole name joins."""
    for start, first in enumerate(names):
        for stop in range(len(names), start + 1, -1):
            if whole.startswith(first) and whole.endswith(names[stop - 1]):
                return list(names[start:stop])
    return []


def known_name(resolve: ResolveText, name: str) -> SeedSet | None:
    """The song or artist of exactly this name."""
    try:
        seeds = resolve(name, artist_tracks=2 * TRACKS_OF_ONE)
    except SeedNotFound:
        return None
    return None if seeds.guessed else seeds
