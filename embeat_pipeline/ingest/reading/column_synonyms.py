"""Which table a file is, and which of its columns is what: one list of synonyms for all readers.

Column names are compared in lower case with every other character than a letter or a digit read
as an underscore. The first synonym that is present is taken; what no table knows is ignored, and
both are reported.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum

from embeat_serve.contract.audio_features import FEATURES


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
    separators: str = ""
    """Characters that separate the texts of a list written as one text."""


_NAMES, _WORDS, _IDS = ";", ",;|", ",;| "
"""Names of artists hold commas, genres do not, ids hold neither."""


def _text(*synonyms: str) -> Column:
    return Column(Kind.TEXT, synonyms)


def _texts(separators: str, *synonyms: str) -> Column:
    return Column(Kind.TEXTS, synonyms, separators)


def _number(*synonyms: str) -> Column:
    return Column(Kind.NUMBER, synonyms)


def _feature(name: str) -> Column:
    return _number(f"audio_features_{name}", f"features_{name}", f"track_{name}")


TABLES: dict[str, dict[str, Column]] = {
    "tracks": {
        "track_id": _text(
            "id",
            "uri",
            "track_uri",
            "spotify_id",
            "spotify_track_id",
            "song_id",
            "id_track",
            "track_url",
            "spotify_uri",
            "spotify_track_uri",
            "url",
            "track_href",
        ),
        "track_name": _text("name", "title", "track", "song_name", "song", "track_title"),
        "artist_title": _text("unique_track"),
        "artist_ids": _texts(
            _IDS,
            "artist_id",
            "artists_id",
            "id_artists",
            "track_artist_id",
            "track_artists_id",
            "id_band_spotify",
            "artist_uri",
            "artist_uri_s",
            "artist_uris",
            "spotify_artist_id",
        ),
        "artist_names": _texts(
            _NAMES,
            "artist_name",
            "artist_name_s",
            "artists_name",
            "artists",
            "artist",
            "track_artist",
            "track_artist_name",
            "track_artists_name",
            "track_artists",
            "bands",
            "band",
        ),
        "album_id": _text("track_album_id", "album_uri", "spotify_album_id", "id_album"),
        "album_name": _text("album", "track_album_name", "album_title"),
        "release_date": _text(
            "track_album_release_date",
            "album_release_date",
            "album_date",
            "released",
        ),
        "release_year": _number("year", "album_release_year"),
        "popularity": _number("track_popularity", "spotify_popularity", "track_pop"),
        "isrc": _text("track_isrc", "external_ids_isrc", "track_external_ids_isrc", "isrc_code"),
        "explicit": Column(Kind.FLAG, ("track_explicit", "is_explicit")),
        "duration_ms": _number(
            "duration",
            "track_duration",
            "track_duration_ms",
            "length_ms",
            "song_duration_ms",
        ),
        "loudness": _feature("loudness"),
        **{name: _feature(name) for name in FEATURES},
    },
    "albums": {
        "album_id": _text("id", "uri", "album_uri", "spotify_album_id"),
        "album_name": _text("name", "album", "title", "album_title"),
        "release_date": _text("album_release_date", "released", "album_date"),
        "release_year": _number("year", "album_release_year"),
        "total_tracks": _number("album_total_tracks", "number_of_tracks", "album_type"),
    },
    "artists": {
        "artist_id": _text("id", "uri", "artist_uri", "spotify_artist_id"),
        "artist_name": _text("name", "artist", "artists"),
        "aliases": _texts(
            _NAMES,
            "alias",
            "artist_aliases",
            "also_known_as",
            "aka",
            "other_names",
            "name_variations",
        ),
        "genres": _texts(_WORDS, "artist_genres", "artist_genre", "genre"),
        "genre_weights": _texts(_WORDS, "artist_genre_weights", "genre_scores"),
        "popularity": _number("artist_popularity"),
        "followers": _number("artist_followers", "num_followers", "followers_total"),
    },
    "playlists": {
        "playlist_id": _text("id", "pid", "uri", "playlist_uri"),
        "name": _text("playlist_name", "title", "playlist_title"),
        "source": _text(),
        "num_followers": _number("followers", "followers_total"),
        "track_ids": _texts(
            _IDS,
            "track_uris",
            "tracks",
            "songs",
            "items",
            "tracks_track_uri",
            "tracks_id",
            "tracks_uri",
            "tracks_items_track_id",
            "items_track_id",
            "tracks_track_id",
        ),
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

BESIDE_TRACKS: dict[str, dict[str, Column]] = {
    "artists": {
        "genres": _texts(_WORDS, "artist_genres", "artist_genre", "artists_genres"),
        "popularity": _number("artist_popularity"),
        "followers": _number("artist_followers"),
    },
    "playlists": {
        "playlist_id": _text("pid", "playlist_uri"),
        "name": _text("playlist_name", "playlist_title"),
        "source": _text("playlist_source"),
        "num_followers": _number("playlist_followers", "playlist_num_followers"),
        "position": _number("pos", "playlist_position", "track_position"),
        "added_at": _text("added_date", "date_added", "track_added_at"),
    },
}
"""What rows of tracks may also say of their artist and of a playlist they stand in."""

_SOUND_EVIDENCE = {*FEATURES, "duration_ms", "explicit", "isrc"}
_TRACK_EVIDENCE = _SOUND_EVIDENCE | {"artist_ids", "artist_names", "album_id", "album_name"}


@dataclass(frozen=True)
class Match:
    """How a file's columns are read."""

    table: str
    mapped: dict[str, str]
    """Canonical column -> the file's own name for it."""
    ignored: list[str]
    """The file's columns that nothing is taken from, in order."""
    beside: dict[str, dict[str, str]] = field(default_factory=dict)
    """Further table that rows of tracks also tell of -> like ``mapped``."""


