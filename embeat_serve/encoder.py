"""EmbeatMLP's forward pass in numpy: audio features -> vector, well under a millisecond a song."""

import json
import zipfile
from collections.abc import Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import IO, Any, Self

import numpy as np
from numpy.typing import NDArray

from embeat_serve.contract.audio_features import (
    CARDINALITY,
    CONTINUOUS,
    DISCRETE,
    LAYOUTS,
    ModelInputs,
    signals,
)
from embeat_serve.contract.manifest import ReleaseFile
from embeat_serve.contract.schema import VECTOR_SIZE
from embeat_serve.errors import BrokenRelease

Array = NDArray[np.float32]

CHUNK_ROWS = 1_024
"""Rows encoded at a time: their 256 hidden values stay within a core's cache."""

LAYERS = {
    "discrete": ("discrete_0", "discrete_1"),
    "acoustic": ("acoustic_0", "acoustic_1"),
    "backbone": ("backbone_0", "backbone_1", "backbone_2"),
}
"""Layers of ``encoder.npz``, each ``<layer>_weight`` (inputs, outputs), ``_bias`` (outputs,)
and, but for the last, ``_slope`` () of its PReLU. Batch norm is folded in."""

DIRECT = ("direct_discrete", "direct_acoustic")
"""Optional pair: weights (inputs, 64) that lead the inputs of each tower straight to the vector."""

PLAIN_INPUTS = len(CONTINUOUS)
"""Inputs of an acoustic tower that reads features as they are, the missing in the middle. One that
one of ``features.LAYOUTS`` reads ``features.signals``; the file's shapes tell which."""


class Encoder:
    """Encodes songs; one instance serves any number of threads.

    The discrete tower sees only 2,808 different inputs, so its part of the backbone's first
    layer is worked out for all of them here, and looked up per song.

    Attributes:
        arrays: what ``encoder.npz`` holds.
        profiles: (2808, 256), what each combination of discrete inputs, numbered by
            ``profile``, adds to the backbone's first layer.
        direct_profiles: (2808, 64), what each of them adds to the vector itself; zero where the
            encoder has no direct weights.
        layout: of the signals that the acoustic tower reads; None: it reads features as they are.
        from_acoustic: (64, 256), weight of the acoustic tower in that layer.
        config: how it was trained: seed, settings, steps, losses.
    """

    def __init__(self, arrays: Mapping[str, Array], config: Mapping[str, Any]):
        self.config = dict(config)
        self.arrays = arrays
        self.layout = LAYOUTS.get(len(arrays["acoustic_0_weight"]))
        self.profiles, self.direct_profiles = self._discrete_part()
        # The towers are concatenated, so each meets its own half of the backbone's first layer.
        self.from_acoustic = arrays["backbone_0_weight"][arrays["discrete_1_bias"].size :]

    @classmethod
    def load(cls, path: Path | IO[bytes]) -> Self:
        """Read ``encoder.npz``, from disk or, open already, from anywhere else.

        Raises:
            BrokenRelease: it is missing, damaged, or not an encoder's.
        """
        try:
            opened = path.open("rb") if isinstance(path, Path) else nullcontext(path)
            with opened as content, np.load(content, allow_pickle=False) as file:
                arrays = {name: file[name] for name in file.files}
            config = json.loads(str(arrays.pop("config")))
            _check(arrays)
            return cls(arrays, config)
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
            source = path if isinstance(path, Path) else ReleaseFile.ENCODER
            reason = " ".join(str(error).split()) or type(error).__name__
            raise BrokenRelease(
                f"cannot read the encoder {source}: {reason}; "
                "train and publish again with: python -m embeat_pipeline run"
            ) from None

    def encode(self, inputs: ModelInputs) -> Array:
        """Vectors (n, 64) float32 of unit length of ``n`` songs."""
        count = len(inputs.discrete)
        vectors = np.empty((count, VECTOR_SIZE), np.float32)
        for start in range(0, count, CHUNK_ROWS):
            rows = slice(start, start + CHUNK_ROWS)
            vectors[rows] = self._encode(inputs.discrete[rows], inputs.continuous[rows])
        return vectors

    @staticmethod
    def similarity(left: Array, right: Array) -> Array:
        """Similarity 0..1 of vectors (..., 64), pair by pair: their cosine, 0 where negative.

        Training pushes unlike songs to a cosine of about 0, so 0 reads as "nothing in common";
        (1 + cosine) / 2 would call them half alike.
        """
        return np.clip(np.sum(left * right, axis=-1), 0.0, 1.0)

    def _encode(self, discrete: NDArray[np.uint8], continuous: Array) -> Array:
        number = profile(discrete)
        acoustic = self.acoustic_inputs(continuous)
        hidden = self._layer("acoustic_0", acoustic)
        hidden = self._layer("acoustic_1", hidden)
        first = hidden @ self.from_acoustic
        first += self.profiles[number]
        hidden = _prelu(first, self.arrays["backbone_0_slope"])
        hidden = self._layer("backbone_1", hidden)
        vectors = hidden @ self.arrays["backbone_2_weight"]
        vectors += self.arrays["backbone_2_bias"]
        if "direct_acoustic" in self.arrays:
            vectors += acoustic @ self.arrays["direct_acoustic"]
            vectors += self.direct_profiles[number]
        length = np.sqrt(np.einsum("ij,ij->i", vectors, vectors))[:, None]
        vectors /= np.maximum(length, 1e-12)
        return vectors

    def acoustic_inputs(self, continuous: Array) -> Array:
        """Inputs (n, 7) or (n, width) of the acoustic tower of ``ModelInputs.continuous``."""
        if self.layout is None:
            return np.nan_to_num(continuous[:, :PLAIN_INPUTS], nan=0.0)
        return signals(continuous, self.layout)

    def _layer(self, name: str, values: Array) -> Array:
        hidden = values @ self.arrays[f"{name}_weight"]
        hidden += self.arrays[f"{name}_bias"]
        return _prelu(hidden, self.arrays[f"{name}_slope"])

    def _discrete_part(self) -> tuple[Array, Array]:
        """Work out ``profiles`` and ``direct_profiles``."""
        sizes = [CARDINALITY[name] for name in DISCRETE]
        columns = np.indices(sizes).reshape(len(sizes), -1)
        embedded = []
        for name, column in zip(DISCRETE, columns, strict=True):
            table = self.arrays[f"embedding_{name}"]
            # An encoder with fewer tempo rows than there are buckets reads the rest as missing.
            embedded.append(table[np.where(column < len(table), column, 0)])
        inputs = np.concatenate(embedded, axis=1)
        nothing = np.zeros((inputs.shape[1], VECTOR_SIZE), np.float32)
        hidden = self._layer("discrete_0", inputs)
        hidden = self._layer("discrete_1", hidden)
        weight = self.arrays["backbone_0_weight"][: hidden.shape[1]]
        direct = inputs @ self.arrays.get("direct_discrete", nothing)
        return hidden @ weight + self.arrays["backbone_0_bias"], direct


