"""Recognise the table of a file by its columns, and map these to canonical columns."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from embeat_pipeline.ingest.reading.column_synonyms import EMBEDDED_IN_TRACKS, TABLES, Column
from embeat_serve.contract.audio_features import FEATURES

_RECORDING_COLUMNS = {*FEATURES, "duration_ms", "explicit", "isrc"}
_TRACK_COLUMNS = _RECORDING_COLUMNS | {"artist_ids", "artist_names", "album_id", "album_name"}
"""Columns, besides an id, that only tracks have."""

ColumnMap = Mapping[str, str]
"""Canonical column -> the file's own name for it."""

ColumnMaps = Mapping[str, ColumnMap]
"""Table -> how the file's columns would be mapped if it were this table."""


@dataclass(frozen=True)
class Match:
    """How the columns of a file are read."""

    table: str
    mapped: ColumnMap
    ignored: list[str]
    """The file's columns that are not read, in order."""
    embedded: dict[str, ColumnMap] = field(default_factory=dict)
    """Further table whose columns rows of tracks have -> how these are mapped."""


def match_columns(columns: Sequence[str], lists: Sequence[str] = ()) -> Match | None:
    """Recognise a table by its columns; None if they fit no table.

    Args:
        columns: names of the file's columns.
        lists: names of those that hold lists; a list of tracks makes a playlist.
    """
    candidates = {table: _map(schema, columns) for table, schema in TABLES.items()}
    for table, is_match in _RECOGNISERS:
        if is_match(candidates, lists):
            mapped = candidates[table]
            embedded = _embedded(mapped, columns) if table == "tracks" else {}
            used = {name for part in (mapped, *embedded.values()) for name in part.values()}
            return Match(table, mapped, [name for name in columns if name not in used], embedded)
    return None


def _embedded(mapped: ColumnMap, columns: Sequence[str]) -> dict[str, ColumnMap]:
    """Map the columns that are not the tracks' own to embedded tables."""
    remaining = [name for name in columns if name not in mapped.values()]
    parts = {table: _map(schema, remaining) for table, schema in EMBEDDED_IN_TRACKS.items()}
    if not mapped.keys() & {"artist_ids", "artist_names"}:
        del parts["artists"]
    if not parts["playlists"].keys() & {"playlist_id", "added_at"}:
        # A name or a position alone may belong to anything.
        del parts["playlists"]
    return {table: part for table, part in parts.items() if part}


def _map(schema: Mapping[str, Column], columns: Sequence[str]) -> ColumnMap:
    by_normal_name: dict[str, str] = {}
    for name in columns:
        by_normal_name.setdefault(normalise(name), name)
    mapped = {}
    for canonical, column in schema.items():
        for synonym in (canonical, *column.synonyms):
            if synonym in by_normal_name:
                mapped[canonical] = by_normal_name[synonym]
                break
    return mapped


def normalise(name: str) -> str:
    """Lower case, with an underscore for every run of characters other than a-z and 0-9."""
    return re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")


def _is_related_artists(maps: ColumnMaps, lists: Sequence[str]) -> bool:
    mapped = maps["related_artists"].keys()
    return bool(mapped & {"related_artist_id", "related_artist_name"}) and bool(
        mapped & {"artist_id", "artist_name"}
    )


def _is_playlists(maps: ColumnMaps, lists: Sequence[str]) -> bool:
    return maps["playlists"].get("track_ids") in lists


def _is_genre_map(maps: ColumnMaps, lists: Sequence[str]) -> bool:
    return maps["genre_map"].keys() >= {"genre", "x", "y"}


def _is_tracks(maps: ColumnMaps, lists: Sequence[str]) -> bool:
    mapped, albums = maps["tracks"], maps["albums"]
    if "track_id" not in mapped:
        return False
    # A row of an album has one id, a name and artists, and so looks like a track.
    may_be_album = _is_albums(maps, lists) and albums["album_id"] == mapped["track_id"]
    return bool(mapped.keys() & (_RECORDING_COLUMNS if may_be_album else _TRACK_COLUMNS))


def _is_memberships(maps: ColumnMaps, lists: Sequence[str]) -> bool:
    """Whether rows name a playlist and a track in it, and possibly nothing else."""
    playlist = normalise(maps["playlists"].get("playlist_id", ""))
    return "track_id" in maps["tracks"] and playlist in ("playlist_id", "pid", "playlist_uri")


def _is_albums(maps: ColumnMaps, lists: Sequence[str]) -> bool:
    mapped = maps["albums"]
    says_album = any("album" in normalise(name) for name in mapped.values())
    return mapped.keys() >= {"album_id", "album_name"} and (says_album or "total_tracks" in mapped)


def _is_artists(maps: ColumnMaps, lists: Sequence[str]) -> bool:
    mapped = maps["artists"].keys()
    return bool(mapped & {"artist_id", "artist_name"}) and bool(mapped & {"genres", "followers"})


_RECOGNISERS: tuple[tuple[str, Callable[[ColumnMaps, Sequence[str]], bool]], ...] = (
    ("related_artists", _is_related_artists),
    ("playlists", _is_playlists),
    ("genre_map", _is_genre_map),
    ("tracks", _is_tracks),
    ("tracks", _is_memberships),
    ("albums", _is_albums),
    ("artists", _is_artists),
)
"""Tables and how they are recognised; the first that fits is taken."""
