"""Keeps worker processes running: starts them, restarts those that end, stops all of them."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from typing import Any

from embeat_serve.http.worker_process import WORKER_GONE, Worker, WorkerRole

RESTART_SECONDS = 1.0
"""Least time between two starts in one worker's place."""


class Supervisor:
    """Starts, restarts and stops worker processes.

    Args:
        start: starts one process.
        on_ready: called with each worker that can take requests from now on.

    Attributes:
        restarts: processes that were replaced because they ended or hung.
    """

    def __init__(self, start: Callable[[], Awaitable[Worker]], on_ready: Callable[[Worker], None]):
        self._start, self._on_ready = start, on_ready
        self._workers: set[Worker] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._closing = False
        self.restarts = 0

    @property
    def serving(self) -> list[Worker]:
        """Workers that take requests, and those that start in order to."""
        return [worker for worker in self._workers if worker.role is WorkerRole.SERVING]

    def start_workers(self, number: int) -> None:
        """Begin to start so many processes."""
        for _ in range(number):
            self.run_task(self._start_worker())

    def run_task(self, work: Coroutine[Any, Any, None]) -> None:
        """Run work in the background; ``close`` cancels what still runs."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def restart(self, worker: Worker) -> None:
        """Kill a worker, and start another unless a spare has taken its place already."""
        worker.kill()
        if worker.role is WorkerRole.RETIRED:
            self.stop(worker)
            return
        worker.role = WorkerRole.RETIRED
        self.restarts += 1
        if not self._closing:
            self.run_task(self._start_worker(worker))

    async def start_spare(self) -> Worker | None:
        """Start a worker that takes no requests yet.

        Returns:
            The worker, with the published release open; None where it cannot be opened.
        """
        with suppress(OSError):
            spare = await self._start()
            spare.role = WorkerRole.SPARE
            self._workers.add(spare)
            with suppress(*WORKER_GONE):
                await spare.call("ready", {})
            if spare.release is not None:
                return spare
            await self._stop_worker(spare)
        return None

    def replace(self, worker: Worker, spare: Worker) -> None:
        """Give a worker's place to a spare; the worker ends with the request it has, if any."""
        spare.role, worker.role = WorkerRole.SERVING, WorkerRole.RETIRED
        self._on_ready(spare)
        if not worker.busy:
            self.stop(worker)

    def stop(self, worker: Worker) -> None:
        """Begin to stop a worker; stopping it twice does no harm."""
        self.run_task(self._stop_worker(worker))

    async def close(self) -> None:
        """Stop all background work and all processes. No call may run meanwhile."""
        self._closing = True
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.gather(*map(self._stop_worker, list(self._workers)))

    async def _start_worker(self, predecessor: Worker | None = None) -> None:
        if predecessor is not None:
            await self._stop_worker(predecessor)
            await asyncio.sleep(predecessor.started + RESTART_SECONDS - time.monotonic())
        worker = await self._start()
        self._workers.add(worker)
        # No time limit: opening a release may take longer than a request is allowed to.
        try:
            await worker.call("ready", {})
        except WORKER_GONE:
            self.restart(worker)
        else:
            self._on_ready(worker)

    async def _stop_worker(self, worker: Worker) -> None:
        worker.kill()
        await worker.wait()
        self._workers.discard(worker)
