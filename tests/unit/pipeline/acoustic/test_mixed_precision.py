"""Choice of device."""

from functools import partial
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from embeat_pipeline.acoustic.config import TrainingConfig
from embeat_pipeline.acoustic.mixed_precision import make_forward, uses_bfloat16
from embeat_pipeline.acoustic.model import EmbeatMLP
from embeat_pipeline.common.device import resolve_device
from embeat_serve.errors import UsageError

pytestmark = pytest.mark.slow


def test_cpu_is_cpu() -> None:
    assert resolve_device("cpu").type == "cpu"


def test_auto_takes_the_gpu_where_there_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    for available, expected in ((True, "cuda"), (False, "cpu")):
        monkeypatch.setattr(torch.cuda, "is_available", lambda found=available: found)
        assert resolve_device("auto").type == expected


def test_a_missing_gpu_and_other_names_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(UsageError, match="no usable GPU"):
        resolve_device("cuda")
    with pytest.raises(UsageError, match="found 'tpu'"):
        resolve_device("tpu")


def test_precision_is_chosen_by_the_device() -> None:
    cpu = torch.device("cpu")
    assert not uses_bfloat16(TrainingConfig(), cpu)
    assert uses_bfloat16(TrainingConfig(precision="bfloat16"), cpu)
    assert not uses_bfloat16(TrainingConfig(precision="float32"), cpu)


def test_bfloat16_lowers_the_products_and_nothing_else(make_tracks: Any) -> None:
    random = np.random.default_rng(0)
    tracks = make_tracks(64, {"energy": random.random(64), "valence": random.random(64)})
    torch.manual_seed(0)
    model = EmbeatMLP()
    seen: list[torch.dtype] = []
    last = model.backbone[2]
    assert isinstance(last, nn.Linear)
    last.register_forward_hook(lambda *call: seen.append(call[-1].dtype))
    found = {}
    for precision in ("float32", "bfloat16"):
        config = TrainingConfig(precision=precision)
        vectors = make_forward(model, config, torch.device("cpu"))(
            tracks.discrete, tracks.continuous
        )
        (gradient,) = torch.autograd.grad(vectors[:, 0].sum(), [last.weight])
        assert vectors.dtype == gradient.dtype == torch.float32
        torch.testing.assert_close(vectors.norm(dim=1), torch.ones(64))
        found[precision] = vectors
    assert seen == [torch.float32, torch.bfloat16]
    cosine = (found["float32"] * found["bfloat16"]).sum(dim=1)
    assert (cosine > 0.999).all()
    assert not found["float32"].equal(found["bfloat16"])


@pytest.mark.filterwarnings("ignore:.*torch.jit.*:DeprecationWarning")
def test_a_compiled_network_gives_the_same_vectors(
    make_tracks: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Traced and run as PyTorch traces it; to translate that to C++ as well takes a minute.
    monkeypatch.setattr(torch, "compile", partial(torch.compile, backend="eager"))
    tracks = make_tracks(16, {"energy": np.linspace(0, 1, 16)})
    model = EmbeatMLP().eval()
    found = [
        make_forward(model, TrainingConfig(compiled=compiled), torch.device("cpu"))(
            tracks.discrete, tracks.continuous
        )
        for compiled in (False, True)
    ]
    torch.testing.assert_close(found[1], found[0], atol=1e-5, rtol=0)
