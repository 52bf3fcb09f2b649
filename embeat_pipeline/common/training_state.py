"""Keep the state of a training in a file, to resume it after an interruption."""

from pathlib import Path
from typing import Any

import torch

from embeat_pipeline.common.atomic import atomic_path


class Checkpoint:
    """A file with the state of a training after its last whole epoch or validation.

    Args:
        path: the file.
        key: digest of data, settings and code. A state under another key is never resumed, nor is
            one of another PyTorch version, which may round differently.
    """

    def __init__(self, path: Path, key: str):
        self.path = path
        self.key = f"{key} {torch.__version__}"

    def save(self, state: dict[str, Any]) -> None:
        """Write the state, whole or not at all."""
        with atomic_path(self.path) as scratch:
            torch.save({"key": self.key, "state": state}, scratch)

    def load(self, device: torch.device | str = "cpu") -> dict[str, Any] | None:
        """Return the saved state with its tensors on ``device``; None where none fits."""
        try:
            content = torch.load(self.path, map_location=device, weights_only=True)
            return content["state"] if content["key"] == self.key else None
        # A damaged file counts as none: PyTorch raises whatever its unpickler meets.
        except Exception:
            return None

    def remove(self) -> None:
        """Delete the file once the training is done."""
        self.path.unlink(missing_ok=True)
