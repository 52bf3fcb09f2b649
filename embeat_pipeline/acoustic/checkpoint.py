"""A training in progress: all of its state, kept in a file to go on from after an interruption."""

import copy
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import torch
from torch import Tensor

from embeat_pipeline.acoustic.config import TrainingConfig
from embeat_pipeline.acoustic.mixed_precision import forward
from embeat_pipeline.acoustic.model import EmbeatMLP
from embeat_pipeline.acoustic.pairs.sampler import Pairs, PairSampler
from embeat_pipeline.acoustic.validation import EarlyStopping
from embeat_pipeline.common.atomic import atomic_path

NAME = "encoder.checkpoint"


@dataclass
class Training:
    """Everything that a step reads and changes."""

    config: TrainingConfig
    sampler: PairSampler
    model: EmbeatMLP
    forward: Callable[[Tensor, Tensor], Tensor]
    """The model as a step calls it, see ``device.forward``."""
    optimizer: torch.optim.AdamW
    stopping: EarlyStopping
    step: int = 0
    """Steps done."""
    losses: list[float] = field(default_factory=list)
    """Of every step."""
    history: list[dict[str, float]] = field(default_factory=list)
    """Of the validations."""

    @classmethod
    def begin(cls, device: torch.device, sampler: PairSampler, config: TrainingConfig) -> Self:
        """Training before its first step, independent of torch's global random state."""
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(config.seed)
            model = EmbeatMLP(
                config.inputs, config.tempo_rows, config.direct, len(config.optional)
            ).to(device)
        optimizer = torch.optim.AdamW(
            model.parameters(), lr=config.learning_rate, weight_decay=config.weight_decay
        )
        called = forward(model, config, device)
        return cls(config, sampler, model, called, optimizer, EarlyStopping(config.patience))

    def state(self) -> dict[str, Any]:
        """All that is not settled by data and config: tensors, numbers, lists and dicts of them."""
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

    def go_on(self, state: dict[str, Any]) -> None:
        """Take over a ``state``."""
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.sampler.generator.set_state(state["generator"].cpu())
        anchors, positives = (rows.to(self.sampler.device) for rows in state["spare"])
        self.sampler.spare = Pairs(anchors, positives)
        vars(self.stopping).update(copy.deepcopy(state["stopping"]))
        self.step, self.losses, self.history = state["step"], state["losses"], state["history"]


class Checkpoint:
    """The file ``encoder.checkpoint`` of a folder.

    Args:
        folder: where the encoder will be.
        key: of data, config and code; a checkpoint under another key is not gone on from.
    """

    def __init__(self, folder: Path, key: str):
        self.path = folder / NAME
        # Another PyTorch may round differently, and would make an encoder that neither makes.
        self.key = f"{key} {torch.__version__}"

    def keep(self, training: Training) -> None:
        """Write the state, whole or not at all."""
        with atomic_path(self.path) as scratch:
            torch.save({"key": self.key, "state": training.state()}, scratch)

    def restore(self, training: Training) -> bool:
        """Go on where the checkpoint is, if there is one that fits; whether there was."""
        try:
            content = torch.load(self.path, map_location=training.sampler.device, weights_only=True)
            fits = content["key"] == self.key
        # A damaged file is as good as none: PyTorch raises what its unpickler meets.
        except Exception:
            return False
        if fits:
            training.go_on(content["state"])
        return fits

    def remove(self) -> None:
        """Remove the file: the training is done."""
        self.path.unlink(missing_ok=True)
