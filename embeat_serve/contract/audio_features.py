"""Turn audio features into model inputs, for training, encoding and serving alike."""

from collections.abc import Mapping
from typing import Any, NamedTuple, cast

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

OPTIONAL = ("loudness", "duration_ms", "release_year")
"""Further features that an encoder may read, the first ones first: decibels, milliseconds, year."""

VALID_RANGE: dict[str, tuple[float, float]] = {
    "loudness": (-70.0, 10.0),
    "duration_ms": (1_000, 36_000_000),
    "release_year": (1860, 2100),
    "key": (0, 11),
    "mode": (0, 1),
    "time_signature": (1, 7),
    "tempo": (20, 300),
    **dict.fromkeys(CONTINUOUS, (0.0, 1.0)),
}
"""Feature -> lowest and highest value. A value outside is missing: Spotify writes key -1, tempo 0
and time signature 0 for that."""

TEMPO_EDGES = (70.0, 80.0, 90.0, 100.0, 110.0, 120.0, 130.0, 140.0, 150.0, 165.0)
"""Upper edges of tempo buckets 1..10 in beats per minute; bucket 11 is open, 0 is missing."""

TEMPO = ("tempo", "tempo_cos", "tempo_sin")
"""Further inputs of the acoustic tower: octaves of the tempo above 120 beats per minute, and the
cosine and sine of their angle on a circle of one octave, so that 70 and 140 are near."""

SIGNAL_COLUMNS = (*CONTINUOUS, *TEMPO, *OPTIONAL)
"""Columns of ``ModelInputs.continuous``."""

EDGES: dict[str, tuple[float, ...]] = {
    "danceability": tuple(step / 16 for step in range(17)),
    "energy": (*(step / 16 for step in range(16)), 0.97, 0.99, 1.0),
    "valence": tuple(step / 16 for step in range(17)),
    "acousticness": (
        *(0.0, 1e-5, 1e-4, 3e-4, 1e-3, 3e-3, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7),
        *(0.8, 0.9, 0.95, 0.98, 0.99, 1.0),
    ),
    "liveness": (
        *(0.0, 0.03, 0.05, 0.07, 0.08, 0.09, 0.1, 0.11, 0.12, 0.14, 0.17, 0.2, 0.25, 0.3, 0.35),
        *(0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0),
    ),
    "speechiness": (
        *(0.02, 0.025, 0.03, 0.035, 0.04, 0.045, 0.05, 0.06, 0.07, 0.085, 0.1, 0.13, 0.17, 0.22),
        *(0.3, 0.4, 0.6, 0.8, 0.95, 1.0),
    ),
    "instrumentalness": (
        *(0.0, 1e-6, 3e-6, 1e-5, 3e-5, 1e-4, 3e-4, 1e-3, 3e-3, 0.01, 0.03, 0.1, 0.3, 0.5, 0.7, 0.8),
        *(0.85, 0.9, 0.95, 0.98, 1.0),
    ),
    "tempo": tuple(step / 12 - 1.5 for step in range(33)),
    "loudness": (
        *(-60.0, -40.0, -30.0, -25.0, -22.0, -20.0, -18.0, -16.0, -15.0, -14.0, -13.0, -12.0),
        *(step / 2 - 11.5 for step in range(22)),
        *(0.0, 3.0),
    ),
    "duration_ms": (-4.0, -3.0, -2.0, *(step / 12 - 1.5 for step in range(37)), 2.0, 3.0, 5.0),
    "release_year": (1900.0, 1930.0, 1945.0, *(1950.0 + 4 * step for step in range(20))),
}
"""Input -> edges of its pieces (piecewise linear encoding, Gorishniy et al. 2022).

A piece is the part of it that lies below the value, 0..1, so the network can treat 0.0001 and
0.001 as unlike as 0.1 and 0.9. Edges are even, or closer where values are frequent. Tempo is in
octaves above 120 beats per minute, duration in octaves above three and a half minutes.
"""

