"""Read the metadata and sound of some songs from the tables, as serving reads them from payload."""

from dataclasses import dataclass
from typing import Self

import numpy as np
import polars as pl
import pyarrow.parquet as pq
from numpy.typing import NDArray

from embeat_pipeline.ranking.config import RankingConfig
from embeat_serve.contract.lake import LakePaths
from embeat_serve.contract.schema import VECTOR_SIZE
from embeat_serve.ranking.tree_features import SongColumns


@dataclass(frozen=True)
class SongTable:
    """Some songs of a lake; 400 bytes each, however large the catalogue."""

    codes: NDArray[np.int64]
    """(n,) track codes, ascending."""
    columns: SongColumns
    related: NDArray[np.int64]
    """(n, m) codes of the artists related to each song's main artist, -1 after the last."""

    @classmethod
    def read(cls, lake: LakePaths, codes: NDArray[np.int64], config: RankingConfig) -> Self:
        """Read songs of ascending ``codes`` (n,)."""
        wanted = pl.Series("track_code", codes, pl.UInt32).to_frame()
        tracks = (
            pl.scan_parquet(lake.table("tracks"))
            .select(
                "track_code",
                "artist_codes",
                "album_code",
                pl.col("popularity").cast(pl.Float32),
                pl.col("release_year").cast(pl.Float32),
                pl.col("artist_codes").list.first().alias("artist_code"),
            )
            .join(wanted.lazy(), on="track_code", how="semi")
            .sort("track_code")
            .collect()
        )
        artists = tracks["artist_code"].cast(pl.Int64).fill_null(-1)
        columns = SongColumns(
            artists.to_numpy(),
            tracks["album_code"].cast(pl.Int64).fill_null(-1).to_numpy(),
            tracks["popularity"].fill_null(np.nan).to_numpy(),
            tracks["release_year"].fill_null(np.nan).to_numpy(),
            _read_genres(lake, tracks, config.max_genres),
            _read_vectors(lake, codes),
        )
        return cls(codes, columns, _read_related(lake, artists, config.max_related_artists))

    def rows(self, codes: NDArray[np.int64]) -> NDArray[np.intp]:
        """(m,) rows of ``codes`` (m,), which must be there."""
        return np.searchsorted(self.codes, codes)

    def select(self, rows: NDArray[np.intp]) -> SongColumns:
        """The songs of some rows."""
        return SongColumns._make(column[rows] for column in self.columns)

    def related_of(self, rows: NDArray[np.intp]) -> NDArray[np.int64]:
        """See ``tree_features.related_codes``."""
        codes = self.related[rows].ravel()
        return codes[codes >= 0]


def _read_genres(lake: LakePaths, tracks: pl.DataFrame, most: int) -> NDArray[np.int64]:
    """(n, most) genres of the first artist in each song's credits that has any, best first."""
    genres = (
        pl.scan_parquet(lake.table("artist_genres"))
        .filter(pl.col("position") < most)
        .sort("artist_code", "position")
        .group_by("artist_code", maintain_order=True)
        .agg(pl.col("genre_code").cast(pl.Int64))
        .collect()
    )
    credits = (
        tracks.with_row_index("row")
        .select("row", "artist_codes")
        .explode("artist_codes")
        .rename({"artist_codes": "artist_code"})
        .join(genres, on="artist_code", how="inner", maintain_order="left")
        .unique("row", keep="first", maintain_order=True)
    )
    return _padded(credits["row"].to_numpy(), credits["genre_code"], len(tracks), most)


def _read_related(lake: LakePaths, artists: pl.Series, most: int) -> NDArray[np.int64]:
    related = (
        pl.scan_parquet(lake.table("related_artists"))
        .filter(pl.col("artist_code") != pl.col("related_artist_code"))
        .sort("artist_code", "rank", "related_artist_code")
        .group_by("artist_code", maintain_order=True)
        .agg(pl.col("related_artist_code").cast(pl.Int64).head(most))
        .with_columns(pl.col("artist_code").cast(pl.Int64))
        .collect()
    )
    rows = (
        artists.alias("artist_code")
        .to_frame()
        .with_row_index("row")
        .join(related, on="artist_code", how="inner", maintain_order="left")
    )
    return _padded(rows["row"].to_numpy(), rows["related_artist_code"], len(artists), most)


def _padded(
    rows: NDArray[np.integer], lists: pl.Series, number: int, most: int
) -> NDArray[np.int64]:
    """(number, most) the lists of some rows, -1 after the last value of each."""
    padded = np.full((number, most), -1)
    sizes = lists.list.len().to_numpy()
    row = np.repeat(rows, sizes)
    place = np.arange(len(row)) - np.repeat(np.cumsum(sizes) - sizes, sizes).astype(np.int64)
    padded[row, place] = lists.explode(empty_as_null=False).to_numpy()
    return padded


def _read_vectors(lake: LakePaths, codes: NDArray[np.int64]) -> NDArray[np.float32]:
    """(n, 64) unit vectors, 0 where there is none; rows of the table are read in batches."""
    vectors = np.zeros((len(codes), VECTOR_SIZE), np.float32)
    start = 0
    with pq.ParquetFile(lake.table("track_vectors")) as file:
        for batch in file.iter_batches(columns=["acoustic"]):
            column = batch.column(0)
            first, last = np.searchsorted(codes, [start, start + len(column)])
            chosen = column.take(codes[first:last] - start)
            is_valid = np.asarray(chosen.is_valid())
            # Flattening leaves out nulls.
            values = chosen.flatten().to_numpy().reshape(-1, VECTOR_SIZE)
            vectors[first + np.flatnonzero(is_valid)] = values
            start += len(column)
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.where(lengths > 0, lengths, 1), np.float32)
