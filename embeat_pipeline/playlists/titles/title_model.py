"""Learn what music is played in playlists of a title: write ``models/title_model.npz``.

Every playlist is a point in three spaces: the direction that finds its tracks among the playlist
vectors, its mean sound, its mean genre. Ridge regression (Hoerl and Kennard 1970) from the terms of
its title to these points gives every term its part. Serving adds up the parts of a title's terms
(``embeat_serve.titles.title_model``).
"""

from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy import sparse

from embeat_pipeline.common.atomic import atomic_path
from embeat_pipeline.common.fingerprint import fingerprint
from embeat_pipeline.common.parquet import read_vectors
from embeat_pipeline.common.stage_cache import is_current, made_metadata, mark_current
from embeat_pipeline.playlists.corpus import Corpus
from embeat_pipeline.playlists.tables import (
    playlist_matrix,
    read_artist_genres,
    read_track_vectors,
)
from embeat_pipeline.playlists.titles.config import TITLE_INPUTS, TitleConfig
from embeat_pipeline.playlists.titles.phrases import count_tracks
from embeat_pipeline.playlists.titles.terms import read_terms
from embeat_serve.contract.lake import LakePaths
from embeat_serve.contract.manifest import ReleaseFile
from embeat_serve.titles.title_model import TitleModel

DEFAULT_CONFIG = TitleConfig()


def model_path(lake: LakePaths) -> Path:
    """File of the model, which the next release takes over."""
    return lake.models / ReleaseFile.TITLE_MODEL


def write_title_model(lake: LakePaths, config: TitleConfig = DEFAULT_CONFIG) -> dict[str, Any]:
    """Write the title model; one that knows no title where no playlist has a name.

    Returns:
        ``playlists`` that it learned from, ``terms`` and ``phrases``.
    """
    output = model_path(lake)
    inputs = [lake.table(name) for name in TITLE_INPUTS]
    key = fingerprint(__name__, settings=asdict(config), inputs=inputs)
    if is_current([output], key):
        return {**made_metadata(output), "unchanged": True}
    model, metadata = fit_title_model(lake, config)
    with atomic_path(output) as scratch:
        scratch.write_bytes(model.to_bytes())
    mark_current([output], key, metadata)
    return metadata


def fit_title_model(lake: LakePaths, config: TitleConfig) -> tuple[TitleModel, dict[str, Any]]:
    """Fit the title model; see ``write_title_model`` for what is returned with it."""
    names = pl.read_parquet(lake.table("playlists"), columns=["name"])["name"]
    corpus = Corpus.read(lake.table("playlists"), min_count=1)
    chosen = _sample(np.flatnonzero((corpus.lengths > 0) & names.is_not_null().to_numpy()), config)
    is_chosen = np.zeros(len(names), bool)
    is_chosen[chosen] = True
    names, corpus = names.gather(chosen), corpus.select(is_chosen)[0]
    playlists, codes = playlist_matrix(corpus), corpus.track_codes
    with TemporaryDirectory(prefix=".titles-", dir=lake.root) as spill:
        titles = read_terms(names, config, Path(spill))
        phrases = count_tracks(names, playlists, codes, config, Path(spill))
    if not len(titles.terms):
        return TitleModel.empty(), {"playlists": 0, "terms": 0, "phrases": 0}
    points = _points(lake, playlists, codes, config)
    mean = points.mean(axis=0)
    weights = ridge(titles.matrix, points - mean, config.regularization)
    model = TitleModel(
        titles.terms,
        titles.rarity,
        np.array([titles.unknown_rarity], np.float32),
        weights.astype(np.float16),
        mean,
        phrases,
    )
    counts = {"terms": len(titles.terms), "phrases": len(phrases.keys)}
    return model, {"playlists": len(chosen), **counts}


