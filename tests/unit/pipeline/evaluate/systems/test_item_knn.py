import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from embeat_pipeline.evaluate.systems.base import rank
from embeat_pipeline.evaluate.systems.item_knn import (
    ItemKnn,
    ItemKnnOptions,
    Popularity,
    beyond_rank,
)
from embeat_pipeline.interactions.playlists import Playlists
from embeat_pipeline.interactions.queries import draw_queries
from embeat_pipeline.interactions.ranking_metrics import PADDING
from tests.support.themed_playlists import ndcg_of


@pytest.mark.parametrize("num_seeds", [1, 5])
def test_item_knn_finds_themes_that_popularity_cannot(parts, num_seeds):
    train, _, test = parts
    queries = draw_queries(test, num_seeds)
    least = 2 * ndcg_of(Popularity(train.tracks), queries)
    assert ndcg_of(ItemKnn(train.tracks), queries) > least


def test_item_knn_is_the_shrunk_cosine(parts):
    train = parts[0].tracks
    options = ItemKnnOptions(shrinkage=3.0, neighbours=10_000, popularity=0.25)
    model = ItemKnn(train, options)
    dense = train.toarray().astype(np.float64)
    together, frequency = dense.T @ dense, dense.sum(axis=0)
    expected = together / (np.sqrt(np.outer(frequency, frequency)) + 3.0) * frequency**0.25
    assert_scores(model, parts[2], expected)


def test_an_entry_of_a_long_playlist_weighs_less(parts):
    train = parts[0].tracks
    model = ItemKnn(train, ItemKnnOptions(shrinkage=1.0, popularity=0.1, length=0.75))
    dense = train.toarray().astype(np.float64)
    frequency = dense.sum(axis=0)
    together = dense.T @ (dense * dense.sum(axis=1, keepdims=True) ** -0.75)
    expected = together / (np.sqrt(np.outer(frequency, frequency)) + 1.0) * frequency**0.1
    assert_scores(model, parts[2], expected)


def test_a_seed_has_its_nearest_neighbours_alone(parts):
    train, _, test = parts
    queries = draw_queries(test, 1)
    everyone, nearest = (
        rank(ItemKnn(train.tracks, ItemKnnOptions(neighbours=number)), queries, 30)
        for number in (10_000, 20)
    )
    assert (nearest[:, :20] == everyone[:, :20]).all()
    assert (nearest[:, 20:] == PADDING).all()
    assert (everyone[:, 20:] != PADDING).any()


def assert_scores(model: ItemKnn, playlists: Playlists, expected: np.ndarray) -> None:
    """Scores of five seeds are sums of the rows of a (1000, 1000) matrix."""
    seeds = draw_queries(playlists, 5).seed_matrix()
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


@given(
    rows=st.lists(
        st.dictionaries(st.integers(0, 8), st.integers(1, 4), max_size=9), min_size=1, max_size=6
    ),
    kept=st.integers(1, 5),
)
def test_the_highest_of_each_row_are_kept_ties_by_column(rows: list[dict[int, int]], kept: int):
    matrix = sparse.lil_array((len(rows), 9), dtype=np.float32)
    for row, values in enumerate(rows):
        for column, value in values.items():
            matrix[row, column] = value
    found = sparse.csr_array(matrix)
    found.sort_indices()
    found.data[beyond_rank(found, kept)] = 0
    for row, values in enumerate(rows):
        best = sorted(values, key=lambda column: (-values[column], column))[:kept]
        assert set(np.flatnonzero(found[[row]].toarray())) == set(best)
