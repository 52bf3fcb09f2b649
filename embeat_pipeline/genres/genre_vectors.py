"""Train genre vectors: genres that go together point in the same direction.

Two genres go together where one artist lists both, and where artists who list them are related.
Few songs have a micro-genre in common with a seed; vectors tell which of the others are near it.
A vector is a row of positive pointwise mutual information (Church and Hanks 1990; contexts smoothed
as in Levy et al. 2015), scaled to length 1 and projected by a singular value decomposition.
"""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray
from scipy import sparse

from embeat_pipeline.common.fingerprint import fingerprint
from embeat_pipeline.common.parquet import write_table
from embeat_pipeline.common.schemas import GENRE_VECTORS
from embeat_pipeline.common.stage_cache import is_current, made_metadata, mark_current
from embeat_pipeline.genres.config import GenreVectorOptions
from embeat_pipeline.genres.session import open_session, run_sql
from embeat_serve.contract.lake import LakePaths
from embeat_serve.contract.schema import GENRE_VECTOR_SIZE

INPUTS = ("artist_genres", "genre_map", "related_artists")


def write_genre_vectors(
    lake: LakePaths, options: GenreVectorOptions = GenreVectorOptions()
) -> dict[str, Any]:
    """Write the table ``genre_vectors``: a row for every genre; 0 where nothing tells of it.

    Returns:
        ``genres``; ``known``, those with a vector; ``pairs`` of genres that go together.
        ``unchanged`` if nothing had to be done.
    """
    output = lake.table("genre_vectors")
    inputs = {name: lake.table(name) for name in INPUTS}
    key = fingerprint(__name__, settings=asdict(options), inputs=inputs.values())
    if is_current([output], key):
        return {**made_metadata(output), "unchanged": True}
    genres = pq.read_metadata(inputs["genre_map"]).num_rows
    pairs = read_pairs(inputs["artist_genres"], inputs["related_artists"], genres, options)
    vectors = embed(pairs, options)
    values = pa.array(vectors.ravel(), pa.float32())
    column = pa.FixedSizeListArray.from_arrays(values, GENRE_VECTOR_SIZE)
    codes = pa.array(np.arange(genres), pa.uint32())
    write_table(output, GENRE_VECTORS, [pa.table({"genre_code": codes, "vector": column})])
    known = int(vectors.any(axis=1).sum())
    metadata = {"genres": genres, "known": known, "pairs": pairs.nnz, "parameters": asdict(options)}
    mark_current([output], key, metadata)
    return metadata


def read_pairs(
    artist_genres: Path, related_artists: Path, genres: int, options: GenreVectorOptions
) -> sparse.csr_array:
    """(genres, genres) how often two genres go together, in artists; the diagonal counts too.

    Some 50 pairs a genre in the real dump: 12 bytes each.
    """
    tables = {"artist_genres": str(artist_genres), "related_artists": str(related_artists)}
    settings = {"genres_per_artist": options.genres_per_artist}
    with open_session(options.memory_limit) as database:
        columns = run_sql(database, "genre_pairs", tables | settings).fetchnumpy()
    cells = tuple(columns[name].astype(np.int64) for name in ("genre_code", "other_genre_code"))
    return sparse.csr_array((columns["weight"], cells), shape=(genres, genres))


def embed(pairs: sparse.csr_array, options: GenreVectorOptions) -> NDArray[np.float32]:
    """(genres, 32) vectors of length 0..1: how much of a genre's row they keep.

    Args:
        pairs: (genres, genres), see ``read_pairs``.
        options: smoothing and seed.
    """
    from sklearn.utils.extmath import randomized_svd
    from threadpoolctl import threadpool_limits

    rows = mutual_information(pairs, options)
    vectors = np.zeros((pairs.shape[0], GENRE_VECTOR_SIZE), np.float32)
    size = min(GENRE_VECTOR_SIZE, pairs.shape[0])
    if not rows.nnz:
        return vectors
    # Threads add up sums in an order of their own: with one, results are always the same.
    with threadpool_limits(1):
        left, strengths, _ = randomized_svd(rows, size, random_state=options.seed)
    vectors[:, :size] = left * strengths
    return vectors


LEAST_INFORMATION = 1e-9
"""Pointwise mutual information, in nats, below which it is an error of rounding."""


def mutual_information(pairs: sparse.csr_array, options: GenreVectorOptions) -> sparse.csr_array:
    """Positive pointwise mutual information of pairs, each row of length 1 (or 0).

    What few artists tell counts less: a weight w counts w / (w + ``support_shift``).
    """
    cells = pairs.tocoo()
    own = np.asarray(pairs.sum(axis=1)).ravel()
    other = np.asarray(pairs.sum(axis=0)).ravel() ** options.context_exponent
    expected = own[cells.row] * other[cells.col] / max(other.sum(), 1e-12)
    information = np.log(np.maximum(cells.data, 1e-12) / np.maximum(expected, 1e-12))
    support = cells.data / (cells.data + options.support_shift)
    # Logarithms of what is as frequent as expected are no exact zeros.
    values = np.where(information > LEAST_INFORMATION, information, 0) * support
    rows = sparse.csr_array((values, (cells.row, cells.col)), shape=pairs.shape)
    rows.eliminate_zeros()
    lengths = np.sqrt(np.asarray(rows.multiply(rows).sum(axis=1)).ravel())
    return sparse.csr_array(rows.multiply(1 / np.where(lengths > 0, lengths, 1)[:, None]))
