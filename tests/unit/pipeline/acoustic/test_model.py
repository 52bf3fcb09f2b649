"""The network, and what of it serving reads."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from embeat_pipeline.acoustic.config import Inputs
from embeat_pipeline.acoustic.export import folded_arrays, write_encoder
from embeat_pipeline.acoustic.model import Block, EmbeatMLP, Signals
from embeat_pipeline.acoustic.torch_encoder import TorchEncoder
from embeat_pipeline.common.thread_map import thread_map
from embeat_serve.contract.audio_features import (
    CARDINALITY,
    CONTINUOUS,
    DISCRETE,
    ModelInputs,
    layout,
    model_inputs,
    signals,
)
from embeat_serve.encoder import Encoder


def random_inputs(count: int, seed: int = 0) -> ModelInputs:
    random = np.random.default_rng(seed)
    columns = [random.integers(0, CARDINALITY[name], count) for name in DISCRETE]
    # Cubed, so that values crowd near 0 as those of real songs do.
    sound = {name: random.random(count) ** 3 for name in CONTINUOUS}
    sound["tempo"] = random.uniform(40, 220, count)
    sound["loudness"] = random.uniform(-40, 0, count)
    sound["duration_ms"] = random.uniform(6e4, 6e5, count)
    sound["release_year"] = random.uniform(1950, 2024, count)
    for values in sound.values():
        values[random.random(count) < 0.1] = np.nan
    continuous = model_inputs(sound).continuous
    return ModelInputs(np.stack(columns, axis=1).astype(np.uint8), continuous)


def as_tensors(inputs: ModelInputs) -> tuple[torch.Tensor, torch.Tensor]:
    return torch.from_numpy(inputs.discrete), torch.from_numpy(inputs.continuous)


def warmed_up(inputs: Inputs, tempo_rows: int, optional: int = 0) -> EmbeatMLP:
    """A model whose batch norms have seen data and whose slopes differ, one beyond 1."""
    torch.manual_seed(3)
    model = EmbeatMLP(inputs, tempo_rows, optional=optional)
    with torch.no_grad():
        for number, parameter in enumerate(model.parameters()):
            if parameter.shape == (1,):
                parameter.fill_(0.1 + 0.2 * (number % 7))
        for seed in range(20):
            model(*as_tensors(random_inputs(512, seed)))
    return model


@pytest.mark.parametrize(
    ("kind", "tempo_rows", "optional"),
    [
        *[("signals", 12, optional) for optional in range(4)],
        ("plain", 12, 0),
        ("plain", 5, 0),
    ],
)
def test_serving_and_torch_agree(
    kind: Inputs, tempo_rows: int, optional: int, tmp_path: Path
) -> None:
    model = warmed_up(kind, tempo_rows, optional)
    write_encoder(tmp_path / "encoder.npz", model, {"seed": 3})
    inputs = random_inputs(5_000, 99)
    with torch.no_grad():
        expected = model.eval()(*as_tensors(inputs)).numpy()
    encoder = Encoder.load(tmp_path / "encoder.npz")
    assert encoder.config == {"seed": 3}
    assert np.abs(encoder.encode(inputs) - expected).max() <= 1e-5
    on_device = TorchEncoder(encoder, torch.device("cpu")).encode(inputs)
    assert np.abs(on_device - expected).max() <= 1e-5
    np.testing.assert_allclose(np.linalg.norm(expected, axis=1), 1, atol=1e-5)


@pytest.mark.parametrize("optional", range(4))
def test_signals_are_the_same_in_torch(optional: int) -> None:
    inputs, read = random_inputs(2_000), layout(optional)
    found = Signals(read)(torch.from_numpy(inputs.continuous)).numpy()
    np.testing.assert_allclose(found, signals(inputs.continuous, read), atol=1e-6)


def test_the_slopes_gradients_are_pytorchs() -> None:
    torch.manual_seed(1)
    block = Block(5, 7).double()
    with torch.no_grad():
        block.activation.weight.fill_(0.3)
    values = torch.randn(30, 5, dtype=torch.double, requires_grad=True)
    weight = torch.randn(30, 7, dtype=torch.double)
    asked = (values, block.activation.weight, block.linear.weight)
    found = torch.autograd.grad((block(values) * weight).sum(), asked)
    plain = block.activation(block.norm(block.linear(values)))
    torch.testing.assert_close(found, torch.autograd.grad((plain * weight).sum(), asked))


def test_five_tempo_rows_lose_the_faster_tempi() -> None:
    model = warmed_up("plain", 5).eval()
    slow, fast, missing = (
        ModelInputs(np.array([[1, 1, 4, bucket]], np.uint8), np.zeros((1, 13), np.float32))
        for bucket in (4, 5, 0)
    )
    with torch.no_grad():
        vectors = [model(*as_tensors(inputs)) for inputs in (slow, fast, missing)]
    assert vectors[1].equal(vectors[2])
    assert not vectors[0].equal(vectors[2])


def test_little_differences_pass_by_the_towers() -> None:
    shapes = {name: array.shape for name, array in folded_arrays(EmbeatMLP()).items()}
    assert shapes["embedding_key"] == (13, 12)
    assert shapes["direct_discrete"] == (24, 64)
    assert shapes["direct_acoustic"] == (layout().width, 64)


def test_sizes_are_the_designs() -> None:
    model = EmbeatMLP("plain")
    assert [tuple(table.weight.shape) for table in model.embeddings] == [  # type: ignore[union-attr]
        (13, 8),
        (3, 4),
        (6, 4),
        (12, 4),
    ]
    shapes = {name: array.shape for name, array in folded_arrays(model).items()}
    weights = {name: shape for name, shape in shapes.items() if name.endswith("_weight")}
    assert weights == {
        "discrete_0_weight": (20, 64),
        "discrete_1_weight": (64, 64),
        "acoustic_0_weight": (7, 64),
        "acoustic_1_weight": (64, 64),
        "backbone_0_weight": (128, 256),
        "backbone_1_weight": (256, 256),
        "backbone_2_weight": (256, 64),
    }


def test_threads_keep_order_and_run_no_further_ahead_than_they_must() -> None:
    threads = torch.get_num_threads()
    taken: list[int] = []

    def items() -> Iterator[int]:
        for item in range(50):
            taken.append(item)
            yield item

    done = -1
    for done, result in enumerate(thread_map(lambda item: item * item, items())):
        assert result == done * done
        assert len(taken) <= done + threads + 1
    assert done == 49
    assert torch.get_num_threads() == threads
