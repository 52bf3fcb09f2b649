import numpy as np
import pytest
from implicit.cpu.als import AlternatingLeastSquares
from scipy import sparse
from threadpoolctl import threadpool_limits

from embeat_pipeline.evaluate.systems.item_knn import Popularity
from embeat_pipeline.evaluate.systems.matrix_factorization import (
    Als,
    SvdOptions,
    TruncatedSvd,
)
from embeat_pipeline.interactions.implicit_als import AlsOptions
from embeat_pipeline.interactions.queries import draw_queries
from tests.support.themed_playlists import ndcg_of


@pytest.mark.parametrize("num_seeds", [1, 5])
def test_svd_finds_themes_that_popularity_cannot(parts, num_seeds):
    train, _, test = parts
    queries = draw_queries(test, num_seeds)
    least = 2 * ndcg_of(Popularity(train.tracks), queries)
    assert ndcg_of(TruncatedSvd(train.tracks, SvdOptions(factors=8)), queries) > least


def test_als_scores_a_query_as_a_user_with_its_seeds(parts):
    """The normal equations of Hu, Koren & Volinsky (2008), solved densely."""
    train, _, test = parts
    options = AlsOptions(factors=8, regularization=0.5, alpha=10.0, iterations=3)
    model = Als(train.tracks, options)
    matrix = train.tracks[:, model.vocabulary].tocsr()
    reference = AlternatingLeastSquares(
        factors=8, regularization=0.5, alpha=10.0, iterations=3, random_state=0
    )
    with threadpool_limits(1, "blas"):
        reference.fit(sparse.csr_matrix(matrix), show_progress=False)
    items = np.asarray(reference.item_factors, np.float64)
    seeds = draw_queries(test, 5).seed_matrix()
    row = seeds.toarray()[0, model.vocabulary]
    confidence = np.diag(1 + (options.alpha - 1) * row)
    left = items.T @ confidence @ items + options.regularization * np.eye(8)
    user = np.linalg.solve(left, items.T @ (options.alpha * row))
    assert np.allclose(model.scores(seeds)[0], items @ user, atol=1e-4)


def test_als_finds_themes(parts):
    train, _, test = parts
    queries = draw_queries(test, 5)
    model = Als(train.tracks, AlsOptions(factors=8))
    assert ndcg_of(model, queries) > 2 * ndcg_of(Popularity(train.tracks), queries)
