"""Resident training tracks."""

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from embeat_pipeline.acoustic.config import TrainingConfig
from embeat_pipeline.acoustic.dataset import (
    UNKNOWN,
    Split,
    TrainingTracks,
    artist_split,
    best_genres,
    distinct,
    load_training_tracks,
)
from embeat_serve.contract.lake import LakePaths
from embeat_serve.errors import PipelineError

CONFIG = TrainingConfig(validation_artists=0.1, test_artists=0.1)


def load(lake: LakePaths, genres: Path | None) -> TrainingTracks:
    return load_training_tracks(lake.table("tracks"), genres, CONFIG, torch.device("cpu"))


def test_tracks_without_features_are_left_out(acoustic_lake: LakePaths) -> None:
    tracks = load(acoustic_lake, acoustic_lake.table("artist_genres"))
    table = pq.read_table(acoustic_lake.table("tracks")).slice(5)
    assert tracks.track.tolist() == table["track_code"].to_pylist()
    assert tracks.artist.tolist() == [each[0] for each in table["artist_codes"].to_pylist()]
    albums = [UNKNOWN if code is None else code for code in table["album_code"].to_pylist()]
    assert tracks.album.tolist() == albums
    popularity = np.array(table["popularity"].fill_null(0).to_pylist()) / 100
    np.testing.assert_allclose(tracks.popularity.numpy(), popularity, atol=1e-6)
    assert tracks.genre.equal(tracks.artist % 7)
    assert tracks.discrete.dtype == torch.uint8


def test_a_dump_without_features_is_refused(lake_copy: LakePaths) -> None:
    path = lake_copy.table("tracks")
    for rows in (5, 0):
        silent = pq.read_table(path).slice(0, rows)
        path.unlink()
        pq.write_table(silent, path)
        with pytest.raises(PipelineError, match="has audio features, expected danceability"):
            load(lake_copy, None)


def test_without_genres_none_is_known(acoustic_lake: LakePaths) -> None:
    assert (load(acoustic_lake, None).genre == UNKNOWN).all()


def test_artists_without_genres_have_none(acoustic_lake: LakePaths) -> None:
    found = best_genres(acoustic_lake.table("artist_genres"), np.array([8, 1000, UNKNOWN]))
    assert found.tolist() == [1, UNKNOWN, UNKNOWN]


@given(st.integers(0, 1_000), st.floats(0, 0.49), st.floats(0, 0.49))
def test_shares_of_roles(seed: int, validation: float, test: float) -> None:
    artist = np.arange(-1, 20_000)
    config = TrainingConfig(seed=seed, validation_artists=validation, test_artists=test)
    role = artist_split(artist, config)
    assert abs((role == Split.VALIDATION).mean() - validation) < 0.02
    assert abs((role == Split.TEST).mean() - test) < 0.02
    assert role[0] == Split.TRAINING
    # An artist has the same role in a catalogue of any size.
    assert (artist_split(artist[::7], config) == role[::7]).all()


def test_seeds_hold_out_different_artists() -> None:
    artist = np.arange(10_000)
    one, other = (artist_split(artist, TrainingConfig(seed=seed)) != 0 for seed in (1, 2))
    assert (one & other).mean() < 0.02


def test_distinct_codes() -> None:
    code = torch.tensor([3, -1, -1, 3], dtype=torch.int32)
    found = distinct(code, torch.tensor([10, 11, 12, 13]))
    assert found.tolist() == [3, -12, -13, 3]
