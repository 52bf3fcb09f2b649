import numpy as np
import pytest

from embeat_serve.ranking.genre_similarity import genre_nearness, genre_similarity, pad_lists


def test_lists_are_padded_to_the_longest():
    assert pad_lists([[4, 2], [], [7]]).tolist() == [[4, 2], [-1, -1], [7, -1]]
    assert pad_lists([]).shape == (0, 1)


def test_the_first_genre_counts_most():
    candidates = pad_lists([[1], [2], [1, 2], [3], []])
    found = genre_similarity(pad_lists([[1, 2]]), candidates)
    root = 1.25**0.5
    assert found == pytest.approx([1 / root, 0.5 / root, 1, 0, np.nan], nan_ok=True)


def test_of_seeds_without_genres_nothing_is_known():
    assert np.isnan(genre_similarity(pad_lists([[], []]), pad_lists([[1], []]))).all()
    assert np.isnan(genre_similarity(pad_lists([]), pad_lists([[1]]))).all()


VECTORS = np.array([[0, 0], [1, 0], [0.6, 0.8], [0, 0.2]], np.float32)
"""Of genres 0 to 3; nothing is known of genre 0."""


def test_genres_are_near_whose_vectors_point_in_one_direction():
    candidates = pad_lists([[1], [2], [3], [2, 1], [0], [], [9]])
    found = genre_nearness(pad_lists([[1], [3, 0]]), candidates, VECTORS)
    mean = np.array([0.6, 0.8]) + np.array([1, 0]) / 2
    mean /= np.linalg.norm(mean)
    none = [np.nan, np.nan]
    expected = [[1, 0], [0.6, 0.8], [0, 1], mean, none, none, none]
    assert found == pytest.approx(np.array(expected), nan_ok=True, abs=1e-6)


def test_without_vectors_no_genre_is_near():
    nothing = np.zeros((0, 2), np.float32)
    assert np.isnan(genre_nearness(pad_lists([[1]]), pad_lists([[1], []]), nothing)).all()
