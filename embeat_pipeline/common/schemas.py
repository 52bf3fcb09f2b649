"""Columns of every table in ``data_lake/tables``: names, types and what each holds.

Codes are dense integers that ingest assigns once. Row ``i`` of ``tracks``, ``artists`` and
``genre_map`` has code ``i``, so a column of codes is an index into the other table. A column may
be null unless its name ends in ``_code`` or ``_codes`` and its description does not say so.
"""

from collections.abc import Iterable
from typing import NamedTuple

import pyarrow as pa

from embeat_serve.contract.audio_features import CONTINUOUS
from embeat_serve.contract.schema import GENRE_VECTOR_SIZE, VECTOR_SIZE

CODE = pa.uint32()
TEXT = pa.string()
SHARE = pa.float32()


class Column(NamedTuple):
    """One column of a table."""

    name: str
    type: pa.DataType
    description: str
    """One phrase: unit, range, and what null means."""


_NEIGHBOUR_COLUMNS = (
    Column("neighbour_codes", pa.list_(CODE), "tracks played with it, best first"),
    Column("strengths", pa.list_(pa.uint8()), "of each, for a single seed; 255 is the most"),
    Column("several_strengths", pa.list_(pa.uint8()), "of each, for one of several seeds"),
    Column("shared_playlists", pa.list_(pa.uint16()), "of each, with both; at most 65535"),
    Column(
        "als_strengths",
        pa.list_(pa.uint8()),
        "of each, score by ALS for this seed alone; 255 is the highest of all tracks",
    ),
    Column(
        "count_levels", pa.list_(pa.uint8()), "of each, 12 log2(1 + playlists with it); at most 255"
    ),
)

