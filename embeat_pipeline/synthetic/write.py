"""Write a synthetic dump: five Parquet files, in chunks, the same bytes for the same seed."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from embeat_pipeline.common.atomic import atomic_path
from embeat_pipeline.common.progress import progress
from embeat_pipeline.synthetic.artists import RELATED, ArtistWorld, artist_names, artist_world
from embeat_pipeline.synthetic.genres import (
    BASE_GENRES,
    MAX_GENRES,
    GenreWorld,
    genre_world,
    map_colours,
)
from embeat_pipeline.synthetic.playlists import PLAYLISTS_SCHEMA, artist_orders, playlist_chunk
from embeat_pipeline.synthetic.songs import KNOWN_ARTISTS, KNOWN_SONGS
from embeat_pipeline.synthetic.streams import Stream, generator, make_ids, to_arrow
from embeat_pipeline.synthetic.tracks import TRACKS_SCHEMA, track_chunk
from embeat_serve.errors import UsageError

MIN_TRACKS = 500
TRACK_CHUNK = 500_000
ARTIST_CHUNK = 200_000
PLAYLIST_CHUNK = 10_000
TRACKS_PER_GENRE = 100

ARTISTS_SCHEMA = pa.schema(
    [
        ("artist_id", pa.string()),
        ("artist_name", pa.string()),
        ("genres", pa.list_(pa.string())),
        ("popularity", pa.int16()),
        ("followers", pa.int64()),
    ]
)
RELATED_SCHEMA = pa.schema(
    [
        ("artist_id", pa.string()),
        ("artist_name", pa.string()),
        ("related_artist_id", pa.string()),
        ("related_artist_name", pa.string()),
        ("rank", pa.int16()),
    ]
)


def write_sample(
    out: Path, tracks: int = 20_000, playlists: int = 2_000, seed: int = 0
) -> dict[str, int]:
    """Write a synthetic dump with canonical column names to the folder ``out``.

    Genres have a place on the map and a sound, which artists, albums and tracks vary. Playlists
    follow artists and genres. The data has the same defects as real dumps. The same arguments give
    the same bytes. Memory is bounded: about 1 GB for 20 million tracks.

    Args:
        out: folder; files of the same names are replaced.
        tracks: rows of ``tracks.parquet``, at least 500.
        playlists: rows of ``playlists.parquet``.
        seed: seed of every random choice.

    Returns:
        Name of file without suffix -> number of rows.

    Raises:
        UsageError: there are too few tracks, or a number is negative.
    """
    if tracks < MIN_TRACKS or playlists < 0 or seed < 0:
        raise UsageError(
            f"a sample needs at least {MIN_TRACKS} tracks, and no negative number of playlists "
            f"or seed; found {tracks} tracks, {playlists} playlists, seed {seed}"
        )
    count = int(np.clip(tracks // TRACKS_PER_GENRE, len(BASE_GENRES) + 12, MAX_GENRES))
    genres = genre_world(count, seed)
    artists = artist_world(genres, tracks, seed)
    names = artist_names(genres, artists, seed)
    orders = artist_orders(genres, artists)
    track_batches = (
        track_chunk(genres, artists, names, first, last, seed)
        for first, last in _artist_chunks(artists)
    )
    playlist_batches = (
        playlist_chunk(genres, artists, names, orders, first, last, seed)
        for first, last in _chunks(playlists, PLAYLIST_CHUNK)
    )
    artist_batches = (
        _artist_batch(genres, artists, names, first, last, seed)
        for first, last in _chunks(len(names), ARTIST_CHUNK)
    )
    related_batches = (
        _related_batch(artists, names, first, last, seed)
        for first, last in _chunks(len(names), ARTIST_CHUNK)
    )
    genre_batch = _genre_batch(genres)
    _write(out / "genre_map.parquet", genre_batch.schema, [genre_batch], count)
    return {
        "genre_map": count,
        "artists": _write(out / "artists.parquet", ARTISTS_SCHEMA, artist_batches, len(names)),
        "related_artists": _write(out / "related_artists.parquet", RELATED_SCHEMA, related_batches),
        "tracks": _write(out / "tracks.parquet", TRACKS_SCHEMA, track_batches, tracks),
        "playlists": _write(
            out / "playlists.parquet", PLAYLISTS_SCHEMA, playlist_batches, playlists
        ),
    }


def _chunks(count: int, size: int) -> list[tuple[int, int]]:
    return [(first, min(first + size, count)) for first in range(0, count, size)]


def _artist_chunks(artists: ArtistWorld) -> list[tuple[int, int]]:
    """Ranges of artists with about ``TRACK_CHUNK`` tracks each."""
    marks = np.arange(0, artists.first_track[-1], TRACK_CHUNK)
    firsts = np.unique(np.searchsorted(artists.first_track[:-1], marks)).tolist()
    return list(zip(firsts, [*firsts[1:], len(artists.level)], strict=True))


def _write(
    path: Path, schema: pa.Schema, batches: Iterable[pa.RecordBatch], total: int | None = None
) -> int:
    rows = 0
    with (
        atomic_path(path) as scratch,
        pq.ParquetWriter(scratch, schema, compression="zstd") as writer,
        progress(f"sample {path.stem}", total, "rows") as advance,
    ):
        for batch in batches:
            writer.write_batch(batch)
            rows += batch.num_rows
            advance(batch.num_rows)
    return rows


def _genre_batch(genres: GenreWorld) -> pa.RecordBatch:
    return pa.record_batch(
        {
            "index": pa.array(np.arange(1, len(genres.names) + 1, dtype=np.uint32)),
            "genre": pa.array(genres.names),
            "weight": pa.array(genres.weight.astype(np.float64)),
            "color_hex": pa.array(map_colours(genres.place)),
            "norm_x": pa.array(genres.place[:, 0].astype(np.float64)),
            "norm_y": pa.array(genres.place[:, 1].astype(np.float64)),
        }
    )


def _artist_batch(
    genres: GenreWorld, artists: ArtistWorld, names: pa.Array, first: int, last: int, seed: int
) -> pa.RecordBatch:
    rng = generator(seed, Stream.ARTIST_FACTS, first)
    index = np.arange(first, last)
    size = len(index)
    artist_genres = artists.genres[first:last]
    # Dumps list no genres for many artists. Known artists keep theirs.
    lists_none = (rng.random(size) < 0.25) & (index >= len(KNOWN_SONGS))
    present = (artist_genres >= 0) & ~lists_none[:, None]
    offsets = np.concatenate([[0], np.cumsum(present.sum(axis=1))]).astype(np.int32)
    level = artists.level[first:last]
    popularity = np.rint(95 * np.sqrt(level)).astype(np.int16)
    followers = (np.exp(level * 14) * 10).astype(np.int64)
    return pa.record_batch(
        [
            to_arrow(make_ids(index, seed, Stream.ARTISTS), artists.name_only[first:last]),
            names[first:last],
            pa.ListArray.from_arrays(
                offsets, pa.array(genres.names).take(pa.array(artist_genres[present]))
            ),
            pa.array(popularity, mask=rng.random(size) < 0.3),
            pa.array(followers, mask=rng.random(size) < 0.5),
        ],
        ARTISTS_SCHEMA,
    )


def _related_batch(
    artists: ArtistWorld, names: pa.Array, first: int, last: int, seed: int
) -> pa.RecordBatch:
    rng = generator(seed, Stream.RELATIONS, first)
    index = np.arange(first, last)
    # The dump has related artists of some artists only, and none without an id.
    has_related = (rng.random(len(index)) < 0.6) | (index < len(KNOWN_SONGS))
    index = index[has_related & ~artists.name_only[first:last]]
    artist = np.repeat(index, RELATED)
    related_artist = artists.related[index].ravel().astype(np.int64)
    rank = np.tile(np.arange(RELATED, dtype=np.int16), len(index))
    keep = ~artists.name_only[related_artist]
    artist, related_artist, rank = artist[keep], related_artist[keep], rank[keep]
    other_names = pa.array([known.other_name or known.name for known in KNOWN_ARTISTS])
    related_names = pa.concat_arrays([other_names, names[len(other_names) :]])
    return pa.record_batch(
        [
            to_arrow(make_ids(artist, seed, Stream.ARTISTS)),
            names.take(pa.array(artist)),
            to_arrow(make_ids(related_artist, seed, Stream.ARTISTS)),
            related_names.take(pa.array(related_artist)),
            pa.array(rank),
        ],
        RELATED_SCHEMA,
    )
