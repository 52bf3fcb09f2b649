"""Audio features -> model inputs. The one definition: training, encoding and serving use it."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from embeat_serve.errors import InvalidFeatures

DISCRETE = ("key", "mode", "time_signature", "tempo")
"""Inputs of the discrete tower, in column order. ``tempo`` enters as a bucket."""

CONTINUOUS = (
    "danceability",
    "energy",
    "valence",
    "acousticness",
    "liveness",
    "speechiness",
    "instrumentalness",
)
"""Inputs of the acoustic tower, in column order, each 0..1."""

FEATURES = (*DISCRETE, *CONTINUOUS)

VALID_RANGE: dict[str, tuple[float, float]] = {
    "key": (0, 11),
    "mode": (0, 1),
    "time_signature": (1, 7),
    "tempo": (20, 300),
    **dict.fromkeys(CONTINUOUS, (0.0, 1.0)),
}
"""Inclusive. A value outside is missing: Spotify writes key -1, tempo 0 and metre 0 for that."""

TEMPO_EDGES = (70.0, 80.0, 90.0, 100.0, 110.0, 120.0, 130.0, 140.0, 150.0, 165.0)
"""Upper edges, beats per minute, of tempo buckets 1..10; bucket 11 is open, 0 is missing."""

CARDINALITY = {"key": 13, "mode": 3, "time_signature": 6, "tempo": 12}
"""Rows of each embedding. Index 0 is always missing."""


class ModelInputs(NamedTuple):
    """Inputs of EmbeatMLP for ``n`` tracks."""

    discrete: NDArray[np.uint8]
    """(n, 4), columns as ``DISCRETE``, values 0..CARDINALITY-1."""
    continuous: NDArray[np.float32]
    """(n, 7), columns as ``CONTINUOUS``, minus 0.5, so missing (0.0) is the middle."""


def clean(name: str, values: ArrayLike) -> NDArray[np.float32]:
    """Values of one feature as float32, NaN where missing, not a number or out of range."""
    array = np.asarray(values, dtype=np.float32)
    low, high = VALID_RANGE[name]
    with np.errstate(invalid="ignore"):
        return np.where((array >= low) & (array <= high), array, np.float32(np.nan))


def tempo_bucket(tempo: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Bucket 1..11 of a tempo in beats per minute; 0 where NaN."""
    bucket = np.searchsorted(np.asarray(TEMPO_EDGES, np.float32), tempo, side="right") + 1
    return np.where(np.isnan(tempo), 0, bucket).astype(np.uint8)


def metre(time_signature: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Row 1..5 of a time signature, 0 where NaN: 6/8 is felt as 3, and 7 shares the row of 5."""
    rows = np.minimum(np.where(time_signature == 6, 3, time_signature), 5)
    return np.nan_to_num(rows, nan=0.0).astype(np.uint8)


def model_inputs(columns: Mapping[str, ArrayLike]) -> ModelInputs:
    """Turn raw feature columns, each of length n, into model inputs.

    Args:
        columns: feature name -> values; an absent column is missing throughout, as is a
            value that is NaN or outside ``VALID_RANGE``.
    """
    length = max((np.size(values) for values in columns.values()), default=0)
    missing = np.full(length, np.nan, np.float32)
    cleaned = {
        name: clean(name, columns[name]) if name in columns else missing for name in FEATURES
    }

    def index(values: NDArray[np.float32]) -> NDArray[np.uint8]:
        return np.nan_to_num(values, nan=0.0).astype(np.uint8)

    discrete = np.stack(
        [
            index(cleaned["key"] + 1),
            index(cleaned["mode"] + 1),
            metre(cleaned["time_signature"]),
            tempo_bucket(cleaned["tempo"]),
        ],
        axis=1,
    )
    continuous = np.stack([cleaned[name] - np.float32(0.5) for name in CONTINUOUS], axis=1)
    return ModelInputs(discrete, np.nan_to_num(continuous, nan=0.0))


def from_mappings(songs: list[Mapping[str, Any]]) -> ModelInputs:
    """Model inputs of songs given as feature dicts; at least one acoustic feature each.

    Raises:
        InvalidFeatures: a value is no number or out of range, or nothing usable is there.
    """
    for song in songs:
        check_features(song)
    return model_inputs(
        {
            name: [np.nan if song.get(name) is None else float(song[name]) for song in songs]
            for name in FEATURES
        }
    )


def check_features(song: Mapping[str, Any]) -> None:
    """Refuse a feature dict that a person got wrong, naming what and the range expected.

    Raises:
        InvalidFeatures: see ``from_mappings``.
    """
    if not isinstance(song, Mapping):
        raise InvalidFeatures(
            f"features must be an object with numbers, found {type(song).__name__}"
        )
    for name in FEATURES:
        value = song.get(name)
        if value is None:
            continue
        low, high = VALID_RANGE[name]
        if isinstance(value, bool | str) or not isinstance(value, int | float | np.number):
            raise InvalidFeatures(f"{name} must be a number in {low:g}..{high:g}, found {value!r}")
        if not low <= float(value) <= high:
            raise InvalidFeatures(f"{name} must lie in {low:g}..{high:g}, found {value!r}")
    if all(song.get(name) is None for name in CONTINUOUS):
        raise InvalidFeatures(f"features need at least one of {', '.join(CONTINUOUS)}")