COLUMNS: dict[str, tuple[Column, ...]] = {
    "tracks": (
        Column("track_code", CODE, "number of the row, and point id in the index"),
        Column("track_id", TEXT, "id of the service, 22 characters"),
        Column("track_name", TEXT, "title"),
        Column("artist_codes", pa.list_(CODE), "artists credited, main artist first"),
        Column("artist_names", pa.list_(TEXT), "their names as credited, same length"),
        Column("album_code", CODE, "null: unknown album"),
        Column("album_id", TEXT, "id of the service"),
        Column("album_name", TEXT, "title of the album"),
        Column("isrc", TEXT, "International Standard Recording Code, 12 characters"),
        Column("recording_code", CODE, "shared by all releases of one recording"),
        Column("popularity", pa.uint8(), "0..100"),
        Column("release_year", pa.int16(), "year of release"),
        Column("explicit", pa.bool_(), "marked as explicit; null: nobody says"),
        Column("duration_ms", pa.int32(), "length in milliseconds"),
        Column("key", pa.int8(), "0..11, C = 0"),
        Column("mode", pa.int8(), "0 minor, 1 major"),
        Column("time_signature", pa.int8(), "beats in a bar, 1..7"),
        Column("tempo", pa.float32(), "beats per minute"),
        Column("loudness", pa.float32(), "decibels, at most about 0"),
        *(Column(name, SHARE, "0..1") for name in CONTINUOUS),
        Column("source", TEXT, "file that the track was first read from"),
        Column("sources", pa.list_(TEXT), "all files that have the track"),
        Column("sound_source", TEXT, "file of most of the audio features; null: it has none"),
    ),
    "artists": (
        Column("artist_code", CODE, "number of the row"),
        Column("artist_id", TEXT, "id of the service; null: known by name only"),
        Column("artist_name", TEXT, "name"),
        Column("aliases", pa.list_(TEXT), "other names that the dump has for that id"),
        Column("genre_codes", pa.list_(CODE), "genres as listed, before assignment"),
        Column("genre_weights", pa.list_(SHARE), "of each, above 0; null: the dump has none"),
        Column("popularity", pa.uint8(), "0..100"),
        Column("followers", pa.int64(), "number of followers"),
        Column("num_tracks", pa.uint32(), "tracks of the artist in this lake"),
    ),
    "playlists": (
        Column("playlist_code", CODE, "number of the row"),
        Column("playlist_id", TEXT, "id in its dump"),
        Column("name", TEXT, "title"),
        Column("source", TEXT, "file that it was read from"),
        Column("num_followers", pa.int64(), "number of followers"),
        Column("track_codes", pa.list_(CODE), "tracks in playlist order, known ones only"),
    ),
    "genre_map": (
        Column("genre_code", CODE, "number of the row"),
        Column("genre", TEXT, "name"),
        Column("weight", pa.float32(), "global weight; 1 for a genre without a place"),
        Column("x", SHARE, "place on the map, 0..1; null: not on the map"),
        Column("y", SHARE, "place on the map, 0..1; null: not on the map"),
        Column("color", TEXT, "#rrggbb"),
    ),
    "related_artists": (
        Column("artist_code", CODE, "artist"),
        Column("related_artist_code", CODE, "artist related to it"),
        Column("rank", pa.int16(), "0 is the closest"),
    ),
    "rejects": (
        Column("source", TEXT, "file"),
        Column("kind", TEXT, "track, playlist, playlist_entry, artist, line, ..."),
        Column("row", pa.int64(), "row in that file, from 0; null: the file as a whole"),
        Column("reason", TEXT, "why it was refused"),
        Column("value", TEXT, "the value at fault, cut to 200 characters"),
        Column("count", pa.uint32(), "records that this row stands for"),
    ),
    "artist_genres": (
        Column("artist_code", CODE, "artist"),
        Column("genre_code", CODE, "genre"),
        Column("position", pa.uint8(), "0 is the best"),
        Column("score", pa.float32(), "score of the genre assignment"),
        Column("confidence", SHARE, "0..1; 1 for listed genres"),
        Column("source", TEXT, "`listed`, or the evidence that added most to the prediction"),
        Column("runner_up_code", CODE, "predicted genres: the genre next in order; else null"),
        Column("runner_up_confidence", SHARE, "its confidence, 0..1"),
    ),
    "track_vectors": (
        Column("track_code", CODE, "every track, in order"),
        Column("acoustic", pa.list_(pa.float32(), VECTOR_SIZE), "length 1; null: no features"),
    ),
    "playlist_vectors": (
        Column("track_code", CODE, "ascending; only tracks of the playlist vocabulary"),
        Column(
            "playlist",
            pa.list_(pa.float32(), VECTOR_SIZE),
            "length 0..1: how far the vector is believed as a candidate",
        ),
    ),
    "genre_vectors": (
        Column("genre_code", CODE, "number of the row in `genre_map`"),
        Column(
            "vector",
            pa.list_(pa.float32(), GENRE_VECTOR_SIZE),
            "length 0..1: how much of what is known of the genre the vector keeps",
        ),
    ),
    "track_neighbours": (
        Column("track_code", CODE, "ascending; tracks in playlists, a million at most"),
        *_NEIGHBOUR_COLUMNS,
        Column("confidence", SHARE, "0..1: how much the track's own playlists say"),
    ),
    "artist_neighbours": (
        Column("artist_code", CODE, "ascending; only artists of whom anything is known"),
        *_NEIGHBOUR_COLUMNS,
    ),
}
"""Table name -> its columns, in order. ``docs/data.md`` is generated from this."""


def schema_of(columns: Iterable[Column]) -> pa.Schema:
    """The Arrow schema of a table: names and types, without the descriptions."""
    return pa.schema([(column.name, column.type) for column in columns])


SCHEMAS: dict[str, pa.Schema] = {name: schema_of(columns) for name, columns in COLUMNS.items()}
"""Table name -> schema; ``LakePaths.table(name)`` is where the table lies."""

TRACKS = SCHEMAS["tracks"]
ARTISTS = SCHEMAS["artists"]
PLAYLISTS = SCHEMAS["playlists"]
RELATED_ARTISTS = SCHEMAS["related_artists"]
ARTIST_GENRES = SCHEMAS["artist_genres"]
GENRE_VECTORS = SCHEMAS["genre_vectors"]
TRACK_VECTORS = SCHEMAS["track_vectors"]
PLAYLIST_VECTORS = SCHEMAS["playlist_vectors"]
TRACK_NEIGHBOURS = SCHEMAS["track_neighbours"]
ARTIST_NEIGHBOURS = SCHEMAS["artist_neighbours"]
