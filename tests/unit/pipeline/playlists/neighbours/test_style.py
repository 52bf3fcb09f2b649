"""What few playlists say counts less for songs of another style."""

import numpy as np
import pytest
from scipy import sparse

from embeat_pipeline.playlists.config import NeighbourConfig
from embeat_pipeline.playlists.neighbours.artists import ArtistSource
from embeat_pipeline.playlists.neighbours.inputs import UNKNOWN, NeighbourInputs
from embeat_pipeline.playlists.neighbours.source import Candidates
from embeat_pipeline.playlists.neighbours.style import StyleFit
from embeat_serve.contract.schema import GENRE_VECTOR_SIZE
from tests.support.neighbour_inputs import EQUAL, TRACKS, made_up_inputs, style

CONFIG = NeighbourConfig(style_shift=3.0, full_style=0.1)


def style_fit(inputs: NeighbourInputs, config: NeighbourConfig) -> StyleFit:
    candidates = Candidates.most_frequent(inputs, len(inputs.track_codes))
    return StyleFit(inputs, ArtistSource(inputs, candidates, config), config)


def factors(config: NeighbourConfig = CONFIG) -> np.ndarray:
    """Of artists 0 to 5 with a track each: 0 is in one playlist, with all others.

    1 has the genre of 0, 2 another, 3 another and is related to 0, 4 has none, 5 is unknown.
    """
    genres = np.array([[1, 0], [1, 0], [0, 1], [0, 1], [0, 0]], np.float32)
    related = np.zeros((5, 5), np.float32)
    related[0, 3] = related[3, 0] = 1
    inputs = NeighbourInputs(
        track_codes=np.arange(6, dtype=np.uint32),
        playlists=sparse.csr_array(np.ones((1, 6), np.float32)),
        vectors=np.zeros((6, 64), np.float32),
        artists=np.array([0, 1, 2, 3, 4, UNKNOWN]),
        albums=np.full(6, UNKNOWN),
        genres=sparse.csr_array(genres),
        genre_vectors=np.eye(2, GENRE_VECTOR_SIZE, dtype=np.float32),
        related=sparse.csr_array(related),
        artist_vectors=np.zeros((5, 64), np.float32),
    )
    return style_fit(inputs, config).factors(np.arange(6))


def test_another_style_is_doubted_and_an_unknown_one_half_as_much() -> None:
    assert factors()[0] == pytest.approx([1, 1, 0.25, 1, 0.625, 0.625])


def test_nothing_is_doubted_where_the_style_of_the_track_is_unknown() -> None:
    assert factors()[4] == pytest.approx(np.ones(6))
    assert factors()[5] == pytest.approx(np.ones(6))


def test_without_the_shift_style_does_not_matter() -> None:
    assert (factors(NeighbourConfig(style_shift=0.0)) == 1).all()


def test_the_more_playlists_the_less_doubt() -> None:
    inputs = made_up_inputs()
    found = style_fit(inputs, EQUAL).factors(np.arange(TRACKS))
    expected = [
        [1 - (1 - style(inputs, s, t)) * 3 / (inputs.counts[s] + 3) for t in range(TRACKS)]
        for s in range(TRACKS)
    ]
    assert found == pytest.approx(np.array(expected), abs=1e-5)
    assert (found < 1).any()


def test_settings_of_style_are_checked() -> None:
    with pytest.raises(ValueError, match="style_shift"):
        NeighbourConfig(style_shift=-1.0)
    with pytest.raises(ValueError, match="full_style"):
        NeighbourConfig(full_style=0.0)
    with pytest.raises(ValueError, match="unknown_style"):
        NeighbourConfig(unknown_style=1.5)
