"""Keep processes apart: locks on files, which the kernel releases however their holder ends."""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from embeat_serve.contract.lake import LakePaths
from embeat_serve.errors import PipelineError

_OWN_LOCKS: set[Path] = set()
"""Lock files that this process has locked."""


class LockTaken(Exception):
    """Another holder has the lock."""


@contextmanager
def file_lock(
    path: Path, *, on_wait: Callable[[], None] | None = None, inheritable: bool = False
) -> Iterator[None]:
    """Hold the lock on ``path``, a file that is created where it is missing.

    Args:
        path: the lock file; it stays when the lock is released.
        on_wait: called once before waiting for another holder; without it nobody waits.
        inheritable: keep the lock in a program that this process is replaced by.

    Raises:
        LockTaken: another process has it, or this one by another call, and ``on_wait`` is None.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(path, on_acquired=_make_inheritable if inheritable else None)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        if on_wait is None:
            raise LockTaken(str(path)) from None
        on_wait()
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


def is_locked(path: Path) -> bool:
    """Whether anybody holds the lock on ``path``."""
    try:
        with file_lock(path):
            return False
    except LockTaken:
        return True


def lake_lock_path(lake: LakePaths) -> Path:
    """Lock file of the run that works on ``lake``."""
    return lake.root / ".run.lock"


@contextmanager
def lake_lock(lake: LakePaths, on_wait: Callable[[], None] | None = None) -> Iterator[None]:
    """Be the only run that works on ``lake``; nothing more to do where this process already is.

    Args:
        lake: the data lake.
        on_wait: called once before waiting for another run; without it nobody waits.

    Raises:
        PipelineError: another run works on the lake, and ``on_wait`` is None.
    """
    path = lake_lock_path(LakePaths(lake.root.resolve()))
    if path in _OWN_LOCKS:
        yield
        return
    with ExitStack() as stack:
        try:
            stack.enter_context(file_lock(path, on_wait=on_wait))
        except LockTaken:
            raise PipelineError(
                f"another run is working on {lake.root}; wait for it or stop it"
            ) from None
        _OWN_LOCKS.add(path)
        try:
            yield
        finally:
            _OWN_LOCKS.discard(path)


def _make_inheritable(descriptor: int) -> None:
    os.set_inheritable(descriptor, True)
