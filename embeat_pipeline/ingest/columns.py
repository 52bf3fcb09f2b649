"""Which table a file is, and which of its columns is what: one list of synonyms for all readers.

Column names are compared in lower case with every other character than a letter or a digit read
as an underscore. The first synonym that is present is taken; what no table knows is ignored, and
both are reported.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from embeat_serve.features import FEATURES


class Kind(Enum):
    """What a column holds, which decides how it is read."""

    TEXT = "text"
    TEXTS = "texts"  # a list of texts; a single text is a list of one
    NUMBER = "number"
    FLAG = "flag"


@dataclass(frozen=True)
class Column:
    """A canonical column: how it is read and what else dumps call it."""

    kind: Kind
    synonyms: tuple[str, ...] = ()


def _text(*synonyms: str) -> Column:
    return Column(Kind.TEXT, synonyms)


def _texts(*synonyms: str) -> Column:
    return Column(Kind.TEXTS, synonyms)


def _number(*synonyms: str) -> Column:
    return Column(Kind.NUMBER, synonyms)


TABLES: dict[str, dict[str, Column]] = {
    "tracks": {
        "track_id": _text("id", "uri", "track_uri", "spotify_id", "song_id", "id_track"),
        "track_name": _text("name", "title", "track", "song_name", "song"),
        "artist_ids": _texts("artist_id", "artists_id", "track_artist_id", "id_band_spotify"),
        "artist_names": _texts("artist_name", "artists", "artist", "track_artist", "bands"),
        "album_id": _text("track_album_id"),
        "album_name": _text("album", "track_album_name"),
        "release_date": _text("track_album_release_date", "album_release_date"),
        "release_year": _number("year"),
        "popularity": _number("track_popularity"),
        "isrc": _text("track_isrc"),
        "explicit": Column(Kind.FLAG, ("track_explicit",)),
        "duration_ms": _number("duration", "track_duration", "track_duration_ms"),
        "loudness": _number(),
        **{name: _number() for name in FEATURES},
    },
    "artists": {
        "artist_id": _text("id", "uri", "artist_uri"),
        "artist_name": _text("name", "artist", "artists"),
        "genres": _texts("artist_genres", "artist_genre", "genre"),
        "popularity": _number("artist_popularity"),
        "followers": _number("artist_followers", "num_followers"),
    },
    "playlists": {
        "playlist_id": _text("id", "pid", "uri", "playlist_uri"),
        "name": _text("playlist_name", "title"),
        "source": _text(),
        "num_followers": _number("followers"),
        "track_ids": _texts("track_uris", "tracks", "songs", "items"),
    },
    "related_artists": {
        "artist_id": _text("id"),
        "artist_name": _text("name", "artist"),
        "related_artist_id": _text("related_id", "similar_artist_id"),
        "related_artist_name": _text("related_name", "related_artist", "similar_artist_name"),
        "rank": _number("position"),
    },
    "genre_map": {
        "genre": _text("name", "genre_name"),
        "weight": _number("size"),
        "x": _number("norm_x", "map_x"),
        "y": _number("norm_y", "map_y"),
        "color": _text("color_hex", "hex_colour", "hex_color", "colour"),
    },
}
"""Table -> canonical column -> how it is read."""

_TRACK_EVIDENCE = {*FEATURES, "artist_ids", "artist_names", "album_id", "album_name", "isrc"}
_TRACK_EVIDENCE |= {"duration_ms", "explicit"}


@dataclass(frozen=True)
class Match:
    """How a file's columns are read."""

    table: str
    mapped: dict[str, str]
    """Canonical column -> the file's own name for it."""
    ignored: list[str]
    """The file's columns that nothing is taken from, in order."""


def match_columns(columns: Sequence[str], lists: Sequence[str] = ()) -> Match | None:
    """Recognise a table by its columns; None where they are those of no known table.

    Args:
        columns: the file's column names.
        lists: those of them that hold lists: a list of tracks is what makes a playlist.
    """
    found = {table: _map(known, columns) for table, known in TABLES.items()}
    for table, is_it in _RECOGNISED_BY:
        mapped = found[table]
        if is_it(mapped, lists):
            taken = set(mapped.values())
            return Match(table, mapped, [name for name in columns if name not in taken])
    return None


def _map(known: dict[str, Column], columns: Sequence[str]) -> dict[str, str]:
    plain: dict[str, str] = {}
    for name in columns:
        plain.setdefault(_plain(name), name)
    mapped = {}
    for canonical, column in known.items():
        for synonym in (canonical, *column.synonyms):
            if synonym in plain:
                mapped[canonical] = plain[synonym]
                break
    return mapped


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_")


def _is_related(mapped: dict[str, str], lists: Sequence[str]) -> bool:
    return bool(mapped.keys() & {"related_artist_id", "related_artist_name"}) and bool(
        mapped.keys() & {"artist_id", "artist_name"}
    )


def _is_playlists(mapped: dict[str, str], lists: Sequence[str]) -> bool:
    return mapped.get("track_ids") in lists


def _is_genre_map(mapped: dict[str, str], lists: Sequence[str]) -> bool:
    return mapped.keys() >= {"genre", "x", "y"}


def _is_tracks(mapped: dict[str, str], lists: Sequence[str]) -> bool:
    return "track_id" in mapped and bool(mapped.keys() & _TRACK_EVIDENCE)


def _is_artists(mapped: dict[str, str], lists: Sequence[str]) -> bool:
    named = mapped.keys() & {"artist_id", "artist_name"}
    return bool(named) and bool(mapped.keys() & {"genres", "followers"})


_RECOGNISED_BY = (
    ("related_artists", _is_related),
    ("playlists", _is_playlists),
    ("genre_map", _is_genre_map),
    ("tracks", _is_tracks),
    ("artists", _is_artists),
)
