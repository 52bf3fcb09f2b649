"""The encoder as serving reads and runs it."""

import io
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from embeat_serve.contract.audio_features import (
    CARDINALITY,
    CONTINUOUS,
    DISCRETE,
    LAYOUTS,
    ModelInputs,
    from_mappings,
    layout,
    model_inputs,
    signals,
)
from embeat_serve.encoder import LAYERS, Encoder, expected_arrays
from embeat_serve.errors import BrokenRelease

BACKBONE = (128, 256, 256, 64)
EMBEDDING = {"key": 8, "mode": 4, "time_signature": 4, "tempo": 4}


def random_arrays(seed: int = 0, plain: bool = False, optional: int = 0) -> dict[str, np.ndarray]:
    """What an encoder's file holds: one for plain features, or one for signals."""
    random = np.random.default_rng(seed)
    sound = 7 if plain else layout(optional).width
    sizes = {"discrete": (20, 64, 64), "acoustic": (sound, 64, 64), "backbone": BACKBONE}
    arrays = {
        f"embedding_{name}": random.normal(size=(CARDINALITY[name], EMBEDDING[name]))
        for name in DISCRETE
    }
    for tower, layers in LAYERS.items():
        for layer, inputs, outputs in zip(layers, sizes[tower], sizes[tower][1:], strict=False):
            arrays[f"{layer}_weight"] = random.normal(size=(inputs, outputs)) / np.sqrt(inputs)
            arrays[f"{layer}_bias"] = random.normal(size=outputs)
            arrays[f"{layer}_slope"] = np.array(random.uniform(-0.5, 1.5))
    del arrays["backbone_2_slope"]
    if not plain:
        for name, inputs in (("discrete", 20), ("acoustic", sound)):
            arrays[f"direct_{name}"] = random.normal(size=(inputs, 64)) / np.sqrt(inputs)
    return {name: array.astype(np.float32) for name, array in arrays.items()}


def save(path: Path, arrays: dict[str, np.ndarray]) -> Path:
    np.savez(path, allow_pickle=True, config=np.array(json.dumps({"seed": 1})), **arrays)
    return path


def random_inputs(count: int) -> ModelInputs:
    random = np.random.default_rng(5)
    columns = {name: random.random(count) for name in CONTINUOUS}
    columns["tempo"] = random.uniform(40, 220, count)
    columns["loudness"] = random.uniform(-30, 0, count)
    columns["duration_ms"] = random.uniform(1e5, 6e5, count)
    for values in columns.values():
        values[random.random(count) < 0.1] = np.nan
    discrete = np.stack([random.integers(0, CARDINALITY[name], count) for name in DISCRETE], 1)
    return ModelInputs(discrete.astype(np.uint8), model_inputs(columns).continuous)


def plain(arrays: dict[str, np.ndarray], inputs: ModelInputs) -> np.ndarray:
    """The forward pass as the design draws it, in double precision."""

    def tower(name: str, values: np.ndarray) -> np.ndarray:
        for layer in LAYERS[name]:
            values = values @ arrays[f"{layer}_weight"].astype(float) + arrays[f"{layer}_bias"]
            if f"{layer}_slope" in arrays:
                values = np.where(values > 0, values, arrays[f"{layer}_slope"] * values)
        return values

    columns = zip(DISCRETE, inputs.discrete.T, strict=True)
    embedded = np.concatenate([arrays[f"embedding_{name}"][column] for name, column in columns], 1)
    sound = signals(inputs.continuous, LAYOUTS.get(len(arrays["acoustic_0_weight"]), layout()))
    if len(arrays["acoustic_0_weight"]) == 7:
        sound = np.nan_to_num(inputs.continuous[:, :7], nan=0.0)
    towers = [tower("discrete", embedded), tower("acoustic", sound)]
    vectors = tower("backbone", np.concatenate(towers, axis=1))
    if "direct_acoustic" in arrays:
        direct = np.concatenate([arrays["direct_discrete"], arrays["direct_acoustic"]])
        vectors = vectors + np.concatenate([embedded, sound], axis=1) @ direct.astype(float)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


