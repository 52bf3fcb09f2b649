import numpy as np
import pytest

from embeat_serve.ranking.tree_ensemble import CHUNK_ROWS, MAX_LEAVES, TreeEnsemble

INNER = MAX_LEAVES - 1


def stump(feature: int, threshold: float, left: list[float], right: list[float]) -> TreeEnsemble:
    """One tree of two leaves over two groups."""
    features, thresholds = np.zeros((INNER, 1), np.int16), np.full((INNER, 1), np.inf, np.float32)
    kept = np.full((INNER, 1), 0xFFFF, np.uint16)
    features[0], thresholds[0], kept[0] = feature, threshold, 0xFFFE
    leaves = np.zeros((1, MAX_LEAVES, 2))
    leaves[0, :2] = left, right
    return TreeEnsemble(features, thresholds, kept, leaves, base=0.5)


def test_a_candidate_goes_right_above_the_threshold_alone():
    tree = stump(1, 2.0, [1, 0], [0, 3])
    rows = np.array([[9, 1.9], [0, 2.0], [0, 2.1]], np.float32)
    assert tree.contributions(rows).tolist() == [[1, 0], [1, 0], [0, 3]]
    assert tree.scores(rows).tolist() == [1.5, 1.5, 3.5]


def test_long_lists_are_scored_in_parts():
    tree = stump(0, 0.0, [1, 0], [0, 3])
    rows = np.random.default_rng(0).normal(size=(2 * CHUNK_ROWS + 5, 1)).astype(np.float32)
    expected = np.where(rows > 0, [0.0, 3.0], [1.0, 0.0])
    assert np.array_equal(tree.contributions(rows), expected)


def test_no_candidates_have_no_scores():
    assert stump(0, 0.0, [1, 0], [0, 3]).contributions(np.zeros((0, 1), np.float32)).shape == (0, 2)


def test_arrays_that_do_not_fit_are_refused():
    tree = stump(0, 0.0, [1, 0], [0, 3])
    with pytest.raises(ValueError, match="different shapes"):
        TreeEnsemble(tree.features, tree.thresholds[:3], tree.kept_leaves, tree.leaves, 0.0)
    with pytest.raises(ValueError, match="leaves of shape"):
        TreeEnsemble(tree.features, tree.thresholds, tree.kept_leaves, tree.leaves[:, :3], 0.0)
