"""Read playlists as a sparse binary matrix, and make stable random choices by hashing."""

from dataclasses import dataclass, replace
from pathlib import Path

import duckdb
import numpy as np
import polars as pl
import pyarrow.parquet as pq
from numpy.typing import NDArray
from scipy import sparse

from embeat_pipeline.common.hashing import GOLDEN_GAMMA, splitmix64


@dataclass(frozen=True)
class Playlists:
    """Which tracks each playlist holds."""

    keys: NDArray[np.uint64]
    """(n,) hash of each playlist's id. A playlist has the same key in every lake."""
    tracks: sparse.csr_array
    """(n, catalogue) float32, 1 where the playlist holds the track, indices sorted."""

    def __len__(self) -> int:
        return len(self.keys)

    @property
    def sizes(self) -> NDArray[np.int64]:
        """(n,) number of distinct tracks of each playlist."""
        return np.diff(self.tracks.indptr).astype(np.int64)

    def select(self, rows: NDArray[np.bool_] | NDArray[np.intp]) -> "Playlists":
        """The playlists of ``rows``: a mask or positions."""
        return replace(self, keys=self.keys[rows], tracks=self.tracks[rows])

    def frequency(self) -> NDArray[np.int64]:
        """(catalogue,) number of playlists each track is in."""
        return np.bincount(self.tracks.indices, minlength=self.tracks.shape[1]).astype(np.int64)


def read_playlists(path: Path, catalogue: int) -> Playlists:
    """Read a ``playlists`` table; repeated tracks count once.

    Args:
        path: the Parquet file.
        catalogue: number of tracks, so that code ``c`` is column ``c``.
    """
    rows = pl.read_parquet(path, columns=["playlist_code", "playlist_id", "source", "track_codes"])
    own = pl.format("{}/{}", "source", "playlist_code")
    ids = rows.select(pl.coalesce("playlist_id", own))["playlist_id"]
    return Playlists(id_keys(ids), lists_matrix(rows["track_codes"], catalogue))


def id_keys(ids: pl.Series) -> NDArray[np.uint64]:
    """Hash each id to 64 bits by MD5, which is the same in every version of every engine."""
    named = ids.alias("id").to_frame().with_row_index("row").to_arrow()
    with duckdb.connect() as engine:
        engine.register("named", named)
        found = engine.execute("SELECT md5_number_lower(id) AS key FROM named ORDER BY row")
        return found.fetchnumpy()["key"].astype(np.uint64)


def lists_matrix(lists: pl.Series, catalogue: int) -> sparse.csr_array:
    """``membership`` of a column of lists of codes."""
    ends = lists.list.len().fill_null(0).cast(pl.Int64).cum_sum().to_numpy()
    codes = lists.explode(empty_as_null=False, keep_nulls=False).to_numpy()
    return membership(np.concatenate([[0], ends]), codes, catalogue)


def membership(
    indptr: NDArray[np.integer], codes: NDArray[np.integer], catalogue: int
) -> sparse.csr_array:
    """Binary CSR matrix (rows, catalogue) of lists of codes, each code once per row."""
    rows = np.repeat(np.arange(len(indptr) - 1), np.diff(indptr))
    ones = np.ones(len(rows), np.float32)
    codes = codes[indptr[0] : indptr[-1]]
    matrix = sparse.csr_array((ones, (rows, codes)), shape=(len(indptr) - 1, catalogue))
    matrix.sum_duplicates()
    matrix.data[:] = 1.0
    return matrix


def catalogue_size(tracks_table: Path) -> int:
    """Number of rows of the ``tracks`` table."""
    return pq.read_metadata(tracks_table).num_rows


def mix(values: NDArray[np.uint64], seed: int = 0) -> NDArray[np.uint64]:
    """Hash 64-bit values by SplitMix64 (Steele et al. 2014); ``seed`` selects the function."""
    with np.errstate(over="ignore"):
        state = values + GOLDEN_GAMMA * np.uint64(2 * seed + 1)
    return splitmix64(state)


def uniform(keys: NDArray[np.uint64], seed: int) -> NDArray[np.float64]:
    """Draw a number in [0, 1) for each key, independent between seeds."""
    return (mix(mix(keys), seed) >> np.uint64(11)).astype(np.float64) * 2.0**-53
