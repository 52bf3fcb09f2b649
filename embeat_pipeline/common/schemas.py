"""Schemas of the clean tables in ``data_lake/tables``.

Codes are dense integers, assigned once by ingest: row ``i`` of ``tracks``, ``artists`` and
``genre_map`` has code ``i``, so a column of codes is also an index into the other table.
Nullable unless the name ends in ``_code`` or ``_codes``.
"""

import pyarrow as pa

from embeat_serve.contract.audio_features import CONTINUOUS
from embeat_serve.contract.schema import VECTOR_SIZE

TRACKS = pa.schema(
    [
        ("track_code", pa.uint32()),
        ("track_id", pa.string()),
        ("track_name", pa.string()),
        ("artist_codes", pa.list_(pa.uint32())),  # main artist first
        ("artist_names", pa.list_(pa.string())),  # as credited, same length
        ("album_code", pa.uint32()),  # null: unknown album
        ("album_id", pa.string()),
        ("album_name", pa.string()),
        ("isrc", pa.string()),
        ("recording_code", pa.uint32()),
        ("popularity", pa.uint8()),  # 0..100
        ("release_year", pa.int16()),
        ("explicit", pa.bool_()),
        ("duration_ms", pa.int32()),
        ("key", pa.int8()),  # 0..11, C = 0
        ("mode", pa.int8()),  # 0 minor, 1 major
        ("time_signature", pa.int8()),  # 1..7
        ("tempo", pa.float32()),  # beats per minute
        ("loudness", pa.float32()),  # dB
        *((name, pa.float32()) for name in CONTINUOUS),  # 0..1
        ("source", pa.string()),  # file the track was first read from
        ("sources", pa.list_(pa.string())),  # all files that know it
        ("sound_source", pa.string()),  # file most of the audio features are from; null: none
    ]
)

ARTISTS = pa.schema(
    [
        ("artist_code", pa.uint32()),
        ("artist_id", pa.string()),  # null: known by name only
        ("artist_name", pa.string()),
        ("aliases", pa.list_(pa.string())),  # other names the dump has for that id
        ("genre_codes", pa.list_(pa.uint32())),  # as listed, before assignment
        # how much each is the artist's, above 0, same length; null: the dump does not say
        ("genre_weights", pa.list_(pa.float32())),
        ("popularity", pa.uint8()),  # 0..100
        ("followers", pa.int64()),
        ("num_tracks", pa.uint32()),  # in this lake
    ]
)

PLAYLISTS = pa.schema(
    [
        ("playlist_code", pa.uint32()),
        ("playlist_id", pa.string()),
        ("name", pa.string()),
        ("source", pa.string()),
        ("num_followers", pa.int64()),
        ("track_codes", pa.list_(pa.uint32())),  # in playlist order, known tracks only
    ]
)

GENRE_MAP = pa.schema(
    [
        ("genre_code", pa.uint32()),
        ("genre", pa.string()),
        ("weight", pa.float32()),  # global weight; 1.0 for genres without a place
        ("x", pa.float32()),  # 0..1 on the map; null: listed by an artist but not on the map
        ("y", pa.float32()),
        ("color", pa.string()),  # "#rrggbb"
    ]
)

RELATED_ARTISTS = pa.schema(
    [
        ("artist_code", pa.uint32()),
        ("related_artist_code", pa.uint32()),
        ("rank", pa.int16()),  # 0 = closest
    ]
)

REJECTS = pa.schema(
    [
        ("source", pa.string()),  # file
        ("kind", pa.string()),  # track, playlist, playlist_entry, artist, ...
        ("row", pa.int64()),  # 0-based in that file; null: the file as a whole
        ("reason", pa.string()),
        ("value", pa.string()),  # the offending value, cut to 200 characters
        ("count", pa.uint32()),  # records this line stands for
    ]
)

ARTIST_GENRES = pa.schema(
    [
        ("artist_code", pa.uint32()),
        ("genre_code", pa.uint32()),
        ("position", pa.uint8()),  # 0 = best
        ("score", pa.float32()),
        ("confidence", pa.float32()),  # 0..1; 1 for listed genres
        ("source", pa.string()),  # listed, or what spoke loudest for the prediction
        # predicted genres: the genre next in order, kept or not; null: none, or listed
        ("runner_up_code", pa.uint32()),
        ("runner_up_confidence", pa.float32()),
    ]
)

TRACK_GENRES = pa.schema(
    [
        ("track_code", pa.uint32()),  # ascending; only tracks that differ from their artist
        ("genre_code", pa.uint32()),  # what the track's playlists speak for
        ("confidence", pa.float32()),  # 0..1, see genres/track_genres.py
        ("share", pa.float32()),  # of the votes, beyond what any playlist has of it
        ("own_share", pa.float32()),  # likewise, for the best of the artist's own
        ("artist_genre_code", pa.uint32()),  # the artist's best genre
        ("playlists", pa.uint32()),  # that were read
    ]
)

TRACK_VECTORS = pa.schema(
    [
        ("track_code", pa.uint32()),  # every track, in order
        # null: the track has no audio features
        ("acoustic", pa.list_(pa.float32(), VECTOR_SIZE)),
    ]
)

PLAYLIST_VECTORS = pa.schema(
    [
        ("track_code", pa.uint32()),  # ascending; only tracks of the playlist vocabulary
        # length 0..1: how much it is believed as a candidate (playlists/track2vec.py)
        ("playlist", pa.list_(pa.float32(), VECTOR_SIZE)),
    ]
)

TRACK_NEIGHBOURS = pa.schema(
    [
        ("track_code", pa.uint32()),  # ascending; only tracks of the playlist vocabulary
        ("neighbour_codes", pa.list_(pa.uint32())),  # tracks played with it, best first
        ("strengths", pa.list_(pa.uint8())),  # same length; 255 is the most; as a single seed
        ("several_strengths", pa.list_(pa.uint8())),  # same length; as one of several seeds
        ("shared_playlists", pa.list_(pa.uint16())),  # same length; that hold both; 65535 or more
        ("confidence", pa.float32()),  # 0..1: how much the track's own playlists say
    ]
)

ARTIST_NEIGHBOURS = pa.schema(
    [
        ("artist_code", pa.uint32()),  # ascending; only artists of whom anything is known
        ("neighbour_codes", pa.list_(pa.uint32())),  # tracks played with the artist's, best first
        ("strengths", pa.list_(pa.uint8())),  # same length; 255 is the most; as a single seed
        ("several_strengths", pa.list_(pa.uint8())),  # same length; as one of several seeds
        # Same length: playlists of others' tracks that hold one of the artist's; 65535 or more.
        ("shared_playlists", pa.list_(pa.uint16())),
    ]
)

SCHEMAS: dict[str, pa.Schema] = {
    "tracks": TRACKS,
    "artists": ARTISTS,
    "playlists": PLAYLISTS,
    "genre_map": GENRE_MAP,
    "related_artists": RELATED_ARTISTS,
    "rejects": REJECTS,
    "artist_genres": ARTIST_GENRES,
    "track_genres": TRACK_GENRES,
    "track_vectors": TRACK_VECTORS,
    "playlist_vectors": PLAYLIST_VECTORS,
    "track_neighbours": TRACK_NEIGHBOURS,
    "artist_neighbours": ARTIST_NEIGHBOURS,
}
"""Table name -> schema; ``LakePaths.table(name)`` is where it lies."""