def match_columns(columns: Sequence[str], lists: Sequence[str] = ()) -> Match | None:
    """Recognise a table by its columns; None where they are those of no known table.

    Args:
        columns: the file's column names.
        lists: those of them that hold lists: a list of tracks is what makes a playlist.
    """
    found = {table: _map(known, columns) for table, known in TABLES.items()}
    for table, is_it in _RECOGNISED_BY:
        mapped = found[table]
        if is_it(found, lists):
            beside = _beside(mapped, columns) if table == "tracks" else {}
            taken = {name for part in (mapped, *beside.values()) for name in part.values()}
            return Match(table, mapped, [name for name in columns if name not in taken], beside)
    return None


def _beside(mapped: dict[str, str], columns: Sequence[str]) -> dict[str, dict[str, str]]:
    left = [name for name in columns if name not in mapped.values()]
    found = {table: _map(known, left) for table, known in BESIDE_TRACKS.items()}
    if not mapped.keys() & {"artist_ids", "artist_names"}:
        del found["artists"]
    if not found["playlists"].keys() & {"playlist_id", "added_at"}:
        # A name or a position alone may be of anything.
        del found["playlists"]
    return {table: part for table, part in found.items() if part}


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


Found = dict[str, dict[str, str]]
"""Table -> what would be mapped if it were that table."""


def _is_related(found: Found, lists: Sequence[str]) -> bool:
    mapped = found["related_artists"].keys()
    return bool(mapped & {"related_artist_id", "related_artist_name"}) and bool(
        mapped & {"artist_id", "artist_name"}
    )


def _is_playlists(found: Found, lists: Sequence[str]) -> bool:
    return found["playlists"].get("track_ids") in lists


def _is_genre_map(found: Found, lists: Sequence[str]) -> bool:
    return found["genre_map"].keys() >= {"genre", "x", "y"}


def _is_tracks(found: Found, lists: Sequence[str]) -> bool:
    mapped, albums = found["tracks"], found["albums"]
    if "track_id" not in mapped:
        return False
    # The one id of an album's row, with its name and artist, may be taken for a track's.
    may_be_album = _is_albums(found, lists) and albums["album_id"] == mapped["track_id"]
    return bool(mapped.keys() & (_SOUND_EVIDENCE if may_be_album else _TRACK_EVIDENCE))


def _is_memberships(found: Found, lists: Sequence[str]) -> bool:
    """Rows of a playlist and a track in it, that need say no more of the track."""
    playlist = _plain(found["playlists"].get("playlist_id", ""))
    return "track_id" in found["tracks"] and playlist in ("playlist_id", "pid", "playlist_uri")


def _is_albums(found: Found, lists: Sequence[str]) -> bool:
    mapped = found["albums"]
    own = any("album" in _plain(name) for name in mapped.values())
    return mapped.keys() >= {"album_id", "album_name"} and (own or "total_tracks" in mapped)


def _is_artists(found: Found, lists: Sequence[str]) -> bool:
    mapped = found["artists"].keys()
    return bool(mapped & {"artist_id", "artist_name"}) and bool(mapped & {"genres", "followers"})


_RECOGNISED_BY = (
    ("related_artists", _is_related),
    ("playlists", _is_playlists),
    ("genre_map", _is_genre_map),
    ("tracks", _is_tracks),
    ("tracks", _is_memberships),
    ("albums", _is_albums),
    ("artists", _is_artists),
)
