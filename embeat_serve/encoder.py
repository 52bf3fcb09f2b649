"""Encode audio features as vectors: the forward pass of EmbeatMLP in numpy."""

import json
import zipfile
from collections.abc import Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import IO, Any, NamedTuple, Self

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
"""Rows encoded at a time: their 256 hidden values fit into the cache of a core."""

LAYERS = {
    "discrete": ("discrete_0", "discrete_1"),
    "acoustic": ("acoustic_0", "acoustic_1"),
    "backbone": ("backbone_0", "backbone_1", "backbone_2"),
}
"""Tower -> layers. ``encoder.npz`` holds for each ``<layer>_weight`` (inputs, outputs), ``_bias``
(outputs,) and, except for the last, ``_slope`` () of its PReLU. Batch norm is folded in."""

LAST_LAYER = "backbone_2"
"""The layer that makes the vector; it has no PReLU."""

DIRECT = ("direct_discrete", "direct_acoustic")
"""Optional pair of weights (inputs, 64) from the inputs of each tower to the vector."""

PLAIN_INPUTS = len(CONTINUOUS)
"""Inputs of an acoustic tower that reads the features themselves, with 0.5 for a missing one.

Other towers read ``audio_features.signals``. The shapes in the file tell which."""

_UNREADABLE = (OSError, ValueError, LookupError, TypeError, EOFError, zipfile.BadZipFile)
"""What reading a file raises that is not the file of an encoder."""


