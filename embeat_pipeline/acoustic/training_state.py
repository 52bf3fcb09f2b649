"""The state of a training of EmbeatMLP: everything that a step reads and changes."""

import copy
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Self

import torch
from torch import Tensor

from embeat_pipeline.acoustic.config import TrainingConfig
from embeat_pipeline.acoustic.mixed_precision import make_forward
from embeat_pipeline.acoustic.model import EmbeatMLP
from embeat_pipeline.acoustic.pairs.sampler import Pairs, PairSampler
from embeat_pipeline.acoustic.validation import EarlyStopping

CHECKPOINT = "encoder.checkpoint"
"""Name of the file that keeps an interrupted training."""


@dataclass
class TrainingState:
    """Model, optimiser, sampler and records of a training."""

    config: TrainingConfig
    sampler: PairSampler
    model: EmbeatMLP
    forward: Callable[[Tensor, Tensor], Tensor]
    """The model as a step calls it; see ``mixed_precision.make_forward``."""
    optimizer: torch.optim.AdamW
    stopping: EarlyStopping
    step: int = 0
    """Number of steps done."""
    losses: list[float] = field(default_factory=list)
    """Loss of every step."""
    history: list[dict[str, float]] = field(default_factory=list)
    """Metrics of every validation, with the ``step`` it came after."""

    @classmethod
    def begin(cls, device: torch.device, sampler: PairSampler, config: TrainingConfig) -> Self:
        """Return the state before the first step, independent of torch's global random state."""
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(config.seed)
            model = EmbeatMLP(
                config.inputs, config.tempo_rows, config.direct, len(config.optional)
            ).to(device)
        optimizer = torch.optim.AdamW(
            model.parameters(), lr=config.learning_rate, weight_decay=config.weight_decay
        )
        forward = make_forward(model, config, device)
        return cls(config, sampler, model, forward, optimizer, EarlyStopping(config.patience))

    def state_dict(self) -> dict[str, Any]:
        """Return all that data and config do not decide: tensors, numbers, lists and dicts."""
        spare = self.sampler.spare
        return {
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "generator": self.sampler.generator.get_state(),
            "spare": (spare.anchors, spare.positives),
            "stopping": vars(self.stopping),
            "step": self.step,
            "losses": self.losses,
            "history": self.history,
        }

    def load_state(self, state: dict[str, Any]) -> None:
        """Resume from the result of ``state_dict``."""
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.sampler.generator.set_state(state["generator"].cpu())
        anchors, positives = (rows.to(self.sampler.device) for rows in state["spare"])
        self.sampler.spare = Pairs(anchors, positives)
        vars(self.stopping).update(copy.deepcopy(state["stopping"]))
        self.step, self.losses, self.history = state["step"], state["losses"], state["history"]
