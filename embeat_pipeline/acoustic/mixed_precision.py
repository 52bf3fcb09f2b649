"""Where tensors live."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from embeat_pipeline.acoustic.config import TrainingConfig


def lowered(config: TrainingConfig, device: torch.device) -> bool:
    """Whether training takes bfloat16 for the network's matrix products on ``device``."""
    if config.precision != "auto":
        return config.precision == "bfloat16"
    return device.type == "cuda" and torch.cuda.is_bf16_supported(including_emulation=False)


def forward(
    model: nn.Module, config: TrainingConfig, device: torch.device
) -> Callable[[Tensor, Tensor], Tensor]:
    """``model`` as training calls it: in the precision, and compiled or not, that is asked for."""
    network: Callable[[Tensor, Tensor], Tensor] = model
    if config.compiled:
        torch._dynamo.config.suppress_errors = True
        network = torch.compile(model)
    low = lowered(config, device)

    def call(discrete: Tensor, continuous: Tensor) -> Tensor:
        with torch.autocast(device.type, torch.bfloat16, enabled=low):
            return network(discrete, continuous)

    return call
