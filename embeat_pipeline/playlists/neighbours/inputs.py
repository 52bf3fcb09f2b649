"""Read the tables that neighbour lists are computed from."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy import sparse

from embeat_pipeline.common.parquet import read_vectors
from embeat_pipeline.playlists.config import NeighbourConfig
from embeat_pipeline.playlists.corpus import Corpus
from embeat_pipeline.playlists.neighbours.acoustic_bridge import mean_artist_vectors
from embeat_pipeline.playlists.tables import (
    playlist_matrix,
    read_artist_genres,
    read_track_vectors,
)
from embeat_serve.contract.lake import LakePaths

UNKNOWN = -1
"""Code of an artist or album that the catalogue does not know."""


@dataclass(frozen=True)
class NeighbourInputs:
    """Playlists over a vocabulary of v tracks, ``max_tracks`` at most, with metadata of these."""

    track_codes: NDArray[np.uint32]
    """(v,) ascending; a word is an index into them."""
    playlists: sparse.csr_array
    """(playlists, v) float32, 1 where a playlist holds a track, however often."""
    vectors: NDArray[np.float32]
    """(v, d) Track2Vec vectors, their lengths the candidate weights; zero where there is none."""
    artists: NDArray[np.int64]
    """(v,) code of each track's main artist, or ``UNKNOWN``."""
    albums: NDArray[np.int64]
    """(v,) code of each track's album, or ``UNKNOWN``."""
    genres: sparse.csr_array
    """(artists of the catalogue, genres) float32 weights of each artist's genres."""
    genre_vectors: NDArray[np.float32]
    """(genres, 32) see ``schemas.GENRE_VECTORS``."""
    related: sparse.csr_array
    """(artists of the catalogue, as many) float32, 1 where either names the other as related: 16
    bytes a pair, so 640 MB for two million artists with twenty each."""
    artist_vectors: NDArray[np.float32]
    """(artists of the catalogue, d) acoustic unit vectors; zero where an artist has none."""

    @cached_property
    def counts(self) -> NDArray[np.float32]:
        """(v,) number of playlists that hold each track."""
        counts = np.bincount(self.playlists.indices, minlength=len(self.track_codes))
        return counts.astype(np.float32)

    @cached_property
    def by_track(self) -> sparse.csr_array:
        """(v, playlists) transpose of ``playlists``."""
        return sparse.csr_array(self.playlists.T)

    @cached_property
    def lengths(self) -> NDArray[np.float32]:
        """(playlists,) number of tracks in each playlist, at least 1."""
        return np.maximum(np.diff(self.playlists.indptr), 1).astype(np.float32)


def read_inputs(lake: LakePaths, config: NeighbourConfig) -> NeighbourInputs:
    """Read the tables of ``config.NEIGHBOUR_INPUTS`` from the lake."""
    corpus, _ = Corpus.read(lake.table("playlists"), min_count=1).most_frequent(config.max_tracks)
    tracks = (
        pl.scan_parquet(lake.table("tracks"))
        .select(
            pl.col("artist_codes").list.first().cast(pl.Int64).fill_null(UNKNOWN),
            pl.col("album_code").cast(pl.Int64).fill_null(UNKNOWN),
        )
        .collect()
    )
    genres = read_artist_genres(lake, config.genre_decay)
    main_artists = tracks["artist_codes"].to_numpy()
    words = corpus.track_codes.astype(np.int64)
    return NeighbourInputs(
        track_codes=corpus.track_codes,
        playlists=playlist_matrix(corpus),
        # Training may leave out rare tracks; they have no vector.
        vectors=read_track_vectors(lake.table("playlist_vectors"), "playlist", corpus.track_codes),
        artists=main_artists[words],
        albums=tracks["album_code"].to_numpy()[words],
        genres=genres,
        genre_vectors=read_vectors(lake.table("genre_vectors"), "vector"),
        related=_read_related(lake, genres.shape[0]),
        artist_vectors=mean_artist_vectors(
            lake.table("track_vectors"), main_artists, genres.shape[0]
        ),
    )


def _read_related(lake: LakePaths, artists: int) -> sparse.csr_array:
    rows = pl.read_parquet(
        lake.table("related_artists"), columns=["artist_code", "related_artist_code"]
    )
    one, other = (rows[name].to_numpy().astype(np.int64) for name in rows.columns)
    cells = (np.concatenate([one, other]), np.concatenate([other, one]))
    ones = np.ones(2 * len(rows), np.float32)
    related = sparse.csr_array((ones, cells), shape=(artists, artists))
    related.sum_duplicates()
    related.data[:] = 1
    return related
