"""Locks keep processes apart, go with their holder, and can be handed on."""

import subprocess
import sys
from pathlib import Path

import pytest

from embeat_pipeline.common.file_lock import (
    LockTaken,
    file_lock,
    is_locked,
    lake_lock,
    lake_lock_path,
)
from embeat_serve.contract.lake import LakePaths
from embeat_serve.errors import PipelineError

HOLD = """
import os, sys
from pathlib import Path
from embeat_pipeline.common.file_lock import file_lock
with file_lock(Path(sys.argv[1]), inheritable=True):
    if "exec" in sys.argv:
        waits = "print('held', flush=True); input()"
        os.execv(sys.executable, [sys.executable, "-c", waits])
    print("held", flush=True)
    input()
"""


def hold_elsewhere(path: Path, *arguments: str) -> subprocess.Popen[str]:
    """A process that holds the lock until it is sent a line."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path), *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_a_lock_has_one_holder(tmp_path: Path) -> None:
    path = tmp_path / "new" / ".lock"
    with file_lock(path):
        assert is_locked(path)
        with pytest.raises(LockTaken), file_lock(path):
            pass
    assert not is_locked(path)


@pytest.mark.parametrize("arguments", [(), ("exec",)])
def test_a_lock_goes_with_its_process_and_not_before(
    tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    path = tmp_path / ".lock"
    with hold_elsewhere(path, *arguments) as process:
        assert is_locked(path)
        process.kill()
        process.wait()
        assert not is_locked(path)


def test_a_lake_has_one_run_at_a_time(tmp_path: Path) -> None:
    lake = LakePaths(tmp_path / "lake")
    with lake_lock(lake), lake_lock(lake):
        assert is_locked(lake_lock_path(lake))
    assert not is_locked(lake_lock_path(lake))
    with hold_elsewhere(lake_lock_path(lake)) as process:
        with pytest.raises(PipelineError, match="another run is working on"), lake_lock(lake):
            pass
        waits = []

        def release() -> None:
            waits.append(process.poll())
            process.communicate("go on\n")

        with lake_lock(lake, on_wait=release):
            assert waits == [None]
            assert process.returncode == 0
