"""Learn what music is played in playlists of a title: write ``models/title_model.npz``.

Every playlist is a point in three spaces: the direction that finds its tracks among the playlist
vectors, its mean sound, its mean genre. Ridge regression (Hoerl and Kennard 1970) from the terms of
its title to these points gives every term its part. Serving adds up the parts of a title's terms
(``embeat_serve.titles.title_model``).
"""

from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy import sparse

from embeat_pipeline.common.atomic import atomic_path
from embeat_pipeline.common.fingerprint import fingerprint
from embeat_pipeline.common.parquet import read_vectors
from embeat_pipeline.common.stage_cache import is_current, made_metadata, mark_current
from embeat_pipeline.playlists.config import TITLE_INPUTS, TitleConfig
from embeat_pipeline.playlists.corpus import Corpus
from embeat_pipeline.playlists.titles.terms import read_terms
from embeat_serve.contract.lake import LakePaths
from embeat_serve.contract.manifest import ReleaseFile
from embeat_serve.contract.schema import VECTOR_SIZE
from embeat_serve.titles.title_model import TitleModel

DEFAULT_CONFIG = TitleConfig()


def model_path(lake: LakePaths) -> Path:
    """File of the model, which the next release takes over."""
    return lake.models / ReleaseFile.TITLE_MODEL


def write_title_model(lake: LakePaths, config: TitleConfig = DEFAULT_CONFIG) -> dict[str, Any]:
    """Write the title model; one that knows no title where no playlist has a name.

    Returns:
        ``playlists`` that it learned from, and ``terms``.
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
    with TemporaryDirectory(prefix=".titles-", dir=lake.root) as spill:
        titles = read_terms(names.gather(chosen), config, Path(spill))
    if not len(titles.terms):
        return TitleModel.empty(), {"playlists": 0, "terms": 0}
    points = _points(lake, corpus, chosen, config)
    mean = points.mean(axis=0)
    weights = ridge(titles.matrix, points - mean, config.regularization)
    model = TitleModel(
        titles.terms,
        titles.rarity,
        np.array([titles.unknown_rarity], np.float32),
        weights.astype(np.float16),
        mean,
    )
    return model, {"playlists": len(chosen), "terms": len(titles.terms)}


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


class _Tracks(NamedTuple):
    """Vectors of the v tracks of a corpus; zero where a track has none."""

    playlist: NDArray[np.float32]
    acoustic: NDArray[np.float32]
    genre: NDArray[np.float32]


def _points(
    lake: LakePaths, corpus: Corpus, chosen: NDArray[np.intp], config: TitleConfig
) -> NDArray[np.float32]:
    """(p, 160) points of the chosen playlists, in the order of ``SPACES``."""
    playlists = sparse.csr_array(corpus.matrix(np.ones(len(corpus.words), np.float32)))[chosen]
    playlists.sum_duplicates()
    playlists.data[:] = 1
    tracks = _read_tracks(lake, corpus)
    return np.concatenate(
        [
            playlist_queries(playlists, tracks.playlist, config.smoothing),
            _unit_rows(playlists @ tracks.acoustic),
            _unit_rows(playlists @ tracks.genre),
        ],
        axis=1,
    ).astype(np.float32)


def _read_tracks(lake: LakePaths, corpus: Corpus) -> _Tracks:
    """Vectors of the tracks in playlists: 640 bytes each, 5 GB for 8 million."""
    codes = pl.DataFrame({"track_code": corpus.track_codes})
    columns = {"playlist_vectors": "playlist", "track_vectors": "acoustic"}
    playlist, acoustic = (
        _rows_of(
            pl.scan_parquet(lake.table(table)).join(codes.lazy(), on="track_code", how="semi"),
            corpus.track_codes,
            column,
        )
        for table, column in columns.items()
    )
    main_artists = (
        pl.scan_parquet(lake.table("tracks"))
        .select("track_code", pl.col("artist_codes").list.first().alias("artist_code"))
        .join(codes.lazy(), on="track_code", how="semi")
        .sort("track_code")
        .collect(engine="streaming")["artist_code"]
    )
    of_artists = _artist_genres(lake)
    known = main_artists.fill_null(len(of_artists) - 1).to_numpy().astype(np.int64)
    return _Tracks(playlist, acoustic, of_artists[known])


def _rows_of(
    rows: pl.LazyFrame, track_codes: NDArray[np.uint32], column: str
) -> NDArray[np.float32]:
    found = rows.select("track_code", column).drop_nulls().collect(engine="streaming")
    vectors = np.zeros((len(track_codes), VECTOR_SIZE), np.float32)
    places = np.searchsorted(track_codes, found["track_code"].to_numpy())
    vectors[places] = found[column].explode().to_numpy().reshape(-1, VECTOR_SIZE)
    return vectors


def _artist_genres(lake: LakePaths) -> NDArray[np.float32]:
    """(artists + 1, 32) mean genre vectors of artists, zero for unknown ones and the last."""
    genres = read_vectors(lake.table("genre_vectors"), "vector")
    rows = pl.read_parquet(
        lake.table("artist_genres"), columns=["artist_code", "genre_code", "score"]
    )
    artists = pl.scan_parquet(lake.table("artists")).select(pl.len()).collect().item()
    cells = (rows["artist_code"].to_numpy(), rows["genre_code"].to_numpy())
    shape = (artists + 1, len(genres))
    weights = sparse.csr_array((rows["score"].to_numpy().astype(np.float32), cells), shape=shape)
    return _unit_rows(weights @ genres)


def _unit_rows(matrix: NDArray[np.float32]) -> NDArray[np.float32]:
    lengths = np.linalg.norm(matrix, axis=1, keepdims=True)
    return np.asarray(matrix / np.maximum(lengths, 1e-9), np.float32)


def _sample(playlists: NDArray[np.intp], config: TitleConfig) -> NDArray[np.intp]:
    """Up to ``max_playlists`` of the playlists, ascending."""
    if len(playlists) <= config.max_playlists:
        return playlists
    random = np.random.default_rng(config.seed)
    return np.sort(random.choice(playlists, config.max_playlists, replace=False))
