import shutil
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from scipy import sparse

from embeat_pipeline.interactions.playlists import (
    catalogue_size,
    membership,
    read_playlists,
)
from embeat_pipeline.playlists.titles.config import TITLE_INPUTS, TitleConfig
from embeat_pipeline.playlists.titles.title_model import (
    fit_title_model,
    model_path,
    playlist_queries,
    ridge,
    write_title_model,
)
from embeat_serve.contract.lake import LakePaths
from embeat_serve.titles.title_model import TitleModel


@pytest.fixture
def lake(published_lake: LakePaths, tmp_path: Path) -> LakePaths:
    copy = LakePaths(tmp_path / "lake")
    copy.tables.mkdir(parents=True)
    for name in TITLE_INPUTS:
        shutil.copyfile(published_lake.table(name), copy.table(name))
    return copy


def test_a_query_finds_the_tracks_of_its_playlist():
    random = np.random.default_rng(0)
    vectors = random.normal(size=(40, 64)).astype(np.float32)
    vectors /= 2 * np.linalg.norm(vectors, axis=1, keepdims=True)
    playlists = membership(np.arange(0, 41, 8), random.permutation(40), 40)
    queries = playlist_queries(playlists, vectors, smoothing=0.01)
    assert np.linalg.norm(queries, axis=1) == pytest.approx(np.ones(5), rel=1e-5)
    scores = queries @ vectors.T
    held = playlists.toarray() > 0
    for row in range(5):
        assert scores[row][held[row]].min() > scores[row][~held[row]].max()


def test_a_term_says_what_its_titles_share():
    terms = sparse.csr_array(np.array([[1, 0], [1, 0], [0, 1], [0, 1]], np.float32))
    points = np.array([[1, 0], [1, 0], [0, 1], [0, 1]], np.float32)
    parts = ridge(terms, points, regularization=2.0)
    assert parts == pytest.approx(np.eye(2) / 2, abs=1e-3)


def test_a_title_finds_the_songs_of_playlists_so_called(lake: LakePaths):
    model, found = fit_title_model(lake, TitleConfig())
    assert found["terms"] > 100
    names = pl.read_parquet(lake.table("playlists"), columns=["name"])["name"]
    playlists = read_playlists(lake.table("playlists"), catalogue_size(lake.table("tracks")))
    vectors = pl.read_parquet(lake.table("playlist_vectors"))
    codes, matrix = vectors["track_code"].to_numpy(), vectors["playlist"].to_numpy()
    chance, hits = [], []
    for row in range(0, len(names), 10):
        profile = model.profile(names[row])
        if not profile.is_known:
            continue
        best = codes[np.argsort(-(matrix @ profile.playlist))[:20]]
        held = playlists.tracks[[row]].indices
        hits.append(np.isin(best, held).mean())
        chance.append(len(held) / len(codes))
    assert len(hits) > 20
    assert np.mean(hits) > 10 * np.mean(chance)


def test_the_model_is_written_once_and_the_same_again(lake: LakePaths):
    made = write_title_model(lake)
    content = model_path(lake).read_bytes()
    assert made["playlists"] > 0
    assert write_title_model(lake)["unchanged"]
    assert "unchanged" not in write_title_model(lake, TitleConfig(regularization=1.0))
    assert model_path(lake).read_bytes() != content
    write_title_model(lake)
    assert model_path(lake).read_bytes() == content


def test_playlists_without_names_make_a_model_that_knows_no_title(lake: LakePaths):
    path = lake.table("playlists")
    nameless = pl.read_parquet(path).with_columns(name=pl.lit(None, pl.String))
    nameless.write_parquet(path)
    assert write_title_model(lake) == {"playlists": 0, "terms": 0, "phrases": 0}
    model = TitleModel.from_bytes(model_path(lake).read_bytes())
    assert not model.profile("rock").is_known


def test_of_too_many_playlists_a_sample_counts(lake: LakePaths):
    config = TitleConfig(max_playlists=100)
    (one, found), (other, _) = (fit_title_model(lake, config) for _ in range(2))
    assert found["playlists"] == 100
    assert one.to_bytes() == other.to_bytes()