CARDINALITY = {"key": 13, "mode": 3, "time_signature": 6, "tempo": 12}
"""Discrete input -> rows of its embedding. Row 0 means missing."""


class ModelInputs(NamedTuple):
    """Inputs of EmbeatMLP for ``n`` tracks."""

    discrete: NDArray[np.uint8]
    """(n, 4), columns as ``DISCRETE``, values 0..CARDINALITY-1."""
    continuous: NDArray[np.float32]
    """(n, 13), columns as ``SIGNAL_COLUMNS``: those of ``CONTINUOUS`` minus 0.5, then tempo, then
    those of ``OPTIONAL``, each minus its ``CENTRE``; NaN where missing."""


class Pieces(NamedTuple):
    """The pieces of all inputs (see ``EDGES``): k of them."""

    column: NDArray[np.intp]
    """(k,) place in ``SIGNAL_COLUMNS``."""
    low: NDArray[np.float32]
    """(k,) lower end, in the unit of ``EDGES``."""
    scale: NDArray[np.float32]
    """(k,) 1 / width."""


class Layout(NamedTuple):
    """How ``signals`` lays out the first ``columns`` of ``ModelInputs.continuous``."""

    columns: int
    known: NDArray[np.intp]
    """Columns that can be missing, each independently of the others."""
    pieces: Pieces

    @property
    def width(self) -> int:
        """Number of signals."""
        return self.columns + len(self.known) + len(self.pieces.low)


CENTRE = np.array([0.5] * len(CONTINUOUS) + [0.0] * len(TEMPO) + [-8.0, 0.0, 2000.0], np.float32)
"""(13,) float32, added to a column of ``ModelInputs.continuous`` to get the unit of ``EDGES``."""
SPREAD = np.array([4.0] * len(CONTINUOUS) + [2.0, 1.0, 1.0] + [0.2, 2.0, 0.07], np.float32)
"""(13,) float32, factor that brings the standard deviation of a column near 1."""
BELOW = np.float32(-1e9)
"""A missing value in the unit of ``EDGES``: below every piece."""
TYPICAL_DURATION = 210_000
"""Milliseconds: three and a half minutes."""


def layout(optional: int = 0) -> Layout:
    """The layout for ``FEATURES`` and the first ``optional`` features of ``OPTIONAL``."""
    columns = len(CONTINUOUS) + len(TEMPO) + optional
    cuts = {name: cut for name, cut in EDGES.items() if SIGNAL_COLUMNS.index(name) < columns}
    column = [SIGNAL_COLUMNS.index(name) for name, cut in cuts.items() for _ in cut[1:]]
    low = np.concatenate([cut[:-1] for cut in cuts.values()])
    width = np.concatenate([np.diff(cut) for cut in cuts.values()])
    known = [SIGNAL_COLUMNS.index(name) for name in cuts]
    pieces = Pieces(np.array(column), low.astype(np.float32), (1 / width).astype(np.float32))
    return Layout(columns, np.array(known), pieces)


LAYOUTS = {item.width: item for item in map(layout, range(len(OPTIONAL) + 1))}
"""Number of signals -> their layout. The first weights of an encoder tell which it reads."""

CIRCLES = 4
"""Columns of ``key_circles``."""


def clean(name: str, values: ArrayLike) -> NDArray[np.float32]:
    """Values of one feature as float32; NaN where missing, not a number or out of range."""
    array = np.asarray(values, dtype=np.float32)
    low, high = VALID_RANGE[name]
    with np.errstate(invalid="ignore"):
        return np.where((array >= low) & (array <= high), array, np.float32(np.nan))


