import numpy as np
import pytest

from embeat_serve.ranking.genre_similarity import genre_similarity, pad_lists


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
