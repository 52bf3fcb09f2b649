"""Name the collections, vectors and payload fields that both packages agree on.

A changed name is followed by both. For a changed meaning raise ``manifest.FORMAT_VERSION``.
"""

from collections.abc import Mapping
from typing import Any, ClassVar, Final

STRENGTH_LEVELS = 255
"""Highest strength of a neighbour: it is stored in one byte."""

COUNT_LEVELS_PER_DOUBLING = 12
"""Levels for each doubling of the number of playlists that hold a neighbour: of n playlists, the
level is 12 log2(1 + n), stored in one byte. 255 stands for 2.5 million and more."""

MOST_SHARED = 65_535
"""Highest number of playlists that a neighbour shares: it is stored in two bytes."""

VECTOR_SIZE = 64
"""Dimensions of the acoustic vectors and of the playlist vectors."""

GENRE_VECTOR_SIZE = 32
"""Dimensions of the genre vectors."""

LEAST_GENRE_LENGTH: Final = 0.05
"""Length of the mean genre vector of a song or an artist below which its place is not known."""


class Collection:
    """The collections of a release."""

    TRACKS = "tracks"
    TRACKS_PLAYLIST = "tracks_playlist"
    ARTISTS = "artists"

    ALL = (TRACKS, TRACKS_PLAYLIST, ARTISTS)


class VectorName:
    """The named vectors: one in each collection."""

    ACOUSTIC = "acoustic"
    PLAYLIST = "playlist"

    OF_COLLECTION: ClassVar[dict[str, str]] = {
        Collection.TRACKS: ACOUSTIC,
        Collection.TRACKS_PLAYLIST: PLAYLIST,
        Collection.ARTISTS: ACOUSTIC,
    }

    WEIGHTED: ClassVar[frozenset[str]] = frozenset({Collection.TRACKS_PLAYLIST})
    """Collections searched by dot product; the others are searched by cosine. The length of a
    vector, 0..1, is the confidence in its point as an answer."""


class TrackField:
    """Payload fields of a point in ``tracks`` and ``tracks_playlist``; types in ``payload``.

    The point id is the track code in both collections. Fields without a value are left out.
    """

    TRACK_ID: Final = "track_id"  # keyword
    TRACK_NAME: Final = "track_name"  # display
    ARTIST_NAMES: Final = "artist_names"  # display, list
    ARTIST_CODES: Final = "artist_codes"  # integer list, first is the main artist
    GENRE_CODES: Final = "genre_codes"  # integer list, best first, of the main artist
    GENRES: Final = "genres"  # display, list, same order
    RELATED_ARTIST_CODES: Final = "related_artist_codes"  # of the main artist: see related_artists
    ALBUM_CODE: Final = "album_code"  # integer
    ALBUM_NAME: Final = "album_name"  # display
    ISRC: Final = "isrc"  # keyword
    RECORDING_CODE: Final = "recording_code"  # integer, shared by re-releases of one recording
    POPULARITY: Final = "popularity"  # integer 0..100; left out where unknown
    POPULARITY_RANK: Final = (
        "popularity_rank"  # integer 0..100, unknown counts as 0: order and range
    )
    YEAR: Final = "year"  # integer
    EXPLICIT: Final = "explicit"  # integer 1 or 0: embedded, a bool cannot be matched
    TEMPO: Final = "tempo"  # float, beats per minute
    KEY: Final = "key"  # integer 0..11
    MODE: Final = "mode"  # integer 0 minor, 1 major
    ENERGY: Final = "energy"  # float 0..1
    ARTIST_ALIASES: Final = "artist_aliases"  # display, list: other names of the artists credited
    INSTRUMENTAL: Final = "instrumental"  # integer 1; left out otherwise
    LANGUAGE: Final = "language"  # keyword, ISO 639-1 (or 639-3); left out where unknown
    NAME_KEY: Final = "name_key"  # keyword: text_keys.name_key
    SEARCH_TEXT: Final = "search_text"  # tokens of name, artists and aliases: text_keys.search_text

    # tracks_playlist only
    PLAYLIST_WEIGHT: Final = "playlist_weight"  # float, length of the vector
    NEIGHBOURS: Final = "neighbours"  # tracks played with it, best first: neighbour_codec
    NEIGHBOUR_CONFIDENCE: Final = "neighbour_confidence"  # float 0..1: share its own playlists have

    DISPLAY = (
        TRACK_ID,
        TRACK_NAME,
        ARTIST_NAMES,
        ARTIST_CODES,
        GENRE_CODES,
        GENRES,
        ALBUM_CODE,
        ALBUM_NAME,
        ISRC,
        RECORDING_CODE,
        POPULARITY,
        YEAR,
        EXPLICIT,
        TEMPO,
        KEY,
        MODE,
        ENERGY,
        LANGUAGE,
        NAME_KEY,
    )


