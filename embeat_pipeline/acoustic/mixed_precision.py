"""Choose the precision in which training runs the network, and compile it where asked to."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from embeat_pipeline.acoustic.config import TrainingConfig


def uses_bfloat16(config: TrainingConfig, device: torch.device) -> bool:
    """Return whether training multiplies the network's matrices in bfloat16 on ``device``."""
    if config.precision != "auto":
        return config.precision == "bfloat16"
    return device.type == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False)


def make_forward(
    model: nn.Module, config: TrainingConfig, device: torch.device
) -> Callable[[Tensor, Tensor], Tensor]:
    """Return ``model`` as a function, in the precision and compiled as ``config`` says."""
    network: Callable[[Tensor, Tensor], Tensor] = model
    if config.compiled:
        torch._dynamo.config.suppress_errors = True
        network = torch.compile(model)
    is_low = uses_bfloat16(config, device)

    def forward(discrete: Tensor, continuous: Tensor) -> Tensor:
        with torch.autocast(device.type, torch.bfloat16, enabled=is_low):
            return network(discrete, continuous)

    return forward