def profile(discrete: NDArray[np.uint8]) -> NDArray[np.intp]:
    """Number of each row's combination of discrete values, in ``np.indices`` order."""
    number = np.zeros(len(discrete), np.intp)
    for column, name in enumerate(DISCRETE):
        number *= CARDINALITY[name]
        number += discrete[:, column]
    return number


def _prelu(values: Array, slope: Array) -> Array:
    """PReLU in place: the larger of x and slope x, or the smaller where slope > 1."""
    return (np.maximum if slope <= 1 else np.minimum)(values, slope * values, out=values)


def _check(arrays: Mapping[str, Array]) -> None:
    """Refuse arrays whose shapes do not fit together or that hold anything but finite float32.

    Raises:
        KeyError: an array is missing.
        ValueError: an array is not what it should be.
    """
    for name in DISCRETE:
        found, most = len(arrays[f"embedding_{name}"]), CARDINALITY[name]
        if found != most and (name != "tempo" or not 1 <= found < most):
            raise ValueError(f"embedding_{name} has {found} rows, expected {most}")
    embedded = sum(arrays[f"embedding_{name}"].shape[-1] for name in DISCRETE)
    acoustic = len(arrays["acoustic_0_weight"])
    if acoustic not in (PLAIN_INPUTS, *LAYOUTS):
        expected = ", ".join(map(str, (PLAIN_INPUTS, *LAYOUTS)))
        raise ValueError(f"acoustic_0_weight has {acoustic} inputs, expected one of {expected}")
    width = {"discrete": embedded, "acoustic": acoustic, "backbone": 0}
    direct = [name for name in DIRECT if name in arrays]
    for name, inputs in zip(DIRECT, (embedded, acoustic), strict=True):
        if direct and arrays[name].shape != (inputs, VECTOR_SIZE):
            found = arrays[name].shape
            raise ValueError(f"{name} has shape {found}, expected {(inputs, VECTOR_SIZE)}")
    for tower, layers in LAYERS.items():
        for layer in layers:
            outputs = arrays[f"{layer}_bias"].size
            expected = (width[tower], outputs)
            if arrays[f"{layer}_weight"].shape != expected:
                found = arrays[f"{layer}_weight"].shape
                raise ValueError(f"{layer}_weight has shape {found}, expected {expected}")
            width[tower] = outputs
        if tower != "backbone":
            width["backbone"] += width[tower]
    if width["backbone"] != VECTOR_SIZE:
        raise ValueError(f"vectors have {width['backbone']} dimensions, expected {VECTOR_SIZE}")
    slopes = [f"{layer}_slope" for layers in LAYERS.values() for layer in layers][:-1]
    if any(arrays[name].shape != () for name in slopes):
        raise ValueError("a PReLU slope is not one number")
    for name, array in arrays.items():
        if array.dtype != np.float32 or not np.isfinite(array).all():
            raise ValueError(f"{name} does not hold finite float32 numbers")
