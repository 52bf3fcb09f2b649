"""Choice of device."""

import pytest
import torch

from embeat_pipeline.acoustic.device import resolve_device
from embeat_serve.errors import UsageError


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