class ArtistField:
    """Payload fields of a point in ``artists``; the point id is the artist code.

    The vector is the centroid of the artist's acoustic vectors.
    """

    ARTIST_ID: Final = "artist_id"  # keyword; left out for artists known by name only
    ARTIST_NAME: Final = "artist_name"  # display
    GENRE_CODES: Final = "genre_codes"  # integer list, best first
    GENRES: Final = "genres"  # display, same order
    RELATED_ARTIST_CODES: Final = "related_artist_codes"  # see related_artists
    POPULARITY_RANK: Final = "popularity_rank"  # integer 0..100, unknown counts as 0
    NUM_TRACKS: Final = "num_tracks"  # integer
    NEIGHBOURS: Final = "neighbours"  # as a track's, for the artist's tracks that have none
    ALIASES: Final = "aliases"  # display, list: other names the dump has for the artist
    NAME_KEY: Final = "name_key"  # keyword
    SEARCH_TEXT: Final = "search_text"  # whitespace-tokenised: of the name and the aliases


def related_artists(payload: Mapping[str, Any]) -> list[int]:
    """Codes of the related artists in a payload, closest first.

    They are stored as text, ``"5 12 9"``: a list of twenty takes longer to write to the engine and
    to read back than all other fields together.
    """
    return [int(code) for code in payload.get(TrackField.RELATED_ARTIST_CODES, "").split()]


_FILTERED = {
    TrackField.POPULARITY_RANK: "integer",
    TrackField.YEAR: "integer",
    TrackField.EXPLICIT: "integer",
    TrackField.TEMPO: "float",
    TrackField.ENERGY: "float",
    TrackField.INSTRUMENTAL: "integer",
    TrackField.LANGUAGE: "keyword",
}
"""Fields that lists can be filtered by, besides genres and artists."""

PAYLOAD_INDEXES: dict[str, dict[str, str]] = {
    Collection.TRACKS: {
        TrackField.TRACK_ID: "keyword",
        TrackField.ARTIST_CODES: "integer",
        TrackField.GENRE_CODES: "integer",
        TrackField.ISRC: "keyword",
        TrackField.NAME_KEY: "keyword",
        TrackField.SEARCH_TEXT: "text",
        **_FILTERED,
    },
    # A search by title keeps to genres and leaves artists out; unindexed, it would read the payload
    # of every point.
    Collection.TRACKS_PLAYLIST: {
        TrackField.ARTIST_CODES: "integer",
        TrackField.GENRE_CODES: "integer",
        **_FILTERED,
    },
    Collection.ARTISTS: {
        ArtistField.ARTIST_ID: "keyword",
        ArtistField.POPULARITY_RANK: "integer",
        ArtistField.NAME_KEY: "keyword",
        ArtistField.SEARCH_TEXT: "text",
    },
}
"""Collection -> indexed payload field -> ``keyword``, ``integer``, ``float`` or ``text`` (split at
whitespace)."""

GRAPH_FIELDS = frozenset({TrackField.GENRE_CODES})
"""Fields whose values have graph links of their own, for searches within one value.

Only genres are too large to scan, and links for all indexed fields double the time of a build.
"""

BROAD_FIELDS = frozenset({TrackField.LANGUAGE})
"""Indexed fields that may have the same value in most points."""

CHANNELS = ("acoustic", "genre_popular", "same_artist", "related_artist", "playlist")
"""The recall channels, in the order in which they are shown."""

TITLE_CHANNEL: Final = "title"
"""Evidence from the title of the list that is made; there is none where no title is given."""

EVIDENCE_CHANNELS = (*CHANNELS, TITLE_CHANNEL)
"""Everything that can add to a score, in the order of the columns of all tables of scores."""
