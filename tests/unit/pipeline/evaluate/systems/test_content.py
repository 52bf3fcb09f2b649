import numpy as np
import pytest

from embeat_pipeline.evaluate.systems.base import rank
from embeat_pipeline.evaluate.systems.content import (
    ArtistCooccurrence,
    NearestVectors,
    standardised_features,
)
from embeat_pipeline.evaluate.systems.item_knn import Popularity
from embeat_pipeline.interactions.queries import draw_queries
from embeat_pipeline.interactions.ranking_metrics import PADDING
from embeat_serve.contract.audio_features import FEATURES
from tests.support.themed_playlists import ndcg_of


@pytest.mark.parametrize("num_seeds", [1, 5])
def test_artists_find_themes_that_popularity_cannot(parts, num_seeds):
    train, _, test = parts
    queries = draw_queries(test, num_seeds)
    least = 2 * ndcg_of(Popularity(train.tracks), queries)
    themes = np.arange(1_000) % 5
    assert ndcg_of(ArtistCooccurrence(train.tracks, themes), queries) > least


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