def tempo_bucket(tempo: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Bucket 1..11 of a tempo in beats per minute; 0 where NaN."""
    bucket = np.searchsorted(np.asarray(TEMPO_EDGES, np.float32), tempo, side="right") + 1
    return np.where(np.isnan(tempo), 0, bucket).astype(np.uint8)


def metre(time_signature: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Row 1..5 of a time signature, 0 where NaN. 6 has the row of 3, and 7 that of 5."""
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
        name: clean(name, columns[name]) if name in columns else missing
        for name in (*FEATURES, *OPTIONAL)
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
    octaves = np.log2(cleaned["tempo"] / np.float32(120))
    angle = octaves * np.float32(2 * np.pi)
    sound = [cleaned[name] - np.float32(0.5) for name in CONTINUOUS]
    optional = [
        cleaned["loudness"],
        np.log2(cleaned["duration_ms"] / np.float32(TYPICAL_DURATION)),
        cleaned["release_year"],
    ]
    continuous = np.stack([*sound, octaves, np.cos(angle), np.sin(angle), *optional], axis=1)
    continuous[:, -len(optional) :] -= CENTRE[-len(optional) :]
    return ModelInputs(discrete, continuous)


def signals(continuous: NDArray[np.float32], layout: Layout) -> NDArray[np.float32]:
    """The inputs (n, width) float32 of the acoustic tower, from ``ModelInputs.continuous``.

    They are the values, scaled to a standard deviation near 1; for each column that can be
    missing, 1 if it is known, else 0; and the pieces. All of them are 0 for a missing value.
    """
    continuous = continuous[:, : layout.columns]
    known = ~np.isnan(continuous)
    inputs = np.empty((len(continuous), layout.width), np.float32)
    ends = [layout.columns, layout.columns + len(layout.known)]
    values, flags, pieces = np.split(inputs, ends, 1)
    filled = np.where(known, continuous, np.float32(0))
    np.multiply(filled, SPREAD[: layout.columns], out=values)
    flags[:] = known[:, layout.known]
    placed = np.where(known, continuous + CENTRE[: layout.columns], BELOW)
    filled = np.take(placed, layout.pieces.column, axis=1)
    filled -= layout.pieces.low
    filled *= layout.pieces.scale
    np.maximum(filled, 0, out=filled)
    np.minimum(filled, 1, out=pieces)
    return inputs


def key_circles() -> NDArray[np.float32]:
    """Places (13, 4) float32 of keys on the circles of semitones and of fifths; row 0 is zero."""
    steps = np.arange(CARDINALITY["key"] - 1)[:, None] * [1, 7]
    angle = steps * (2 * np.pi / 12)
    circles = np.concatenate([np.cos(angle), np.sin(angle)], axis=1)
    return np.concatenate([np.zeros((1, CIRCLES)), circles]).astype(np.float32)


def from_mappings(songs: list[Mapping[str, Any]]) -> ModelInputs:
    """The model inputs of songs given as dicts of features.

    Raises:
        InvalidFeatures: a value is not a number or out of range, or a song has no acoustic feature.
    """
    for song in songs:
        check_features(song)
    return model_inputs(
        {
            name: [np.nan if song.get(name) is None else float(song[name]) for song in songs]
            for name in (*FEATURES, *OPTIONAL)
        }
    )


def check_features(song: object) -> None:
    """Refuse a dict of features that has a mistake, and name the range expected.

    Raises:
        InvalidFeatures: see ``from_mappings``.
    """
    if not isinstance(song, Mapping):
        raise InvalidFeatures(
            f"features must be an object with numbers, found {type(song).__name__}"
        )
    features = cast(Mapping[str, Any], song)
    for name in (*FEATURES, *OPTIONAL):
        value = features.get(name)
        if value is None:
            continue
        low, high = VALID_RANGE[name]
        if isinstance(value, bool | str) or not isinstance(value, int | float | np.number):
            raise InvalidFeatures(f"{name} must be a number in {low:g}..{high:g}, found {value!r}")
        if not low <= float(cast(float, value)) <= high:
            raise InvalidFeatures(f"{name} must lie in {low:g}..{high:g}, found {value!r}")
    if all(features.get(name) is None for name in CONTINUOUS):
        raise InvalidFeatures(f"features need at least one of {', '.join(CONTINUOUS)}")
