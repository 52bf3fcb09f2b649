"""Lock on the index folder, and removal of releases from it."""

import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from embeat_pipeline.common.file_lock import LockTaken, file_lock
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
    with ExitStack() as stack:
        try:
            stack.enter_context(file_lock(lake.index / ".lock"))
        except LockTaken:
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