@pytest.mark.parametrize(("plain_features", "optional"), [(True, 0), (False, 0), (False, 2)])
def test_equals_the_plain_forward_pass(tmp_path: Path, plain_features: bool, optional: int) -> None:
    arrays = random_arrays(plain=plain_features, optional=optional)
    encoder = Encoder.load(save(tmp_path / "encoder.npz", arrays))
    assert encoder.config == {"seed": 1}
    inputs = random_inputs(3_000)
    vectors = encoder.encode(inputs)
    assert vectors.dtype == np.float32
    assert vectors.shape == (3_000, 64)
    np.testing.assert_allclose(vectors, plain(arrays, inputs), atol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


def test_loads_from_an_open_file(tmp_path: Path) -> None:
    path = save(tmp_path / "encoder.npz", random_arrays())
    encoder = Encoder.load(io.BytesIO(path.read_bytes()))
    inputs = random_inputs(3)
    assert (encoder.encode(inputs) == Encoder.load(path).encode(inputs)).all()
    with pytest.raises(BrokenRelease, match="cannot read the encoder"):
        Encoder.load(io.BytesIO(b"PK"))


def test_songs_are_encoded_alike_alone_and_together() -> None:
    encoder = Encoder(random_arrays(), {})
    inputs = random_inputs(2_500)
    vectors = encoder.encode(inputs)
    for row in (0, 1_023, 1_024, 2_499):
        rows = slice(row, row + 1)
        alone = encoder.encode(ModelInputs(inputs.discrete[rows], inputs.continuous[rows]))
        np.testing.assert_allclose(alone[0], vectors[row], atol=1e-5)
    assert encoder.encode(random_inputs(0)).shape == (0, 64)


def test_encoding_leaves_its_inputs_alone() -> None:
    inputs = random_inputs(10)
    before = inputs.continuous.copy()
    Encoder(random_arrays(), {}).encode(inputs)
    np.testing.assert_array_equal(inputs.continuous, before)


def test_tempo_buckets_without_a_row_are_missing() -> None:
    arrays = random_arrays(plain=True)
    arrays["embedding_tempo"] = arrays["embedding_tempo"][:5]
    encoder = Encoder(arrays, {})
    song = {"energy": 0.5, "key": 3, "mode": 1, "time_signature": 4}
    vectors = encoder.encode(from_mappings([song, {**song, "tempo": 150}, {**song, "tempo": 75}]))
    assert (vectors[0] == vectors[1]).all()
    assert (vectors[0] != vectors[2]).any()


def test_similarity_is_a_cosine_from_0_to_1() -> None:
    first = np.eye(64, dtype=np.float32)[:3]
    second = np.stack([first[0], -first[1], (first[2] + first[0]) / np.sqrt(2)])
    np.testing.assert_allclose(Encoder.similarity(first, second), [1, 0, np.sqrt(0.5)], atol=1e-6)
    assert Encoder.similarity(first[0], first[0]) == 1


def without(name: str) -> Callable[[dict], None]:
    def damage(arrays: dict) -> None:
        del arrays[name]

    return damage


def cut(name: str, *slices: slice) -> Callable[[dict], None]:
    def damage(arrays: dict) -> None:
        arrays[name] = arrays[name][slices]

    return damage


def half_the_dimensions(arrays: dict) -> None:
    cut("backbone_2_weight", slice(None), slice(32))(arrays)
    cut("backbone_2_bias", slice(32))(arrays)


def no_number(arrays: dict) -> None:
    arrays["discrete_0_weight"][0, 0] = np.nan


DAMAGED_ARRAYS: dict[str, Callable[[dict], None]] = {
    "array missing": without("acoustic_1_bias"),
    "half direct": without("direct_discrete"),
    "shape": cut("backbone_1_weight", slice(-1)),
    "inputs": cut("acoustic_0_weight", slice(-1)),
    "direct": cut("direct_acoustic", slice(None), slice(-1)),
    "embedding": cut("embedding_mode", slice(2)),
    "dimensions": half_the_dimensions,
    "no number": no_number,
    "precision": lambda arrays: arrays.update(embedding_key=np.zeros((13, 8))),
    "pickle": lambda arrays: arrays.update(embedding_key=np.array([object()])),
    "slope": lambda arrays: arrays.update(discrete_0_slope=np.ones(64, np.float32)),
    "no dimension": lambda arrays: arrays.update(embedding_key=np.float32(1)),
}

DAMAGED_FILES: dict[str, Callable[[Path], object]] = {
    "missing": Path.unlink,
    "truncated": lambda path: path.write_bytes(path.read_bytes()[:1000]),
    "empty": lambda path: path.write_bytes(b""),
    "folder": lambda path: (path.unlink(), path.mkdir()),
}


def assert_clear(path: Path) -> None:
    with pytest.raises(BrokenRelease) as caught:
        Encoder.load(path)
    message = str(caught.value)
    assert "encoder.npz" in message
    assert "python -m embeat_pipeline run" in message
    assert "\n" not in message


@pytest.mark.parametrize("damage", sorted(DAMAGED_ARRAYS))
def test_arrays_that_do_not_fit_are_one_clear_line(tmp_path: Path, damage: str) -> None:
    arrays = random_arrays()
    DAMAGED_ARRAYS[damage](arrays)
    assert_clear(save(tmp_path / "encoder.npz", arrays))


@pytest.mark.parametrize("damage", sorted(DAMAGED_FILES))
def test_a_damaged_file_is_one_clear_line(tmp_path: Path, damage: str) -> None:
    path = save(tmp_path / "encoder.npz", random_arrays())
    DAMAGED_FILES[damage](path)
    assert_clear(path)


@pytest.mark.parametrize("optional", [0, 2])
def test_an_encoder_has_the_arrays_expected(optional: int) -> None:
    arrays = random_arrays(optional=optional)
    expected = {item.name: item.shape for item in expected_arrays(arrays)}
    assert expected == {name: array.shape for name, array in arrays.items()}
