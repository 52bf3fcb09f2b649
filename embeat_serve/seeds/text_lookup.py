"""Look up all that a text may mean, for the interpretations of ``resolver`` to read."""

from dataclasses import dataclass
from functools import cached_property
from typing import Self

from embeat_serve.seeds.alternatives import closest_labels
from embeat_serve.seeds.lookup_queries import (
    add_queries,
    artist_queries,
    code_queries,
    misspelt_artist_queries,
    misspelt_song_queries,
    song_queries,
    unique_hits,
)
from embeat_serve.seeds.matching import ArtistMatch, TrackMatch, best_artist, best_track
from embeat_serve.seeds.models import CatalogueView
from embeat_serve.seeds.parsing import Reading, possible_readings
from embeat_serve.stores.batch import QueryBatch
from embeat_serve.stores.query import Hit


@dataclass(frozen=True)
class TextLookup:
    """One text, and the hits of one store call for it."""

    catalogue: CatalogueView
    batch: QueryBatch
    """For the interpretations that need another store call."""
    artist_tracks: int
    """Tracks that stand for an artist."""
    text: str
    readings: list[Reading]
    """Ways to divide the text into title and artist."""
    coded_tracks: list[Hit]
    """Tracks whose id or ISRC the text is."""
    tracks: list[Hit]
    """Tracks of that title, or with all the words."""
    artists: list[Hit]
    """Artists of that name, or with all the words."""
    similar_artists: list[Hit]
    """Artists with the words, or with words like them."""

    @classmethod
    def of_text(
        cls, catalogue: CatalogueView, batch: QueryBatch, text: str, *, artist_tracks: int
    ) -> Self:
        """Look up a text as a code, a song and an artist, in one store call."""
        readings = possible_readings(text)
        coded = add_queries(batch, code_queries(text))
        tracks = add_queries(batch, song_queries(readings))
        artists = add_queries(batch, artist_queries(text))
        similar = add_queries(batch, misspelt_artist_queries(text, catalogue.vocabulary))
        batch.execute()
        return cls(
            catalogue=catalogue,
            batch=batch,
            artist_tracks=artist_tracks,
            text=text,
            readings=readings,
            coded_tracks=unique_hits(coded),
            tracks=unique_hits(tracks),
            artists=unique_hits(artists),
            similar_artists=unique_hits([*artists, *similar]),
        )

    @classmethod
    def of_artist(
        cls, catalogue: CatalogueView, batch: QueryBatch, name: str, *, artist_tracks: int
    ) -> Self:
        """Look up the name of an artist alone, in one store call."""
        artists = add_queries(batch, artist_queries(name))
        similar = add_queries(batch, misspelt_artist_queries(name, catalogue.vocabulary))
        batch.execute()
        return cls(
            catalogue=catalogue,
            batch=batch,
            artist_tracks=artist_tracks,
            text=name,
            readings=[],
            coded_tracks=[],
            tracks=[],
            artists=unique_hits(artists),
            similar_artists=unique_hits([*artists, *similar]),
        )

    @cached_property
    def best_track(self) -> TrackMatch | None:
        """The track that fits the text as it is spelt."""
        return best_track(self.readings, self.tracks)

    @cached_property
    def best_artist(self) -> ArtistMatch | None:
        """The artist whose name fits the text as it is spelt."""
        return best_artist(self.text, self.artists)

    @cached_property
    def similar_tracks(self) -> list[Hit]:
        """Tracks with words like those of the text: another store call, when first read."""
        queries = misspelt_song_queries(self.readings, self.catalogue.vocabulary)
        lookups = add_queries(self.batch, queries)
        self.batch.execute()
        return unique_hits(lookups)

    def suggestions(self) -> tuple[str, ...]:
        """Labels of what comes closest to the text, best first."""
        tracks = self.similar_tracks if self.readings else []
        return closest_labels(self.text, tracks, self.similar_artists)
