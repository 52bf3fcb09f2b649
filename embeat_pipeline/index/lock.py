"""Lock on the index folder, and removal of releases and leftovers from it."""

import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from embeat_pipeline.common.file_lock import LockTaken, file_lock
from embeat_serve.contract.lake import LakePaths
from embeat_serve.errors import PipelineError

LEFTOVERS = (".building-*", ".discarded-*")


@contextmanager
def index_lock(lake: LakePaths) -> Iterator[None]:
    """Exclude other processes that build, publish or remove releases of this lake.

    The lock ends with the process, however that ends.

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
    """Remove the leftovers of killed builds and removals; needs the lock."""
    for pattern in LEFTOVERS:
        for folder in lake.index.glob(pattern):
            shutil.rmtree(folder, ignore_errors=True)


def discard_release(lake: LakePaths, release: str) -> None:
    """Remove a release if it exists; needs the lock.

    It is renamed first, so a killed removal never leaves half a release under its name.
    """
    discarded = lake.index / f".discarded-{release}"
    try:
        lake.release(release).replace(discarded)
    except FileNotFoundError:
        return
    shutil.rmtree(discarded, ignore_errors=True)
