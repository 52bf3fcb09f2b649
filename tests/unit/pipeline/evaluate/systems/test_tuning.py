"""Parameters are chosen by what they reach on validation playlists."""

from dataclasses import dataclass

import numpy as np

from embeat_pipeline.evaluate.systems.tuning import (
    DRAWS,
    coordinate_search,
    quality,
    validation_queries,
)


@dataclass(frozen=True)
class Choice:
    """Two parameters."""

    frequent: float = 0.0
    theme: int = 0


AXES = {"frequent": (-1.0, 0.0, 1.0), "theme": (0, 1, 2, 3)}


class Weighted:
    """Recommends the tracks of one theme, by their frequency to a power."""

    def __init__(self, train, choice: Choice):
        frequency = np.maximum(np.bincount(train.indices, minlength=1_000), 1)
        self.vocabulary = np.arange(1_000)
        is_theme = self.vocabulary % 5 == choice.theme
        self.weights = frequency**choice.frequent * (1 + is_theme)

    def scores(self, seeds):
        return np.tile(self.weights, (seeds.shape[0], 1)).astype(np.float32)


def test_the_best_is_chosen_and_each_is_fitted_once(parts):
    train, validation, _ = parts
    queries = validation_queries(validation, (1, 5))
    fitted: list[Choice] = []

    def fit(choice: Choice) -> Weighted:
        fitted.append(choice)
        return Weighted(train.tracks, choice)

    tuned = coordinate_search(Choice(), AXES, fit, queries)
    assert len(set(fitted)) == len(fitted) < 12, "fewer than the whole grid, none twice"
    for count, chosen in tuned.items():
        reached = {
            choice: quality(Weighted(train.tracks, choice), queries[count]) for choice in fitted
        }
        assert chosen.quality == max(reached.values()) == reached[chosen.options]
        assert chosen.quality > reached[Choice()]


def test_without_axes_the_start_is_measured(parts):
    train, validation, _ = parts
    queries = validation_queries(validation, (5,))
    tuned = coordinate_search(None, {}, lambda options: Weighted(train.tracks, Choice()), queries)
    assert tuned[5].options is None
    assert tuned[5].quality == quality(Weighted(train.tracks, Choice()), queries[5])


def test_nothing_is_chosen_without_queries(parts):
    nobody = parts[1].select(np.arange(0))
    queries = validation_queries(nobody, (1, 5))
    assert queries == {}

    def fit(choice: Choice) -> Weighted:
        raise AssertionError("nothing is fitted")

    assert coordinate_search(Choice(), AXES, fit, queries) == {}


def test_a_playlist_is_asked_with_several_seeds_where_they_are_few(parts):
    queries = validation_queries(parts[1], (1, 25))
    assert DRAWS[1] > 1
    playlists = np.unique(queries[1].playlists)
    assert len(queries[1]) == DRAWS[1] * len(playlists) == queries[1].targets.shape[0]
    assert len(np.unique(queries[1].seeds)) > len(playlists)
    assert len(np.unique(queries[25].playlists)) == len(queries[25])
