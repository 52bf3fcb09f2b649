"""Scores by ALS are those that ``implicit`` gives a user who has one item."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import sparse
from threadpoolctl import threadpool_limits

from embeat_pipeline.interactions.implicit_als import AlsOptions, fit_als
from embeat_pipeline.playlists.neighbours.als import AlsScores
from embeat_pipeline.playlists.neighbours.inputs import NeighbourInputs
from embeat_pipeline.playlists.neighbours.source import Candidates
from tests.support.neighbour_inputs import ARTISTS, EQUAL, TRACKS, made_up_inputs

CONFIG = replace(EQUAL, als_factors=6, als_regularization=0.5)
OPTIONS = AlsOptions(
    CONFIG.als_factors,
    CONFIG.als_regularization,
    CONFIG.als_alpha,
    CONFIG.als_iterations,
    CONFIG.als_seed,
)


@pytest.fixture(scope="module")
def inputs() -> NeighbourInputs:
    return made_up_inputs()


def als_scores(inputs: NeighbourInputs, candidates: int = TRACKS) -> AlsScores:
    return AlsScores(inputs, Candidates.most_frequent(inputs, candidates), CONFIG)


def test_a_track_is_a_user_who_has_it(inputs: NeighbourInputs) -> None:
    model = fit_als(inputs.playlists, OPTIONS)
    one_item_each = sparse.csr_matrix(np.eye(TRACKS, dtype=np.float32))
    with threadpool_limits(1, "blas"):
        users = model.recalculate_user(np.arange(TRACKS), one_item_each)
    expected = np.asarray(users) @ np.asarray(model.item_factors).T
    found = als_scores(inputs).of_tracks(np.arange(TRACKS))
    assert found.dtype == np.float32
    assert np.abs(found - expected).max() <= 1e-4 * np.abs(expected).max()
    columns = Candidates.most_frequent(inputs, 9).columns
    few = als_scores(inputs, 9).of_tracks(np.array([4, 2]))
    assert few == pytest.approx(found[[4, 2]][:, columns], rel=1e-4, abs=1e-6)


def test_an_artist_is_a_user_who_has_its_mean_track(inputs: NeighbourInputs) -> None:
    items = np.asarray(fit_als(inputs.playlists, OPTIONS).item_factors, np.float64)
    found = als_scores(inputs).of_artists(np.arange(ARTISTS))
    for artist, scores in enumerate(found):
        theirs = np.flatnonzero(inputs.artists == artist)
        if not len(theirs):
            assert not scores.any()
            continue
        mean = np.average(items[theirs], axis=0, weights=inputs.counts[theirs])
        left = items.T @ items + CONFIG.als_regularization * np.eye(CONFIG.als_factors)
        left += (CONFIG.als_alpha - 1) * np.outer(mean, mean)
        user = np.linalg.solve(left, CONFIG.als_alpha * mean)
        assert scores == pytest.approx(items @ user, rel=1e-3, abs=1e-4)
    assert not found[-1].any()


def test_scores_are_the_same_every_time(inputs: NeighbourInputs) -> None:
    words, artists = np.arange(TRACKS), np.arange(ARTISTS)
    one, other = als_scores(inputs), als_scores(inputs)
    assert (one.of_tracks(words) == other.of_tracks(words)).all()
    assert (one.of_artists(artists) == other.of_artists(artists)).all()


def test_without_playlists_nothing_scores(inputs: NeighbourInputs) -> None:
    empty = replace(inputs, playlists=sparse.csr_array((0, TRACKS), dtype=np.float32))
    assert not als_scores(empty).of_tracks(np.arange(TRACKS)).any()
    assert not als_scores(empty).of_artists(np.arange(ARTISTS)).any()
