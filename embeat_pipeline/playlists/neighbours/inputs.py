"""Reads what the neighbour lists are made from."""

import numpy as np
import polars as pl
import pyarrow.parquet as pq
from numpy.typing import NDArray
from scipy import sparse

from embeat_pipeline.playlists.config import NeighbourConfig
from embeat_pipeline.playlists.corpus import Corpus
from embeat_pipeline.playlists.neighbours.acoustic_bridge import sounds_of_artists
from embeat_pipeline.playlists.neighbours.item_knn import UNKNOWN, NeighbourInputs
from embeat_serve.contract.lake import LakePaths
from embeat_serve.contract.schema import VECTOR_SIZE


def read_material(lake: LakePaths, config: NeighbourConfig) -> NeighbourInputs:
    """Read the tables ``playlists``, ``playlist_vectors``, ``tracks``, ``track_vectors`` and
    ``artist_genres``."""
    corpus = Corpus.read(lake.table("playlists"), min_count=1)
    playlists = sparse.csr_array(corpus.matrix(np.ones(len(corpus.words), np.float32)))
    playlists.sum_duplicates()
    playlists.data[:] = 1
    tracks = (
        pl.scan_parquet(lake.table("tracks"))
        .select(
            pl.col("artist_codes").list.first().cast(pl.Int64).fill_null(UNKNOWN),
            pl.col("album_code").cast(pl.Int64).fill_null(UNKNOWN),
        )
        .collect()
    )
    genres = _genres(lake, config.genre_decay)
    main_artists = tracks["artist_codes"].to_numpy()
    sounds = sounds_of_artists(lake.table("track_vectors"), main_artists, genres.shape[0])
    words = corpus.track_codes.astype(np.int64)
    return NeighbourInputs(
        track_codes=corpus.track_codes,
        playlists=playlists,
        vectors=_vectors(lake, corpus.track_codes),
        artists=main_artists[words],
        albums=tracks["album_code"].to_numpy()[words],
        genres=genres,
        sounds=sounds,
    )


def _vectors(lake: LakePaths, track_codes: NDArray[np.uint32]) -> NDArray[np.float32]:
    table = pq.read_table(lake.table("playlist_vectors"))
    found = table.column("playlist").combine_chunks().flatten().to_numpy().reshape(-1, VECTOR_SIZE)
    vectors = np.zeros((len(track_codes), VECTOR_SIZE), np.float32)
    # Rare tracks may have been left out of the training, never others taken in.
    vectors[np.searchsorted(track_codes, table.column("track_code").to_numpy())] = found
    return vectors


def _genres(lake: LakePaths, decay: float) -> sparse.csr_array:
    rows = pl.read_parquet(lake.table("artist_genres"))
    shape = tuple(pq.read_metadata(lake.table(name)).num_rows for name in ("artists", "genre_map"))
    weights = rows["confidence"].to_numpy() * decay ** rows["position"].to_numpy()
    places = (rows["artist_code"].to_numpy(), rows["genre_code"].to_numpy())
    return sparse.csr_array((weights.astype(np.float32), places), shape=shape)