def ridge(
    terms: sparse.csr_array, points: NDArray[np.float32], regularization: float
) -> NDArray[np.float32]:
    """(t, d) parts of t terms, so that a title's terms add up to its point.

    Args:
        terms: (titles, t), see ``TitleTerms.matrix``.
        points: (titles, d), their mean taken off.
        regularization: titles that a term must be in for half of what they say to count.
    """
    from sklearn.linear_model import Ridge

    solver = Ridge(alpha=regularization, solver="sparse_cg", fit_intercept=False, tol=1e-4)
    return np.asarray(solver.fit(sparse.csr_matrix(terms), points).coef_.T, np.float32)


def playlist_queries(
    playlists: sparse.csr_array, vectors: NDArray[np.float32], smoothing: float
) -> NDArray[np.float32]:
    """(p, 64) unit directions that find the tracks of playlists among playlist vectors.

    With candidates Z, vectors whose weights (lengths) count twice, they are the rows of
    W Z (Z^T Z + a I)^-1: ridge regression of each playlist's tracks on the candidates, so that what
    all playlists share does not lead.

    Args:
        playlists: W, (p, v) 1 where a playlist holds a track.
        vectors: (v, 64) playlist vectors.
        smoothing: a, as a share of the mean of the diagonal of Z^T Z.
    """
    candidates = vectors * np.linalg.norm(vectors, axis=1, keepdims=True)
    gram = candidates.T @ candidates
    gram += smoothing * np.trace(gram) / len(gram) * np.eye(len(gram), dtype=gram.dtype)
    return _unit_rows(np.linalg.solve(gram, (playlists @ candidates).T).T)


def _points(
    lake: LakePaths,
    playlists: sparse.csr_array,
    codes: NDArray[np.uint32],
    config: TitleConfig,
) -> NDArray[np.float32]:
    """(p, 160) points of playlists, in the order of ``SPACES``.

    One space after the other: the vectors of a space take 256 bytes for each track, 2 GB for 8
    million.
    """
    vectors = read_track_vectors(lake.table("playlist_vectors"), "playlist", codes)
    queries = playlist_queries(playlists, vectors, config.smoothing)
    sounds = _unit_rows(
        playlists @ read_track_vectors(lake.table("track_vectors"), "acoustic", codes)
    )
    genres = _unit_rows(playlists @ _genres_of_tracks(lake, codes, config))
    return np.concatenate([queries, sounds, genres], axis=1).astype(np.float32)


def _genres_of_tracks(
    lake: LakePaths, track_codes: NDArray[np.uint32], config: TitleConfig
) -> NDArray[np.float32]:
    """(v, 32) mean genre vectors of the main artists of tracks; zero where unknown."""
    artists = (
        pl.scan_parquet(lake.table("tracks"))
        .select("track_code", artist=pl.col("artist_codes").list.first().cast(pl.Int64))
        .join(pl.LazyFrame({"track_code": track_codes}), on="track_code", how="semi")
        .sort("track_code")
        .collect(engine="streaming")["artist"]
    )
    weights = read_artist_genres(lake, config.genre_decay)
    of_artists = _unit_rows(weights @ read_vectors(lake.table("genre_vectors"), "vector"))
    unknown = np.zeros((1, of_artists.shape[1]), np.float32)
    return np.concatenate([of_artists, unknown])[artists.fill_null(-1).to_numpy()]


def _unit_rows(matrix: NDArray[np.float32]) -> NDArray[np.float32]:
    lengths = np.linalg.norm(matrix, axis=1, keepdims=True)
    return np.asarray(matrix / np.maximum(lengths, 1e-9), np.float32)


def _sample(playlists: NDArray[np.intp], config: TitleConfig) -> NDArray[np.intp]:
    """Up to ``max_playlists`` of the playlists, ascending."""
    if len(playlists) <= config.max_playlists:
        return playlists
    random = np.random.default_rng(config.seed)
    return np.sort(random.choice(playlists, config.max_playlists, replace=False))
