"""Distributes requests over worker processes, with limits on how many wait and for how long."""

import asyncio
import contextlib
import json
import math
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from embeat_serve.http.arguments import HandlerName
from embeat_serve.http.ipc import Answer
from embeat_serve.http.preload import Preloader
from embeat_serve.http.rollover import Rollover
from embeat_serve.http.settings import HttpSettings
from embeat_serve.http.supervisor import Supervisor
from embeat_serve.http.worker_process import WORKER_GONE, Worker, WorkerRole
from embeat_serve.settings import Settings

POLL_SECONDS = 1.0
"""Time between two polls of a worker: can it read its release, and which release is published?"""

ATTEMPTS = 2
"""Workers that may end over one request before it is given up."""

INITIAL_SECONDS = 0.02
"""Assumed time of a request until some have been answered."""

SMOOTHING = 0.05
"""Weight of the newest request in the moving average of their times."""

StartWorker = Callable[[Settings], Awaitable[Worker]]


class QueueFull(Exception):
    """Too many requests wait.

    Attributes:
        seconds: time after which it is worth trying again.
    """

    def __init__(self, seconds: int):
        super().__init__(f"too many requests at once; try again in {seconds} s")
        self.seconds = seconds


class QueryTimeout(Exception):
    """A request took longer than it may."""


class WorkerLost(Exception):
    """The process that had a request ended, and so did the one that had it next."""


class WorkerPool:
    """Answers requests with several worker processes.

    Args:
        settings: of the release.
        http: number of workers, length of the queue, time limit.
        start: starts one worker process.

    Attributes:
        waiting: requests that wait for a worker.
        running: requests that a worker has.
    """

    def __init__(self, settings: Settings, http: HttpSettings, start: StartWorker = Worker.start):
        self._http = http
        self._idle: asyncio.Queue[Worker] = asyncio.Queue()
        self._supervisor = Supervisor(lambda: start(settings), self._idle.put_nowait)
        self._preloader = Preloader(settings, http.warm)
        self._rollover = Rollover(self._supervisor, self._preloader.run)
        self._mean_seconds = INITIAL_SECONDS
        self.waiting = 0
        self.running = 0

    async def start(self) -> None:
        """Start the processes; requests may come before a release is open."""
        self._supervisor.start_workers(self._http.workers)
        self._supervisor.run_task(self._preloader.run())
        self._supervisor.run_task(self._poll_regularly())

    async def call(self, handler: HandlerName, arguments: Mapping[str, Any]) -> Answer:
        """Have a worker answer a request.

        Raises:
            QueueFull: too many requests wait, or no worker became free in time.
            QueryTimeout: a worker had the request for too long.
            WorkerLost: two processes ended over it.
        """
        for _ in range(ATTEMPTS):
            worker = await self._borrow_worker()
            with contextlib.suppress(*WORKER_GONE):
                return await self._call_worker(worker, handler, arguments)
        raise WorkerLost(f"the process that had the request ({handler}) ended")

    @property
    def releases(self) -> set[str]:
        """Releases that workers answer from; two during a rollover."""
        return {worker.release for worker in self._supervisor.serving if worker.release}

    @property
    def ready(self) -> int:
        """Number of workers with a release open."""
        return sum(worker.release is not None for worker in self._supervisor.serving)

    @property
    def failure(self) -> str | None:
        """Why a worker cannot open a release; None where all can, or none has said yet."""
        return next((worker.failure for worker in self._supervisor.serving if worker.failure), None)

    @property
    def restarts(self) -> int:
        """Number of processes that were replaced because they ended or hung."""
        return self._supervisor.restarts

    async def close(self) -> None:
        """Stop all processes. No request may run meanwhile."""
        self._preloader.stop()
        await self._supervisor.close()

    async def _borrow_worker(self) -> Worker:
        while not self._idle.empty():
            worker = self._idle.get_nowait()
            if worker.role is WorkerRole.SERVING:
                return worker
        if self.waiting >= self._http.queue:
            raise self._queue_full()
        self.waiting += 1
        try:
            async with asyncio.timeout(self._http.timeout):
                return await self._next_idle()
        except TimeoutError:
            raise self._queue_full() from None
        finally:
            self.waiting -= 1

    async def _next_idle(self) -> Worker:
        while True:
            worker = await self._idle.get()
            if worker.role is WorkerRole.SERVING:
                return worker

    def _queue_full(self) -> QueueFull:
        seconds = self.waiting * self._mean_seconds / max(1, len(self._supervisor.serving))
        return QueueFull(max(1, math.ceil(seconds)))

    async def _call_worker(
        self, worker: Worker, handler: HandlerName, arguments: Mapping[str, Any]
    ) -> Answer:
        self.running += 1
        # The time waited for a worker does not count, or a burst would cost workers their lives.
        try:
            async with asyncio.timeout(self._http.timeout):
                answer = await worker.call(handler, arguments)
        except TimeoutError:
            self._supervisor.restart(worker)
            raise QueryTimeout(f"no answer within {self._http.timeout:g} s") from None
        except BaseException:
            # Also if the client has gone: the next request would get this one's answer.
            self._supervisor.restart(worker)
            raise
        finally:
            self.running -= 1
        self._mean_seconds += SMOOTHING * (answer.seconds - self._mean_seconds)
        self._release_worker(worker)
        return answer

    def _release_worker(self, worker: Worker) -> None:
        """Give a worker back; it is stopped if retired, and polled if that is due."""
        if worker.role is WorkerRole.RETIRED:
            self._supervisor.stop(worker)
        elif time.monotonic() - worker.polled >= POLL_SECONDS:
            self._supervisor.run_task(self._poll_worker(worker))
        else:
            self._idle.put_nowait(worker)

    async def _poll_regularly(self) -> None:
        while True:
            await asyncio.sleep(POLL_SECONDS / 2)
            self._poll_idle()

    def _poll_idle(self) -> None:
        """Poll the workers that get no requests, where that is due."""
        for _ in range(self._idle.qsize()):
            self._release_worker(self._idle.get_nowait())

    async def _poll_worker(self, worker: Worker) -> None:
        """Have a worker reopen its release if needed, and learn which release is published."""
        worker.polled = time.monotonic()
        try:
            answer = await self._call_worker(worker, "ready", {})
        except (*WORKER_GONE, QueryTimeout):
            return  # the supervisor has restarted it
        if answer.status == 200:
            self._rollover.begin(worker.release, json.loads(answer.body)["published"])
