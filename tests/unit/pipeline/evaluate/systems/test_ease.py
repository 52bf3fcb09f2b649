import numpy as np
import pytest

from embeat_pipeline.evaluate.systems.base import rank
from embeat_pipeline.evaluate.systems.ease import Ease, EaseOptions
from embeat_pipeline.evaluate.systems.item_knn import Popularity
from embeat_pipeline.interactions.queries import draw_queries
from embeat_pipeline.interactions.ranking_metrics import PADDING
from tests.support.themed_playlists import ndcg_of


@pytest.mark.parametrize("ridge", [2.0, 300.0])
def test_the_dual_form_equals_the_primal_form(parts, ridge):
    """Steck (2019): P = (X^T X + ridge I)^-1, and B = -P / diag(P) with a diagonal of 0."""
    train, _, test = parts
    model = Ease(train.tracks, EaseOptions(ridge))
    dense = train.tracks.toarray().astype(np.float64)[:, model.vocabulary]
    inverse = np.linalg.inv(dense.T @ dense + ridge * np.eye(dense.shape[1]))
    weights = -inverse / np.diagonal(inverse)
    np.fill_diagonal(weights, 0)
    seeds = draw_queries(test, 5).seed_matrix()
    expected = seeds.toarray()[:, model.vocabulary] @ weights
    found = model.scores(seeds)
    assert np.allclose(found, expected, rtol=1e-3, atol=1e-3 * np.abs(expected).max())


@pytest.mark.parametrize("num_seeds", [1, 5])
def test_ease_finds_themes_that_popularity_cannot(parts, num_seeds):
    train, _, test = parts
    queries = draw_queries(test, num_seeds)
    least = 2 * ndcg_of(Popularity(train.tracks), queries)
    assert ndcg_of(Ease(train.tracks, EaseOptions(20.0)), queries) > least


def test_ease_says_nothing_about_unseen_seeds(parts):
    train, _, test = parts
    model = Ease(train.tracks)
    queries = draw_queries(test, 1)
    unseen = np.setdiff1d(np.arange(1_000), model.vocabulary)
    queries.seeds[:2, 0] = unseen[:2]
    assert (rank(model, queries)[:2] == PADDING).all()
