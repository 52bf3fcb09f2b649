"""Neighbour lists against the formula, one pair of tracks at a time."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import sparse

from embeat_pipeline.playlists.config import NeighbourConfig, SourceWeights
from embeat_pipeline.playlists.neighbours.inputs import NeighbourInputs
from embeat_pipeline.playlists.neighbours.model import NeighbourModel, strongest
from embeat_pipeline.playlists.neighbours.source import ScoreAccumulator
from embeat_serve.contract.schema import STRENGTH_LEVELS
from tests.support.neighbour_inputs import (
    ARTISTS,
    EQUAL,
    SEVERAL,
    SINGLE,
    TRACKS,
    artist_score,
    expected_list,
    listed,
    made_up_inputs,
    track_score,
)

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def inputs() -> NeighbourInputs:
    return made_up_inputs()


def test_scores_of_tracks_are_the_formulas(inputs: NeighbourInputs) -> None:
    lists = NeighbourModel(inputs, EQUAL).of_tracks(np.arange(TRACKS))
    for seed in range(TRACKS):
        for kind, weights in (("single_seed", SINGLE), ("multi_seed", SEVERAL)):
            scores = [
                0.0 if t == seed else track_score(inputs, weights, seed, t) for t in range(TRACKS)
            ]
            found, expected = listed(lists, seed, kind), expected_list(scores, weights)
            assert found == pytest.approx(expected, abs=1)
            assert kind == "multi_seed" or list(found) == list(expected)


def test_a_neighbour_is_listed_once(inputs: NeighbourInputs) -> None:
    lists = NeighbourModel(inputs, EQUAL).of_tracks(np.arange(TRACKS))
    kept = (lists.single_seed > 0) | (lists.multi_seed > 0)
    for columns, mask in zip(lists.columns, kept, strict=True):
        assert len(set(columns[mask].tolist())) == mask.sum()


def test_scores_of_artists_are_the_formulas(inputs: NeighbourInputs) -> None:
    lists = NeighbourModel(inputs, EQUAL).of_artists(np.arange(ARTISTS))
    for artist in range(ARTISTS):
        for kind, weights in (("single_seed", SINGLE), ("multi_seed", SEVERAL)):
            scores = [artist_score(inputs, weights, artist, track, True) for track in range(TRACKS)]
            found = listed(lists, artist, kind)
            assert sorted(np.array(scores)[list(found)]) == pytest.approx(
                sorted(sorted(scores)[-EQUAL.neighbours :])[-len(found) :] if found else []
            )
    assert not lists.single_seed[ARTISTS - 1].any()  # neither playlists nor genres nor a sound
    assert lists.single_seed[ARTISTS - 2].any()  # no playlists


def test_sound_alone_makes_a_list(inputs: NeighbourInputs) -> None:
    silent = replace(inputs, genres=sparse.csr_array(inputs.genres.shape, dtype=np.float32))
    model = NeighbourModel(silent, EQUAL)
    everyone = np.arange(ARTISTS)
    assert model.artists.has_evidence(everyone).tolist() == [True] * (ARTISTS - 1) + [False]
    assert model.of_artists(everyone).single_seed[ARTISTS - 2].any()
    without_sound = NeighbourModel(
        replace(silent, artist_vectors=np.zeros_like(silent.artist_vectors)), EQUAL
    )
    assert not without_sound.artists.has_evidence(everyone[ARTISTS - 2 :]).any()
    assert not without_sound.of_artists(everyone[ARTISTS - 2 :]).single_seed.any()


def test_only_frequent_tracks_are_candidates(inputs: NeighbourInputs) -> None:
    config = NeighbourConfig(max_candidates=5)
    model = NeighbourModel(inputs, config)
    assert sorted(model.inputs.counts[model.columns]) == sorted(inputs.counts)[-5:]
    lists = model.of_tracks(np.arange(TRACKS))
    assert lists.columns.max() < 5
    everything = NeighbourModel(inputs, NeighbourConfig()).of_tracks(np.arange(TRACKS))
    assert everything.columns.shape == (TRACKS, 2 * TRACKS)


def test_what_speaks_against_is_not_listed() -> None:
    scores = np.array([[0.5, -1.0, 0.0, 0.25]], np.float32)
    columns, strengths = strongest(
        ScoreAccumulator(SourceWeights(), scores), NeighbourConfig(neighbours=3)
    )
    assert columns[0, :2].tolist() == [0, 3]
    assert strengths[0].tolist() == [STRENGTH_LEVELS, STRENGTH_LEVELS // 2 + 1, 0]
    config = NeighbourConfig(neighbours=3, score_exponent=0.5)
    _, weak = strongest(ScoreAccumulator(SourceWeights(), scores / np.float32(4)), config)
    assert weak[0].tolist() == [STRENGTH_LEVELS // 2 + 1, STRENGTH_LEVELS // 4 + 1, 0]
