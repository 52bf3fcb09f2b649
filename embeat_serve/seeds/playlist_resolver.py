"""Resolve the entries of a playlist to seed tracks, in three passes.

``sample_evenly`` picks entries of a long playlist, ``ExactLookup`` finds them as they are spelt,
``resolve_misspelt`` looks up the rest once more with typing errors. That takes two store calls.
"""

from collections.abc import Mapping, Sequence

import numpy as np

from embeat_serve.errors import SeedNotFound
from embeat_serve.seeds.lookup_queries import (
    add_queries,
    entry_code_queries,
    misspelt_song_queries,
    song_queries,
    unique_hits,
)
from embeat_serve.seeds.matching import Fit, best_track, most_popular
from embeat_serve.seeds.models import CatalogueView, Seed, SeedSet
from embeat_serve.seeds.parsing import PlaylistEntry, possible_readings
from embeat_serve.seeds.request import MAX_SEEDS, PlaylistRequest
from embeat_serve.seeds.typo_matching import match_misspelt_tracks
from embeat_serve.stores.batch import QueryBatch
from embeat_serve.stores.query import Hit

MAX_GUESSED = 20
"""Entries of a playlist that are looked up once more with typing errors."""

HitsByPlace = Mapping[int, Hit]
"""Tracks that were found, by the place of their entry in the sample."""


def resolve_playlist(
    catalogue: CatalogueView, batch: QueryBatch, request: PlaylistRequest
) -> SeedSet:
    """Find the songs of a playlist, in its order, each once.

    A text divided at semicolons may be one title after all; then that song is the only seed.

    Args:
        catalogue: the release to look in.
        batch: sends the queries; those that wait in it go out with the first store call.
        request: the playlist; of more than ``MAX_SEEDS`` entries so many count, spread evenly.

    Raises:
        SeedNotFound: the catalogue has none of the songs.
    """
    sample = sample_evenly(request.entries, MAX_SEEDS)
    title = TitleLookup(batch, request.title) if request.title else None
    exact = ExactLookup(batch, sample)
    batch.execute()
    if title and (song := title.result()):
        return SeedSet((Seed.of(song),))
    hits = exact.result()
    unresolved = {
        place: entry for place, entry in enumerate(sample) if place not in hits and entry.title
    }
    corrected, guessed = resolve_misspelt(catalogue, batch, unresolved)
    hits = {**hits, **corrected}
    missing = tuple(entry.label for place, entry in enumerate(sample) if place not in hits)
    if not hits:
        raise SeedNotFound(f"none of the {len(sample)} songs is in the catalogue: {missing[0]}")
    songs = {hits[place].id: Seed.of(hits[place]) for place in sorted(hits)}
    return SeedSet(tuple(songs.values()), missing=missing, guessed=guessed)


def sample_evenly(entries: Sequence[PlaylistEntry], number: int) -> list[PlaylistEntry]:
    """``number`` entries spread over a playlist, the first and the last among them."""
    places = np.linspace(0, len(entries) - 1, min(len(entries), number))
    return [entries[int(place)] for place in np.unique(places.round())]


class TitleLookup:
    """Looks up a whole text as one title, along with the other queries of a batch."""

    def __init__(self, batch: QueryBatch, title: str):
        self._readings = possible_readings(title)
        self._songs = add_queries(batch, song_queries(self._readings))

    def result(self) -> Hit | None:
        """The track of that title; None where there is none, or only its words were found."""
        best = best_track(self._readings, unique_hits(self._songs))
        return best.hit if best and best.closeness.fit == Fit.TITLE else None


class ExactLookup:
    """Looks up entries as they are spelt: by code where they have one, else by title.

    Args:
        batch: the batch that the queries are added to.
        entries: a sample of a playlist.
    """

    def __init__(self, batch: QueryBatch, entries: Sequence[PlaylistEntry]):
        self._entries = entries
        self._codes = add_queries(batch, entry_code_queries(entries))
        self._titles = {
            place: add_queries(batch, song_queries(entry.readings()))
            for place, entry in enumerate(entries)
            if not entry.is_coded
        }

    def result(self) -> HitsByPlace:
        """Read the hits; the batch must have been executed."""
        coded = unique_hits(self._codes)
        hits: dict[int, Hit] = {}
        for place, entry in enumerate(self._entries):
            if place in self._titles:
                best = best_track(entry.readings(), unique_hits(self._titles[place]))
                hit = best.hit if best else None
            else:
                hit = _track_of_code(entry, coded)
            if hit:
                hits[place] = hit
        return hits


def resolve_misspelt(
    catalogue: CatalogueView, batch: QueryBatch, entries: Mapping[int, PlaylistEntry]
) -> tuple[HitsByPlace, bool]:
    """Look up titles once more, the first ``MAX_GUESSED`` with typing errors, in one store call.

    Args:
        catalogue: the release, for the words of its vocabulary.
        batch: sends the queries.
        entries: entries with a title, by their place in the sample.

    Returns:
        The tracks found, and whether any of them is spelt otherwise than the entry.
    """
    lookups = {
        place: add_queries(batch, song_queries(entry.readings()))
        for place, entry in entries.items()
    }
    for place in list(entries)[:MAX_GUESSED]:
        queries = misspelt_song_queries(entries[place].readings(), catalogue.vocabulary)
        lookups[place] += add_queries(batch, queries)
    batch.execute()
    hits: dict[int, Hit] = {}
    guessed = False
    for place, entry in entries.items():
        readings, tracks = entry.readings(), unique_hits(lookups[place])
        if best := best_track(readings, tracks):
            hits[place] = best.hit
        elif matches := match_misspelt_tracks(readings, tracks):
            hits[place], guessed = matches[0].hit, True
    return hits, guessed


def _track_of_code(entry: PlaylistEntry, tracks: Sequence[Hit]) -> Hit | None:
    """The most popular track with the entry's id, else with its ISRC; None where there is none."""
    same_id = [hit for hit in tracks if hit.track.get("track_id") == entry.track_id]
    if same_id:
        return most_popular(same_id)
    same_isrc = [hit for hit in tracks if entry.isrc and hit.track.get("isrc") == entry.isrc]
    return most_popular(same_isrc) if same_isrc else None
