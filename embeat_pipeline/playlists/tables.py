"""Read tables over the vocabulary of a corpus, for neighbour lists and for the title model."""

from pathlib import Path

import numpy as np
import polars as pl
import pyarrow.parquet as pq
from numpy.typing import NDArray
from scipy import sparse

from embeat_pipeline.interactions.playlists import membership
from embeat_pipeline.playlists.corpus import Corpus
from embeat_serve.contract.lake import LakePaths
from embeat_serve.contract.schema import VECTOR_SIZE


def playlist_matrix(corpus: Corpus) -> sparse.csr_array:
    """(playlists, v) float32, 1 where a playlist holds a track, however often."""
    return membership(corpus.offsets, corpus.words, len(corpus.track_codes))


def read_track_vectors(
    table: Path, column: str, track_codes: NDArray[np.uint32]
) -> NDArray[np.float32]:
    """(v, 64) vectors of some tracks by ascending code; zero where a track has none."""
    codes = pl.LazyFrame({"track_code": track_codes})
    rows = pl.scan_parquet(table).select("track_code", column).drop_nulls()
    found = rows.join(codes, on="track_code", how="semi").collect(engine="streaming")
    vectors = np.zeros((len(track_codes), VECTOR_SIZE), np.float32)
    places = np.searchsorted(track_codes, found["track_code"].to_numpy())
    vectors[places] = found[column].explode().to_numpy().reshape(-1, VECTOR_SIZE)
    return vectors


def read_artist_genres(lake: LakePaths, decay: float) -> sparse.csr_array:
    """(artists of the catalogue, genres) float32 weights of each artist's genres.

    Args:
        lake: with the tables.
        decay: weight of an artist's next genre, as a share of the weight of the one before.
    """
    rows = pl.read_parquet(lake.table("artist_genres"))
    shape = tuple(pq.read_metadata(lake.table(name)).num_rows for name in ("artists", "genre_map"))
    weights = rows["confidence"].to_numpy() * decay ** rows["position"].to_numpy()
    cells = (rows["artist_code"].to_numpy(), rows["genre_code"].to_numpy())
    return sparse.csr_array((weights.astype(np.float32), cells), shape=shape)
