import numpy as np
import pytest

from embeat_serve.ranking.merge import linear_weights, merge_seeds
from tests.support.plain_scoring import result_of


def test_one_result_keeps_its_order():
    merged = merge_seeds([result_of("acoustic", 2, {9: None, 4: None, 7: None})], (1.0, 0.5))
    assert merged.ids.tolist() == [9, 4, 7]
    assert merged.strengths.tolist() == [0, 0, 0]
    assert merged.evidence.seeds.tolist() == [2, 2, 2]
    assert merged.evidence.shares.tolist() == [1, 1, 1]


def test_strengths_of_several_seeds_add_up():
    results = [
        result_of("playlist", 0, {9: 0.9, 8: 0.6}),
        result_of("playlist", 1, {7: 0.8, 8: 0.6}),
    ]
    merged = merge_seeds(results, (1.0, 0.5))
    assert merged.ids.tolist() == [8, 9, 7]
    assert merged.strengths == pytest.approx(np.array([1.2, 0.9, 0.8]))
    shares = dict(zip(merged.evidence.ids.tolist(), merged.evidence.shares.tolist(), strict=True))
    assert shares == pytest.approx({9: 1, 8: 0.5, 7: 1})


def test_places_count_where_there_are_no_strengths():
    results = [
        result_of("acoustic", 0, {1: None, 2: None, 3: None}),
        result_of("acoustic", 1, {3: None, 4: None}),
    ]
    assert merge_seeds(results, (1.0, 0.5)).ids.tolist() == [3, 1, 2, 4]
    # Equal weights cannot tell places apart; then the lower id leads.
    assert merge_seeds(results, (0.0, 0.0)).ids.tolist() == [3, 1, 2, 4]


def test_tracks_taken_away_lose_their_evidence():
    merged = merge_seeds([result_of("acoustic", 0, {1: None, 2: None, 3: None})], (1.0, 0.5))
    left = merged.without(np.array([2]))
    assert left.ids.tolist() == [1, 3]
    assert left.evidence.ids.tolist() == [1, 3]


def test_weights_lie_on_a_straight_line():
    assert linear_weights(2.0, 1.0, 3).tolist() == [2.0, 1.5, 1.0]
    assert linear_weights(2.0, 1.0, 1).tolist() == [2.0]
    assert linear_weights(2.0, 1.0, 0).tolist() == []
