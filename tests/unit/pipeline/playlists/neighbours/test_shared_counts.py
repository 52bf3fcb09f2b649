"""Shared playlists are counted as a set of playlists counts them."""

from dataclasses import replace

import numpy as np
import pytest

from embeat_pipeline.playlists.neighbours.inputs import NeighbourInputs
from embeat_pipeline.playlists.neighbours.model import NeighbourModel
from embeat_pipeline.playlists.neighbours.shared_counts import SharedPlaylists
from tests.support.neighbour_inputs import (
    ARTISTS,
    EQUAL,
    TRACKS,
    holding,
    made_up_inputs,
)


@pytest.fixture(scope="module")
def inputs() -> NeighbourInputs:
    return made_up_inputs()


def test_shared_playlists_are_counted(inputs: NeighbourInputs) -> None:
    model = NeighbourModel(inputs, replace(EQUAL, max_candidates=20))
    shared = SharedPlaylists(inputs, model.candidates, model.artists)
    lists = model.of_tracks(np.arange(TRACKS))
    of_tracks = shared.of_tracks(np.arange(TRACKS), lists.columns)
    for track, columns, counts in zip(range(TRACKS), lists.columns, of_tracks, strict=True):
        others = [set(holding(inputs, word)) for word in model.columns[columns]]
        assert counts.tolist() == [len(other & set(holding(inputs, track))) for other in others]
    artists = np.arange(ARTISTS)
    lists = model.of_artists(artists)
    of_artists = shared.of_artists(artists, lists.columns)
    assert of_artists.any()
    for artist, columns, counts in zip(artists, lists.columns, of_artists, strict=True):
        theirs = np.flatnonzero(inputs.artists == artist)
        played = {one for word in theirs for one in holding(inputs, int(word))}
        words = model.columns[columns].tolist()
        expected = [
            0 if word in theirs else len(played & set(holding(inputs, word))) for word in words
        ]
        assert counts.tolist() == expected
