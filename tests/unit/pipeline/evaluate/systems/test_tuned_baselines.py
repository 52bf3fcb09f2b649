"""Every baseline is tuned on validation playlists and knows what it reached there."""

from dataclasses import asdict

import numpy as np
import pytest
from scipy import sparse

from embeat_pipeline.evaluate.systems.base import rank
from embeat_pipeline.evaluate.systems.baselines import (
    BASELINES,
    EASE,
    ITEM_KNN_BASELINE,
    POPULARITY,
    BaselineInputs,
)
from embeat_pipeline.evaluate.systems.ease import MAX_PLAYLISTS
from embeat_pipeline.evaluate.systems.tuned_baselines import refit, tuned_system
from embeat_pipeline.evaluate.systems.tuning import quality, validation_queries
from embeat_pipeline.interactions.queries import draw_queries
from embeat_serve.contract.lake import LakePaths


@pytest.fixture
def inputs(parts, tmp_path):
    return BaselineInputs(parts[0].tracks, np.arange(1_000) // 3, LakePaths(tmp_path))


def test_ranges_hold_their_start_and_cover_what_a_method_needs():
    for baseline in BASELINES.values():
        start = baseline.start(0)
        for name, values in baseline.axes.items():
            assert getattr(start, name) in values
            assert list(values) == sorted(values)
    knn, als = ITEM_KNN_BASELINE.axes, BASELINES["ALS"].axes
    assert knn["popularity"][0] == 0
    assert knn["popularity"][-1] >= 0.5
    assert knn["length"] == (0.0, 0.25, 0.5, 0.75)
    assert (als["factors"][0], als["factors"][-1]) == (32, 256)
    assert (als["alpha"][0], als["alpha"][-1]) == (5, 80)
    assert als["regularization"][0] == 0.01
    assert als["regularization"][-1] >= 10
    assert (EASE.axes["ridge"][0], EASE.axes["ridge"][-1]) == (300, 10_000)


def test_lists_are_those_of_the_tuned_model(parts, inputs):
    _, validation, test = parts
    queries = {count: draw_queries(test, count) for count in (1, 5)}
    tuning = validation_queries(validation, queries)
    system = tuned_system(EASE, inputs, tuning, queries=queries, k=20)
    for count in queries:
        model = refit(system, inputs, count)
        assert (system.ranked[count] == rank(model, queries[count], 20)).all()
        assert system.validation[count] == quality(model, tuning[count])
        untuned = EASE.fit(inputs, EASE.start(0))
        assert system.validation[count] >= quality(untuned, tuning[count])


def test_without_validation_queries_the_start_is_used(parts, inputs):
    queries = {5: draw_queries(parts[2], 5)}
    system = tuned_system(ITEM_KNN_BASELINE, inputs, {}, queries=queries, k=20)
    assert system.validation == {}
    assert system.parameters == {"5 seeds": asdict(ITEM_KNN_BASELINE.start(0))}


def test_what_has_no_parameters_is_judged_all_the_same(parts, inputs):
    tuning = validation_queries(parts[1], (1,))
    queries = {1: draw_queries(parts[2], 1)}
    system = tuned_system(POPULARITY, inputs, tuning, queries=queries, k=20)
    assert system.parameters == {}
    assert 0 < system.validation[1] < 1


def test_ease_is_left_out_where_playlists_are_too_many(inputs):
    offsets = np.zeros(MAX_PLAYLISTS + 2, np.int32)
    many = sparse.csr_array(
        (np.zeros(0, np.float32), offsets[:0], offsets), shape=(MAX_PLAYLISTS + 1, 1_000)
    )
    assert many.shape[0] == MAX_PLAYLISTS + 1
    assert EASE.applies(inputs)
    assert not EASE.applies(BaselineInputs(many, inputs.main_artist, inputs.lake))
