"""Convert columns of vectors to matrices, and compute the centroids of artists.

The vector of an artist is the mean acoustic vector of all tracks that credit the artist.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from embeat_pipeline.common.atomic import atomic_path
from embeat_serve.contract.schema import VECTOR_SIZE, VectorName

ROWS_AT_ONCE = 100_000
"""Rows read at a time."""


def as_matrix(column: pa.ChunkedArray | pa.Array) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Return a column of vectors as (n, 64) float32, and a mask (n,) of usable rows.

    A null is not usable, nor is a vector with NaN or infinity; its row is zero. The engine would
    accept such a vector and then never return the point.
    """
    array = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    usable = array.is_valid().to_numpy(zero_copy_only=False)
    matrix = np.zeros((len(array), VECTOR_SIZE), np.float32)
    matrix[usable] = array.flatten().to_numpy(zero_copy_only=False).reshape(-1, VECTOR_SIZE)
    finite = np.isfinite(matrix).all(axis=1)
    matrix[~finite] = 0
    return matrix, usable & finite


def write_centroids(tracks: Path, track_vectors: Path, artist_count: int, target: Path) -> int:
    """Write artist centroids as a Parquet table (artist_code, acoustic), ascending by code.

    Artists without a track that has a vector are left out. Memory: 260 bytes per artist.

    Returns:
        Number of artists written.
    """
    sums = np.zeros((artist_count, VECTOR_SIZE), np.float32)
    counts = np.zeros(artist_count, np.int32)
    for credits, matrix in _credited_vectors(tracks, track_vectors):
        codes = credits.flatten().to_numpy()
        parents = np.repeat(np.arange(len(credits)), credits.value_lengths().to_numpy())
        order = np.argsort(codes, kind="stable")
        unique, starts = np.unique(codes[order], return_index=True)
        if len(unique):
            sums[unique] += np.add.reduceat(matrix[parents[order]], starts, axis=0)
            counts[unique] += np.diff(np.append(starts, len(codes))).astype(np.int32)
    codes = np.flatnonzero(counts)
    centroids = sums[codes] / counts[codes, None]
    flat = pa.FixedSizeListArray.from_arrays(pa.array(centroids.ravel()), VECTOR_SIZE)
    table = pa.table({"artist_code": codes.astype(np.uint32), VectorName.ACOUSTIC: flat})
    with atomic_path(target) as scratch:
        pq.write_table(table, scratch, row_group_size=ROWS_AT_ONCE, compression="zstd")
    return len(codes)


def _credited_vectors(
    tracks: Path, track_vectors: Path
) -> Iterator[tuple[pa.ListArray, NDArray[np.float32]]]:
    # Both tables have every track in order of code, but their row groups differ.
    with pq.ParquetFile(tracks) as credits_file, pq.ParquetFile(track_vectors) as vectors_file:
        credits = _rechunked(credits_file, "artist_codes")
        vectors = _rechunked(vectors_file, VectorName.ACOUSTIC)
        for credit_rows, vector_rows in zip(credits, vectors, strict=True):
            matrix, usable = as_matrix(vector_rows)
            yield credit_rows.filter(pa.array(usable)), matrix[usable]


def _rechunked(file: pq.ParquetFile, column: str) -> Iterator[pa.Array]:
    # Batches never span row groups, so rests are kept for the next full chunk.
    pieces: list[pa.Array] = []
    for batch in file.iter_batches(ROWS_AT_ONCE, columns=[column]):
        pieces.append(batch.column(0))
        joined = pa.concat_arrays(pieces)
        while len(joined) >= ROWS_AT_ONCE:
            yield joined[:ROWS_AT_ONCE]
            joined = joined[ROWS_AT_ONCE:]
        pieces = [joined]
    if pieces and len(pieces[0]):
        yield pieces[0]
