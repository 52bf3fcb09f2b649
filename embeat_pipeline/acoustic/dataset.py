"""Load the tracks that EmbeatMLP trains on, as tensors on the device."""

from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import torch
from numpy.typing import NDArray
from torch import Tensor

from embeat_pipeline.acoustic.config import TrainingConfig
from embeat_pipeline.acoustic.track_reader import codes, first_codes, numbers, track_batches
from embeat_pipeline.common.hashing import GOLDEN_GAMMA, splitmix64
from embeat_serve.contract.audio_features import CONTINUOUS, TEMPO
from embeat_serve.errors import PipelineError

UNKNOWN = -1
"""Code of a missing artist, album or genre."""


class Split(IntEnum):
    """Part of the data that an artist's tracks belong to."""

    TRAINING = 0
    VALIDATION = 1
    TEST = 2


@dataclass(frozen=True)
class TrainingTracks:
    """Columns of the n tracks that have audio features, in the order of their codes.

    73 bytes per track: 45 million take 3.3 GB.
    """

    track: Tensor
    """(n,) int32 track codes."""
    discrete: Tensor
    """(n, 4) uint8, as in ``audio_features.ModelInputs``."""
    continuous: Tensor
    """(n, 10 to 13) float32, the columns in use of ``audio_features.ModelInputs``."""
    artist: Tensor
    """(n,) int32 main artists; ``UNKNOWN`` where missing."""
    album: Tensor
    """(n,) int32 albums; ``UNKNOWN`` where missing."""
    recording: Tensor
    """(n,) int32 recordings; releases of one recording share a code."""
    genre: Tensor
    """(n,) int32 best genres of the main artists; ``UNKNOWN`` where missing."""
    popularity: Tensor
    """(n,) float32, 0..1; unknown counts as 0."""
    split: Tensor
    """(n,) uint8, the ``Split`` of the main artist."""

    @property
    def held_out(self) -> Tensor:
        """(n,) bool, whether each track is kept out of training."""
        return self.split != Split.TRAINING

    def __len__(self) -> int:
        return len(self.artist)


def load_training_tracks(
    tracks: Path, artist_genres: Path | None, config: TrainingConfig, device: torch.device
) -> TrainingTracks:
    """Read the tracks that have audio features onto ``device``.

    Args:
        tracks: table ``tracks``.
        artist_genres: table ``artist_genres``; without it every genre is ``UNKNOWN``.
        config: shares of artists to hold out, and the seed of that choice.
        device: where the tensors live.

    Raises:
        PipelineError: no track has audio features.
    """
    columns = ("track_code", "artist_codes", "album_code", "recording_code", "popularity")
    parts: list[dict[str, NDArray[Any]]] = []
    for batch in track_batches(tracks, columns):
        column, usable = batch.rows.column, batch.usable
        part: dict[str, NDArray[Any]] = {
            "track": codes(column("track_code")).astype(np.int32),
            "artist": first_codes(column("artist_codes")).astype(np.int32),
            "album": codes(column("album_code")).astype(np.int32),
            "recording": codes(column("recording_code")).astype(np.int32),
            "popularity": np.nan_to_num(numbers(column("popularity"))) / 100,
            "discrete": batch.inputs.discrete,
            "continuous": batch.inputs.continuous[:, : len(CONTINUOUS + TEMPO + config.optional)],
        }
        parts.append({name: values[usable] for name, values in part.items()})
    if not any(len(part["track"]) for part in parts):
        raise PipelineError(
            f"no track in {tracks} has audio features, expected {', '.join(CONTINUOUS)}; "
            "add them to the dump and run: python -m embeat_pipeline run"
        )
    joined = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    artist = joined["artist"]

    def resident(values: NDArray[Any], dtype: torch.dtype) -> Tensor:
        return torch.from_numpy(values).to(device=device, dtype=dtype)

    return TrainingTracks(
        track=resident(joined["track"], torch.int32),
        discrete=resident(joined["discrete"], torch.uint8),
        continuous=resident(joined["continuous"], torch.float32),
        artist=resident(artist, torch.int32),
        album=resident(joined["album"], torch.int32),
        recording=resident(joined["recording"], torch.int32),
        genre=resident(best_genres(artist_genres, artist), torch.int32),
        popularity=resident(joined["popularity"], torch.float32),
        split=resident(artist_split(artist, config), torch.uint8),
    )


def best_genres(artist_genres: Path | None, artist: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the best genre of each artist (n,), ``UNKNOWN`` where there is none."""
    if artist_genres is None:
        return np.full(len(artist), UNKNOWN)
    best = (
        pl.scan_parquet(artist_genres)
        .filter(pl.col("position") == 0)
        .select("artist_code", "genre_code")
        .collect()
    )
    artists = best["artist_code"].to_numpy().astype(np.int64)
    # One row more than the largest code, so that UNKNOWN (-1) finds an unknown genre there.
    table = np.full(max(artists.max(initial=-1), artist.max(initial=-1)) + 2, UNKNOWN)
    table[artists] = best["genre_code"].to_numpy()
    return table[artist]


def artist_split(artist: NDArray[np.int64], config: TrainingConfig) -> NDArray[np.uint8]:
    """Return the ``Split`` of each artist code (n,), by the shares and the seed of ``config``.

    A hash of the code decides (SplitMix64, Steele et al. 2014), so an artist keeps its split
    whatever else the catalogue holds. Unknown artists are trained on.
    """
    with np.errstate(over="ignore"):
        state = artist.astype(np.uint64) + np.uint64(config.seed + 1) * GOLDEN_GAMMA
    draw = splitmix64(state).astype(np.float64) / 2.0**64
    held_out = config.validation_artists + config.test_artists
    split = np.where(draw < config.validation_artists, Split.VALIDATION, Split.TEST)
    return np.where((draw < held_out) & (artist >= 0), split, Split.TRAINING).astype(np.uint8)


def distinct(code: Tensor, row: Tensor) -> Tensor:
    """Return ``code`` with every missing value made unique: -1 - row, where row is its track."""
    return torch.where(code < 0, -1 - row.to(code.dtype), code)
