"""Facts of neighbours: shares of the best score by ALS, and levels of playlist counts."""

from dataclasses import replace

import numpy as np
import pytest

from embeat_pipeline.playlists.neighbours.als import AlsScores
from embeat_pipeline.playlists.neighbours.model import NeighbourModel
from embeat_pipeline.playlists.neighbours.pair_facts import (
    PairFactSource,
    count_levels,
    share_levels,
)
from tests.support.neighbour_inputs import ARTISTS, EQUAL, TRACKS, holding, made_up_inputs


@pytest.fixture(scope="module")
def model() -> NeighbourModel:
    return NeighbourModel(made_up_inputs(), replace(EQUAL, max_candidates=20, als_factors=6))


def test_scores_are_shares_of_the_best_candidate_but_the_track_itself(
    model: NeighbourModel,
) -> None:
    words = np.arange(TRACKS)
    scores = AlsScores(model.inputs, model.candidates, model.config).of_tracks(words)
    scores[words[:, None] == model.columns] = 0
    columns = model.of_tracks(words).columns
    found = PairFactSource(model).of_tracks(words, columns)
    for row, listed in enumerate(columns):
        shares = (scores[row] / scores[row].max()).clip(0, 1)[listed]
        assert found.als[row] == pytest.approx(255 * shares, abs=0.51)
    artists = np.arange(ARTISTS)
    scores = AlsScores(model.inputs, model.candidates, model.config).of_artists(artists)
    every = np.tile(np.arange(len(model.columns)), (ARTISTS, 1))
    found = PairFactSource(model).of_artists(artists, every)
    assert (found.als.max(axis=1) == np.where(scores.any(axis=1), 255, 0)).all()
    assert (found.als.argmax(axis=1) == scores.argmax(axis=1)).all()


def test_count_levels_are_those_of_the_listed_tracks(model: NeighbourModel) -> None:
    every = np.tile(np.arange(len(model.columns)), (2, 1))
    held = np.array([len(holding(model.inputs, int(word))) for word in model.columns])
    source = PairFactSource(model)
    for found in (
        source.of_tracks(np.array([0, 5]), every),
        source.of_artists(np.array([0, ARTISTS - 1]), every),
    ):
        assert (found.counts == np.rint(12 * np.log2(1 + held))).all()


def test_levels_end_where_a_byte_does() -> None:
    counts = np.array([0, 1, 3, 100, 2_497_000, 1e9], np.float32)
    assert count_levels(counts).tolist() == [0, 12, 24, 80, 255, 255]


def test_scores_below_zero_have_no_share() -> None:
    scores = np.array([[-1, 0.5, 2], [-3, -2, -1], [0, 0, 0]], np.float32)
    columns = np.array([[2, 0, 1]] * 3)
    assert share_levels(scores, columns).tolist() == [[255, 0, 64], [0, 0, 0], [0, 0, 0]]
    assert share_levels(scores[:, :0], columns[:, :0]).shape == (3, 0)
