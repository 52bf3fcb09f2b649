"""Names that dumps use for each column of each table; add a synonym here.

Names are compared as ``column_matching.normalise`` returns them. The first synonym that a file has
is taken.
"""

from dataclasses import dataclass
from enum import Enum

from embeat_serve.contract.audio_features import FEATURES


class Kind(Enum):
    """What a column holds, and so how it is read."""

    TEXT = "text"
    TEXTS = "texts"  # a list of texts; a single text is a list of one
    NUMBER = "number"
    FLAG = "flag"


@dataclass(frozen=True)
class Column:
    """A canonical column: how it is read, and its other names."""

    kind: Kind
    synonyms: tuple[str, ...] = ()
    separators: str = ""
    """Characters that separate the items of a list that is written as one text."""


_NAMES, _WORDS, _IDS = ";", ",;|", ",;| "
"""Separators by content: names of artists contain commas, genres spaces, ids neither."""


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

EMBEDDED_IN_TRACKS: dict[str, dict[str, Column]] = {
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
"""Columns of other tables that rows of tracks may have: of their artist, or of a playlist."""
