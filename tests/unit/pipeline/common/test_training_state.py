"""A checkpoint gives back the state that was saved under its key, or nothing."""

from pathlib import Path

import pytest
import torch

from embeat_pipeline.common.training_state import Checkpoint

STATE = {"weights": torch.arange(3.0), "step": 4, "losses": [0.5, 0.25]}


def test_a_saved_state_is_loaded_again(tmp_path: Path) -> None:
    checkpoint = Checkpoint(tmp_path / "models" / "checkpoint", "key")
    assert checkpoint.load() is None
    checkpoint.save(STATE)
    state = checkpoint.load()
    assert state is not None
    assert state["weights"].tolist() == [0, 1, 2]
    assert (state["step"], state["losses"]) == (4, [0.5, 0.25])
    checkpoint.remove()
    assert checkpoint.load() is None
    checkpoint.remove()


def test_a_state_under_another_key_is_not_loaded(tmp_path: Path) -> None:
    Checkpoint(tmp_path / "checkpoint", "one").save(STATE)
    assert Checkpoint(tmp_path / "checkpoint", "other").load() is None


@pytest.mark.parametrize("content", [b"", b"PK nonsense"])
def test_a_damaged_file_counts_as_none(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "checkpoint").write_bytes(content)
    assert Checkpoint(tmp_path / "checkpoint", "key").load() is None
