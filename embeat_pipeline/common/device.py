"""Choose the device that PyTorch computes on."""

import torch

from embeat_serve.errors import UsageError


def resolve_device(device: str = "auto") -> torch.device:
    """Device for ``auto`` (the GPU where there is one), ``cpu`` or ``cuda``.

    Raises:
        UsageError: another name, or ``cuda`` without a usable GPU.
    """
    if device not in ("auto", "cpu", "cuda"):
        raise UsageError(f"device must be auto, cpu or cuda, found {device!r}")
    available = torch.cuda.is_available()
    if device == "cuda" and not available:
        raise UsageError(
            "device cuda was asked for but PyTorch finds no usable GPU; use auto or cpu"
        )
    return torch.device("cuda" if available and device != "cpu" else "cpu")