class Encoder:
    """Encodes songs. Any number of threads may share one instance.

    The discrete tower has only 2,808 different inputs. Its part of the backbone's first layer is
    computed for all of them once, and looked up for each song.

    Attributes:
        arrays: the arrays of ``encoder.npz``, float32.
        profiles: (2808, 256) float32, what each combination of discrete inputs (numbered by
            ``profile``) adds to the backbone's first layer.
        direct_profiles: (2808, 64) float32, what each combination adds to the vector itself; zero
            if the encoder has no direct weights.
        layout: of the signals that the acoustic tower reads; None: it reads the features.
        from_acoustic: (64, 256) float32, weight of the acoustic tower in that layer.
        config: of the training: seed, settings, steps, losses.
    """

    def __init__(self, arrays: Mapping[str, Array], config: Mapping[str, Any]):
        self.config = dict(config)
        self.arrays = arrays
        self.layout = LAYOUTS.get(len(arrays["acoustic_0_weight"]))
        self.profiles, self.direct_profiles = self._discrete_part()
        # The towers are concatenated, so each has its own half of the backbone's first layer.
        self.from_acoustic = arrays["backbone_0_weight"][arrays["discrete_1_bias"].size :]

    @classmethod
    def load(cls, path: Path | IO[bytes]) -> Self:
        """Read ``encoder.npz`` from a path or an open file.

        Raises:
            BrokenRelease: it is missing, damaged, or not the file of an encoder.
        """
        try:
            opened = path.open("rb") if isinstance(path, Path) else nullcontext(path)
            with opened as content, np.load(content, allow_pickle=False) as file:
                arrays = {name: file[name] for name in file.files}
            config = json.loads(str(arrays.pop("config")))
            _check(arrays)
            return cls(arrays, config)
        except _UNREADABLE as error:
            source = path if isinstance(path, Path) else ReleaseFile.ENCODER
            reason = " ".join(str(error).split()) or type(error).__name__
            if isinstance(error, KeyError):
                reason = f"{error.args[0]} is missing"
            raise BrokenRelease(
                f"cannot read the encoder {source}: {reason}; "
                "train and publish again with: python -m embeat_pipeline run"
            ) from None

    def encode(self, inputs: ModelInputs) -> Array:
        """Vectors (n, 64), float32, of unit length, of ``n`` songs."""
        count = len(inputs.discrete)
        vectors = np.empty((count, VECTOR_SIZE), np.float32)
        for start in range(0, count, CHUNK_ROWS):
            rows = slice(start, start + CHUNK_ROWS)
            vectors[rows] = self._encode(inputs.discrete[rows], inputs.continuous[rows])
        return vectors

    @staticmethod
    def similarity(left: Array, right: Array) -> Array:
        """The similarity 0..1 of two arrays of vectors (..., 64), pair by pair.

        It is the cosine, or 0 if that is negative. Training gives songs that have nothing in
        common a cosine of about 0; (1 + cosine) / 2 would call them half alike.
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
        """Inputs (n, 7) or (n, width) of the acoustic tower, from ``ModelInputs.continuous``."""
        if self.layout is None:
            return np.nan_to_num(continuous[:, :PLAIN_INPUTS], nan=0.0)
        return signals(continuous, self.layout)

    def _layer(self, name: str, values: Array) -> Array:
        hidden = values @ self.arrays[f"{name}_weight"]
        hidden += self.arrays[f"{name}_bias"]
        return _prelu(hidden, self.arrays[f"{name}_slope"])

    def _discrete_part(self) -> tuple[Array, Array]:
        """Compute ``profiles`` and ``direct_profiles``."""
        sizes = [CARDINALITY[name] for name in DISCRETE]
        columns = np.indices(sizes).reshape(len(sizes), -1)
        embedded: list[Array] = []
        for name, column in zip(DISCRETE, columns, strict=True):
            table = self.arrays[f"embedding_{name}"]
            # An encoder with fewer rows for tempo than there are buckets reads the rest as missing.
            embedded.append(table[np.where(column < len(table), column, 0)])
        inputs = np.concatenate(embedded, axis=1)
        nothing = np.zeros((inputs.shape[1], VECTOR_SIZE), np.float32)
        hidden = self._layer("discrete_0", inputs)
        hidden = self._layer("discrete_1", hidden)
        weight = self.arrays["backbone_0_weight"][: hidden.shape[1]]
        direct = inputs @ self.arrays.get("direct_discrete", nothing)
        return hidden @ weight + self.arrays["backbone_0_bias"], direct


def profile(discrete: NDArray[np.uint8]) -> NDArray[np.intp]:
    """The number (n,) of the combination of discrete values (n, 4) of each row.

    Combinations are numbered as ``np.indices`` orders them.
    """
    number = np.zeros(len(discrete), np.intp)
    for column, name in enumerate(DISCRETE):
        number *= CARDINALITY[name]
        number += discrete[:, column]
    return number


def _prelu(values: Array, slope: Array) -> Array:
    """PReLU (He et al. 2015) in place: max of x and slope * x, or min if slope > 1."""
    return (np.maximum if slope <= 1 else np.minimum)(values, slope * values, out=values)


class ExpectedArray(NamedTuple):
    """One array of ``encoder.npz``."""

    name: str
    shape: tuple[int, ...]
    dtype: type[np.float32] = np.float32


def expected_arrays(arrays: Mapping[str, NDArray[Any]]) -> list[ExpectedArray]:
    """The arrays that an encoder with these widths must have.

    Widths of embeddings and hidden layers are free, so they are read from ``arrays``.

    Raises:
        KeyError: an array that tells a width is missing.
        ValueError: the acoustic tower has a number of inputs that no layout has.
    """
    embeddings = {name: arrays[f"embedding_{name}"] for name in DISCRETE}
    # An encoder may have fewer rows for tempo than there are buckets.
    rows = CARDINALITY | {"tempo": max(1, min(len(embeddings["tempo"]), CARDINALITY["tempo"]))}
    embedded = sum(table.shape[-1] for table in embeddings.values())
    acoustic = len(arrays["acoustic_0_weight"])
    if acoustic not in (PLAIN_INPUTS, *LAYOUTS):
        allowed = ", ".join(map(str, (PLAIN_INPUTS, *LAYOUTS)))
        raise ValueError(f"acoustic_0_weight has {acoustic} inputs, expected one of {allowed}")
    outputs = {
        tower: [arrays[f"{layer}_bias"].size for layer in layers]
        for tower, layers in LAYERS.items()
    }
    outputs["backbone"][-1] = VECTOR_SIZE
    inputs = {
        "discrete": embedded,
        "acoustic": acoustic,
        "backbone": outputs["discrete"][-1] + outputs["acoustic"][-1],
    }
    expected = [
        ExpectedArray(f"embedding_{name}", (rows[name], table.shape[-1]))
        for name, table in embeddings.items()
    ]
    for tower, layers in LAYERS.items():
        widths = [inputs[tower], *outputs[tower]]
        for layer, before, after in zip(layers, widths, widths[1:], strict=False):
            expected.append(ExpectedArray(f"{layer}_weight", (before, after)))
            expected.append(ExpectedArray(f"{layer}_bias", (after,)))
            if layer != LAST_LAYER:
                expected.append(ExpectedArray(f"{layer}_slope", ()))
    if any(name in arrays for name in DIRECT):
        for name, width in zip(DIRECT, (embedded, acoustic), strict=True):
            expected.append(ExpectedArray(name, (width, VECTOR_SIZE)))
    return expected


def _check(arrays: Mapping[str, NDArray[Any]]) -> None:
    """Refuse arrays that do not fit together or that hold anything but finite numbers.

    Raises:
        KeyError: an array is missing.
        ValueError: an array has another shape or type, or is not finite.
    """
    for name, shape, dtype in expected_arrays(arrays):
        array = arrays[name]
        if array.shape != shape:
            raise ValueError(f"{name} has shape {array.shape}, expected {shape}")
        if array.dtype != dtype or not np.isfinite(array).all():
            raise ValueError(f"{name} does not hold finite {dtype.__name__} numbers")
