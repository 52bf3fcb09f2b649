import numpy as np
import pytest

from embeat_pipeline.evaluate.systems.content import (
    ArtistCooccurrence,
    NearestVectors,
    standardised_features,
)
from embeat_pipeline.evaluate.systems.item_knn import (
    ItemKnn,
    ItemKnnOptions,
    Popularity,
    rank,
    top_columns,
)
from embeat_pipeline.evaluate.systems.matrix_factorization import (
    Als,
    AlsOptions,
    SvdOptions,
    TruncatedSvd,
)
from embeat_pipeline.interactions.queries import draw_queries
from embeat_pipeline.interactions.ranking_metrics import PADDING, ranking_metrics
from embeat_pipeline.interactions.split import SplitOptions, split_playlists
from embeat_serve.contract.audio_features import FEATURES


@pytest.fixture(scope="module")
def parts(themed_playlists):
    split = split_playlists(themed_playlists, SplitOptions(test_share=0.2, validation_share=0.2))
    return tuple(themed_playlists.select(m) for m in (split.train, split.validation, split.test))


def quality(scorer, queries):
    ranked = rank(scorer, queries)
    assert not (ranked[:, :, None] == queries.seeds[:, None, :]).any(), "a seed was recommended"
    return ranking_metrics(ranked, queries.targets)["ndcg@20"].mean()


@pytest.mark.parametrize("num_seeds", [1, 5])
def test_every_model_finds_themes_that_popularity_cannot(parts, num_seeds):
    train, _, test = parts
    queries = draw_queries(test, num_seeds)
    least = 2 * quality(Popularity(train.tracks), queries)
    themes = np.arange(1_000) % 5
    assert quality(ItemKnn(train.tracks), queries) > least
    assert quality(TruncatedSvd(train.tracks, SvdOptions(factors=8)), queries) > least
    assert quality(ArtistCooccurrence(train.tracks, themes), queries) > least


def test_als_finds_themes(parts):
    pytest.importorskip("implicit", reason="implicit is not installed (extra evaluate)")
    train, _, test = parts
    queries = draw_queries(test, 5)
    model = Als(train.tracks, AlsOptions(factors=8))
    assert quality(model, queries) > 2 * quality(Popularity(train.tracks), queries)


def test_item_knn_is_the_shrunk_cosine(parts):
    train = parts[0].tracks
    options = ItemKnnOptions(shrinkage=3.0, neighbours=10_000, popularity=0.25)
    model = ItemKnn(train, options)
    dense = train.toarray().astype(np.float64)
    together, frequency = dense.T @ dense, dense.sum(axis=0)
    expected = together / (np.sqrt(np.outer(frequency, frequency)) + 3.0) * frequency**0.25
    seeds = draw_queries(parts[2], 5).seed_matrix()
    found = model.scores(seeds)
    wanted = (seeds.toarray() @ expected)[:, model.vocabulary]
    assert np.allclose(np.where(np.isinf(found), 0, found), wanted, rtol=1e-4)


def test_item_knn_says_nothing_about_unseen_seeds(parts):
    train, _, test = parts
    model = ItemKnn(train.tracks)
    queries = draw_queries(test, 1)
    unseen = np.setdiff1d(np.arange(1_000), model.vocabulary)
    queries.seeds[:2, 0] = unseen[:2]
    assert (rank(model, queries)[:2] == PADDING).all()


def test_blocks_of_queries_do_not_change_the_lists(parts, monkeypatch):
    train, _, test = parts
    queries = draw_queries(test, 5)
    model = ItemKnn(train.tracks)
    whole = rank(model, queries)
    monkeypatch.setattr("embeat_pipeline.evaluate.systems.item_knn.BLOCK_SCORES", 3_000)
    assert np.array_equal(whole, rank(model, queries))


def test_ties_go_to_the_lower_code():
    assert top_columns(np.array([[1, 3, 1, 3]], np.float32), 3).tolist() == [[1, 3, 0]]


def test_standardised_features_are_scaled_and_missing_values_neutral():
    random = np.random.default_rng(0)
    columns = {name: random.random(500) for name in FEATURES}
    columns["key"] = random.integers(0, 12, 500).astype(float)
    columns["tempo"] = random.uniform(60, 200, 500)
    columns["mode"] = random.integers(0, 2, 500).astype(float)
    columns["time_signature"] = random.integers(3, 6, 500).astype(float)
    columns["energy"][3] = np.nan
    found = standardised_features(columns)
    assert found.shape == (500, 12)
    assert np.isfinite(found).all()
    assert np.allclose(found.mean(axis=0), 0, atol=1e-3)
    assert np.flatnonzero(found[3] == 0).tolist() == [2 + list(columns).index("energy") - 1]


def test_nearest_vectors_ranks_by_cosine(parts):
    vectors = np.random.default_rng(1).normal(size=(1_000, 6)).astype(np.float32)
    vectors[::7] = 0
    queries = draw_queries(parts[2], 1)
    ranked = rank(NearestVectors(vectors), queries, k=10)
    assert not np.isin(ranked, np.arange(0, 1_000, 7)).any()
    unit = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
    row = np.flatnonzero(queries.seeds[:, 0] % 7)[0]
    cosine = unit @ unit[queries.seeds[row, 0]]
    assert (np.diff(cosine[ranked[row]]) <= 1e-6).all()
    assert (ranked[queries.seeds[:, 0] % 7 == 0] == PADDING).all()
