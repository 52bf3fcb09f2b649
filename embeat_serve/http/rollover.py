"""Replaces workers, one after the other, when another release is published.

A spare process opens the new release, then takes a worker's place; then the next one. So no request
waits for a release to be opened, even where there is only one worker. One process more than
configured runs meanwhile. What the old release took is free as soon as its last request is done.
"""

import time
from collections.abc import Awaitable, Callable

from embeat_serve.http.supervisor import Supervisor
from embeat_serve.http.worker_process import Worker, WorkerRole

RETRY_SECONDS = 10.0
"""Time until a release that could not be opened is tried again."""


class SwitchPolicy:
    """Decide whether to go over from the served release to the published one.

    Args:
        retry_seconds: time until a release that could not be opened is tried again.
        clock: monotonic seconds.
    """

    def __init__(self, retry_seconds: float, clock: Callable[[], float] = time.monotonic):
        self._retry_seconds, self._clock = retry_seconds, clock
        self._rejected: str | None = None
        self._rejected_at = 0.0

    def should_switch(self, served: str | None, published: str) -> bool:
        """Whether another release is published, and has not just been rejected."""
        if published == served:
            return False
        just_rejected = self._clock() - self._rejected_at < self._retry_seconds
        return published != self._rejected or not just_rejected

    def reject(self, release: str) -> None:
        """Note that a release could not be opened."""
        self._rejected, self._rejected_at = release, self._clock()


class Rollover:
    """Moves all workers to a release that was published.

    Args:
        supervisor: starts and stops the workers.
        preload: reads the published release into the page cache.
        policy: decides whether a published release is to be opened.
    """

    def __init__(
        self,
        supervisor: Supervisor,
        preload: Callable[[], Awaitable[None]],
        policy: SwitchPolicy | None = None,
    ):
        self._supervisor, self._preload = supervisor, preload
        self._policy = policy or SwitchPolicy(RETRY_SECONDS)
        self._running = False

    def begin(self, served: str | None, published: str) -> None:
        """Begin to replace the workers if the published release is another than the served one.

        Does nothing while workers are being replaced already.
        """
        if not self._running and self._policy.should_switch(served, published):
            self._running = True
            self._supervisor.run_task(self._replace_workers(published))

    async def _replace_workers(self, release: str) -> None:
        try:
            await self._preload()
            while worker := self._oldest_with_another(release):
                spare = await self._supervisor.start_spare()
                if spare is None or spare.release == worker.release:
                    self._policy.reject(release)
                    if spare:
                        self._supervisor.stop(spare)
                    return
                if worker.role is not WorkerRole.SERVING:
                    # It ended meanwhile; the process started in its place opened this release.
                    self._supervisor.stop(spare)
                    continue
                self._supervisor.replace(worker, spare)
                if spare.release != release:
                    return  # yet another release was published; the next poll sees it
        finally:
            self._running = False

    def _oldest_with_another(self, release: str) -> Worker | None:
        others = (
            worker for worker in self._supervisor.serving if worker.release not in (None, release)
        )
        return min(others, key=lambda worker: worker.started, default=None)
