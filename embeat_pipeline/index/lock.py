"""Who may change ``index/``, and how things leave it."""

import fcntl
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from embeat_serve.contract.lake import LakePaths
from embeat_serve.errors import PipelineError

LEFTOVERS = (".building-*", ".discarded-*")


@contextmanager
def index_lock(lake: LakePaths) -> Iterator[None]:
    """Be the only process that builds, publishes or removes releases of this lake.

    The lock goes with the process, however that ends.

    Raises:
        PipelineError: another process has it.
    """
    lake.index.mkdir(parents=True, exist_ok=True)
    with (lake.index / ".lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise PipelineError(
                f"another process is building or publishing in {lake.index}; "
                f"wait for it, or end it, and run this again"
            ) from None
        yield


def discard_leftovers(lake: LakePaths) -> None:
    """Remove what builds and removals left when they were killed; needs the lock."""
    for pattern in LEFTOVERS:
        for folder in lake.index.glob(pattern):
            shutil.rmtree(folder, ignore_errors=True)


def discard_release(lake: LakePaths, release: str) -> None:
    """Remove a release, if there; needs the lock.

    It leaves its name first, so that a kill never leaves half of it under that name.
    """
    aside = lake.index / f".discarded-{release}"
    try:
        lake.release(release).replace(aside)
    except FileNotFoundError:
        return
    shutil.rmtree(aside, ignore_errors=True)
