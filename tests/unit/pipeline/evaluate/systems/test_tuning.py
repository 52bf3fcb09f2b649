"""Parameters are chosen by what they reach on validation playlists."""

from dataclasses import dataclass

import numpy as np
import pytest

from embeat_pipeline.evaluate.systems import tuning as tune

pytestmark = pytest.mark.slow


@dataclass
class Fixed:
    """Says the same of everybody."""

    weights: np.ndarray

    def __post_init__(self):
        self.vocabulary = np.arange(len(self.weights))

    def scores(self, seeds):
        return np.tile(self.weights, (seeds.shape[0], 1)).astype(np.float32)


def test_the_best_of_the_candidates_is_taken_and_each_is_fitted_once(parts):
    train, validation, _ = parts
    frequency = np.bincount(train.tracks.indices, minlength=1_000)
    models = {"never": -frequency, "popular": frequency, "also popular": 2 * frequency}
    fitted = []

    def fit(name: str) -> Fixed:
        fitted.append(name)
        return Fixed(models[name])

    queries = tune.validation_queries(validation, (1, 5))
    assert tune.best(models, fit, queries) == {1: "popular", 5: "popular"}
    assert fitted == list(models)


def test_nothing_is_chosen_without_queries(parts):
    train, validation, _ = parts
    nobody = validation.select(np.arange(0))
    queries = tune.validation_queries(nobody, (1, 5))
    assert queries == {}
    assert tune.tune_item_knn(train.tracks, queries) == {}


def test_all_models_are_tuned_on_a_grid_and_the_choice_repeats(parts):
    train, validation, _ = parts
    queries = tune.validation_queries(validation, (1, 5))
    themes = np.arange(1_000) % 5

    def chosen():
        return (
            tune.tune_item_knn(train.tracks, queries),
            tune.tune_svd(train.tracks, queries),
            tune.tune_artists(train.tracks, themes, queries),
        )

    first = chosen()
    assert first == chosen()
    neighbours, factors, artists = first
    assert {options.neighbours for options in neighbours.values()} <= set(tune.NEIGHBOURS)
    assert {options.factors for options in factors.values()} <= set(tune.FACTORS)
    assert {options.shrinkage for options in artists.values()} <= set(tune.ARTIST_SHRINKAGES)


def test_als_is_tuned(parts, monkeypatch):
    pytest.importorskip("implicit", reason="implicit is not installed (extra evaluate)")
    train, validation, _ = parts
    monkeypatch.setattr(tune, "REGULARIZATIONS", (0.1,))
    monkeypatch.setattr(tune, "ALPHAS", (1.0, 30.0))
    queries = tune.validation_queries(validation, (5,))
    assert tune.tune_als(train.tracks, queries)[5].alpha in (1.0, 30.0)
