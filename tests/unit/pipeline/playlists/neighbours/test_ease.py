"""EASE over tracks and over playlists is the same model."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import sparse

from embeat_pipeline.playlists.config import SourceWeights
from embeat_pipeline.playlists.neighbours.ease import EaseSource
from embeat_pipeline.playlists.neighbours.inputs import NeighbourInputs
from embeat_pipeline.playlists.neighbours.source import Candidates, ScoreAccumulator
from tests.support.neighbour_inputs import (
    EQUAL,
    PLAYLISTS,
    TRACKS,
    made_up_inputs,
)


@pytest.fixture(scope="module")
def inputs() -> NeighbourInputs:
    return made_up_inputs()


def test_regression_over_tracks_is_that_over_playlists(inputs: NeighbourInputs) -> None:
    columns = np.arange(5, TRACKS)
    candidates = Candidates(columns, sparse.csr_array(inputs.playlists[:, columns]))
    few = EaseSource(inputs, candidates, EQUAL)
    among = replace(inputs, playlists=candidates.playlists)
    words = np.array([0, 7, 6, 29])
    for regressed, shape in ((PLAYLISTS, TRACKS), (PLAYLISTS - 1, PLAYLISTS - 1)):
        config = replace(EQUAL, max_ease_tracks=regressed)
        weights = SourceWeights(ease_weight=2.0)
        accumulator = ScoreAccumulator(weights, np.zeros((len(words), len(columns)), np.float32))
        EaseSource(inputs, candidates, config).add_to([accumulator], words)
        assert np.isfinite(accumulator.scores).all()
        assert (accumulator.scores != 0).any(axis=0).sum() <= min(shape, len(columns))
    assert few._inverse.shape == (PLAYLISTS, PLAYLISTS)
    # Among the tracks in the regression, it is the one that leaves the others out.
    counts = among.playlists.sum(axis=0)
    head = np.sort(np.argsort(-counts, kind="stable")[: PLAYLISTS - 1])
    matrix = among.playlists.toarray()[:, head].astype(float)
    inverse = np.linalg.inv(matrix.T @ matrix + EQUAL.ridge * np.eye(len(head)))
    expected = 2 * inverse / -np.diag(inverse)
    for row, word in enumerate(words):
        place = np.flatnonzero(columns[head] == word)
        if not len(place):
            assert not accumulator.scores[row].any()
            continue
        told = np.delete(accumulator.scores[row, head], place)
        assert told == pytest.approx(np.delete(expected[place[0]], place), abs=1e-4)
