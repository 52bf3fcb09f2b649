"""Audio features -> model inputs."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from embeat_serve.contract.audio_features import (
    CARDINALITY,
    CONTINUOUS,
    DISCRETE,
    FEATURES,
    OPTIONAL,
    from_mappings,
    key_circles,
    layout,
    model_inputs,
    signals,
    tempo_bucket,
)
from embeat_serve.errors import InvalidFeatures

SONG = {
    "key": 7,
    "mode": 1,
    "tempo": 137,
    "time_signature": 4,
    "danceability": 0.54,
    "energy": 0.56,
    "speechiness": 0.02,
    "instrumentalness": 0.0,
    "valence": 0.41,
    "acousticness": 0.23,
    "liveness": 0.1,
}

READ = (*FEATURES, *OPTIONAL)
PLAIN = layout()
PIECES = PLAIN.pieces

anything = st.one_of(
    st.floats(width=32), st.integers(-20, 400).map(float), st.floats(0, 1, width=32)
)


@given(
    st.integers(0, 5).flatmap(
        lambda n: st.fixed_dictionaries(
            {name: st.lists(anything, min_size=n, max_size=n) for name in READ}
        )
    )
)
def test_any_numbers_give_inputs_in_range(columns: dict[str, list[float]]) -> None:
    inputs = model_inputs(columns)
    count = len(columns["key"])
    assert inputs.discrete.shape == (count, 4)
    assert inputs.continuous.shape == (count, 13)
    assert inputs.discrete.dtype == np.uint8
    assert inputs.continuous.dtype == np.float32
    assert (inputs.discrete < [CARDINALITY[name] for name in DISCRETE]).all()
    assert (np.nan_to_num(np.abs(inputs.continuous[:, :7])) <= 0.5).all()
    for optional in range(len(OPTIONAL) + 1):
        found = layout(optional)
        seen = signals(inputs.continuous, found)
        assert seen.shape == (count, found.width)
        assert seen.dtype == np.float32
        assert (np.abs(seen[:, : 10 + optional]) <= 16).all()
        assert ((seen[:, 10 + optional :] >= 0) & (seen[:, 10 + optional :] <= 1)).all()


def test_a_song_as_the_model_sees_it() -> None:
    inputs = from_mappings([SONG])
    assert inputs.discrete.tolist() == [[8, 2, 4, 8]]
    expected = [SONG[name] - 0.5 for name in CONTINUOUS]
    octaves = math.log2(137 / 120)
    angle = 2 * math.pi * octaves
    expected += [octaves, math.cos(angle), math.sin(angle)]
    np.testing.assert_allclose(inputs.continuous[0, :10], expected, atol=1e-6)
    assert np.isnan(inputs.continuous[0, 10:]).all()


def test_optional_features_as_the_model_sees_them() -> None:
    song = SONG | {"loudness": -10.5, "duration_ms": 420_000, "release_year": 1990}
    inputs = from_mappings([song])
    np.testing.assert_allclose(inputs.continuous[0, 10:], [-2.5, 1.0, -10.0], atol=1e-5)
    for optional, name in enumerate(OPTIONAL, start=1):
        read = layout(optional)
        seen = signals(inputs.continuous, read)[0]
        column = read.columns - 1
        assert read.known[-1] == column
        filled = seen[-len(read.pieces.low) :][read.pieces.column == column]
        # All pieces below the value are full, all above it empty, one at most in between.
        assert (np.diff(filled) <= 0).all()
        assert 0 < filled.sum() < len(filled)
        without = signals(from_mappings([song | {name: None}]).continuous, read)[0]
        changed = np.flatnonzero(seen != without)
        assert (without[changed] == 0).all()
        assert len(changed) == 2 + np.count_nonzero(filled)


@given(st.integers(0, 2), st.integers(0, 2**32))
def test_fewer_optional_ones_see_the_same_less_those(optional: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    columns = {name: random.random(6) for name in CONTINUOUS}
    columns |= {"loudness": random.uniform(-75, 12, 6), "duration_ms": random.uniform(0, 9e5, 6)}
    continuous = model_inputs(columns).continuous
    fewer, more = layout(optional), layout(optional + 1)
    seen, all_seen = signals(continuous, fewer), signals(continuous, more)
    flags = more.columns + len(more.known)
    parts = (
        all_seen[:, : fewer.columns],
        all_seen[:, more.columns : flags - 1],
        all_seen[:, flags:][:, more.pieces.column < fewer.columns],
    )
    np.testing.assert_array_equal(seen, np.concatenate(parts, axis=1))


@pytest.mark.parametrize(
    ("name", "missing"),
    [("key", -1), ("key", 12), ("mode", 2), ("time_signature", 0), ("tempo", 0), ("tempo", 1e9)],
)
def test_spotifys_ways_to_say_missing(name: str, missing: float) -> None:
    inputs = model_inputs({name: [missing, math.nan]})
    assert (inputs.discrete[:, DISCRETE.index(name)] == 0).all()


def test_missing_acoustic_features_stay_missing() -> None:
    inputs = model_inputs({"energy": [math.nan, 1.5, -0.1, 1.0]})
    energy = CONTINUOUS.index("energy")
    np.testing.assert_array_equal(inputs.continuous[:, energy], [np.nan, np.nan, np.nan, 0.5])
    assert np.isnan(inputs.continuous[:, CONTINUOUS.index("valence")]).all()
    assert np.isnan(inputs.continuous[:, 7:]).all()
    seen = signals(inputs.continuous, PLAIN)
    assert (seen[:3] == 0).all()
    pieces = seen[3, -len(PIECES.low) :]
    np.testing.assert_allclose(pieces, PIECES.column == energy, atol=1e-5)


def test_pieces_fill_up_one_after_the_other() -> None:
    valence = PIECES.column == CONTINUOUS.index("valence")
    values = np.array([0.0, 0.03125, 0.0625, 0.5, 1.0])
    seen = signals(model_inputs({"valence": values}).continuous, PLAIN)[:, -len(PIECES.low) :]
    np.testing.assert_allclose(seen[:, valence].sum(axis=1), values * 16, atol=1e-5)
    assert (seen[:, ~valence] == 0).all()
    np.testing.assert_allclose(seen[3, valence], [1] * 8 + [0] * 8)


def test_tempi_an_octave_apart_share_a_place_on_the_circle() -> None:
    found = model_inputs({"tempo": [70, 140, 100]}).continuous[:, 7:10]
    np.testing.assert_allclose(found[0, 1:], found[1, 1:], atol=1e-5)
    np.testing.assert_allclose(found[1, 0] - found[0, 0], 1, atol=1e-6)
    assert np.abs(found[0, 1:] - found[2, 1:]).max() > 0.5


def test_keys_lie_on_circles() -> None:
    circles = key_circles()
    assert (circles[0] == 0).all()
    semitones, fifths = circles[1:, [0, 2]], circles[1:, [1, 3]]
    steps = np.linalg.norm(semitones - np.roll(semitones, 1, axis=0), axis=1)
    np.testing.assert_allclose(steps, steps[0], atol=1e-6)
    np.testing.assert_allclose(fifths[7], semitones[1], atol=1e-6)


def test_metres() -> None:
    column = DISCRETE.index("time_signature")
    found = model_inputs({"time_signature": [1, 2, 3, 4, 5, 6, 7]}).discrete[:, column]
    assert found.tolist() == [1, 2, 3, 4, 5, 3, 5]


def test_tempo_buckets_open_at_their_edges() -> None:
    tempi = np.array([20, 69.99, 70, 164.99, 165, 300, np.nan], np.float32)
    assert tempo_bucket(tempi).tolist() == [1, 1, 2, 10, 11, 11, 0]


def test_all_keys_and_modes_have_rows_of_their_own() -> None:
    keys = model_inputs({"key": np.arange(12)}).discrete[:, 0]
    modes = model_inputs({"mode": np.arange(2)}).discrete[:, 1]
    assert keys.tolist() == list(range(1, 13))
    assert modes.tolist() == [1, 2]


@pytest.mark.parametrize(
    ("song", "words"),
    [
        ({**SONG, "energy": 1.2}, r"energy must lie in 0\.\.1, found 1\.2"),
        ({**SONG, "energy": math.nan}, "energy must lie"),
        ({**SONG, "tempo": "fast"}, "tempo must be a number"),
        ({**SONG, "mode": True}, "mode must be a number"),
        ({"tempo": 120}, "at least one of danceability"),
        ([1, 2], "must be an object"),
    ],
)
def test_what_a_person_got_wrong_is_named(song: Any, words: str) -> None:
    with pytest.raises(InvalidFeatures, match=words):
        from_mappings([song])
