"""Workers: who is free, who waits, who is started anew.

Where another release is published, a process is started on it, and takes a worker's place once it
has opened it; then the next. So nobody's question waits for a release to be opened, not even where
there is one worker, one process more than asked for runs meanwhile, and what the old release took
is free as soon as its last question is answered.
"""

import asyncio
import contextlib
import json
import math
import threading
import time
from collections.abc import Mapping
from typing import Any

from embeat_serve.errors import Unavailable
from embeat_serve.http.preload import warm
from embeat_serve.http.worker_process import Answer, Worker
from embeat_serve.settings import Settings
from embeat_serve.stores.factory import current_release

LOOK_SECONDS = 1.0
"""Workers look this often whether another release was published."""

REFUSED_SECONDS = 10.0
"""Until a release that could not be opened is tried again."""

RESTART_SECONDS = 1.0
"""Least time between two starts in one worker's place."""

USUAL_SECONDS = 0.02
"""Of a question, until some have been answered."""


class QueueFull(Exception):
    """More questions wait than the server lets wait.

    Attributes:
        seconds: after which it is worth trying again.
    """

    def __init__(self, seconds: int):
        super().__init__(f"too many questions at once; try again in {seconds} s")
        self.seconds = seconds


class QueryTimeout(Exception):
    """A question took longer than it may."""


class WorkerLost(Exception):
    """The process that was asked ended twice over."""


class WorkerPool:
    """Answers questions with as many processes as asked for, and lets only so many wait.

    Args:
        settings: of the release.
        workers: processes.
        queue: questions that may wait for one.
        seconds: a question may wait, and then may take.
        warm: see ``HttpSettings``.
    """

    def __init__(
        self, settings: Settings, workers: int, queue: int, seconds: float, warm: str = "no"
    ):
        self._settings, self._warmth = settings, warm
        self._number, self._queue, self._seconds = workers, queue, seconds
        self._free: asyncio.Queue[Worker] = asyncio.Queue()
        self._workers: set[Worker] = set()
        self._aside: set[Worker] = set()
        """Those that open a release before they take a place, and those that have left theirs."""
        self._renewing = False
        self._refused: tuple[str, float] | None = None
        self._stopping = threading.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._closing = False
        self._usual = USUAL_SECONDS
        self.waiting = 0
        """Questions that wait for a worker."""
        self.asking = 0
        """Questions that a worker has."""
        self.restarts = 0
        """Processes that had to be replaced."""

    async def start(self) -> None:
        """Start the processes; questions may come before they have opened the release."""
        for _ in range(self._number):
            self._do(self._hire())
        self._do(self._warm())
        self._do(self._tick())

    async def ask(self, question: str, arguments: Mapping[str, Any]) -> Answer:
        """Answer a question.

        Raises:
            Busy: too many wait already, or none became free in time.
            Overdue: it took too long.
            WorkerLost: two processes ended over it.
        """
        for _ in range(2):
            worker = await self._next_free()
            with contextlib.suppress(OSError, asyncio.IncompleteReadError):
                return await self._ask(worker, question, arguments)
        raise WorkerLost(f"a process that was asked for {question} ended")

    @property
    def releases(self) -> set[str]:
        """Releases that processes answer from; several while one is being exchanged."""
        return {worker.release for worker in self._workers if worker.release}

    @property
    def ready(self) -> int:
        """Processes with a release open."""
        return sum(worker.release is not None for worker in self._workers)

    @property
    def trouble(self) -> str | None:
        """Why none is ready, where known."""
        return next((worker.trouble for worker in self._workers if worker.trouble), None)

    async def close(self) -> None:
        """End all processes. Nothing may be asked meanwhile."""
        self._closing = True
        self._stopping.set()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        everybody = self._workers | self._aside
        for worker in everybody:
            worker.end()
        await asyncio.gather(*(worker.wait() for worker in everybody))
        self._workers.clear()
        self._aside.clear()

    async def _next_free(self) -> Worker:
        with contextlib.suppress(asyncio.QueueEmpty):
            return self._free.get_nowait()
        if self.waiting >= self._queue:
            raise self._busy()
        self.waiting += 1
        try:
            async with asyncio.timeout(self._seconds):
                return await self._free.get()
        except TimeoutError:
            raise self._busy() from None
        finally:
            self.waiting -= 1

    def _busy(self) -> QueueFull:
        ahead = self.waiting * self._usual / max(1, len(self._workers))
        return QueueFull(max(1, math.ceil(ahead)))

    async def _ask(self, worker: Worker, question: str, arguments: Mapping[str, Any]) -> Answer:
        self.asking += 1
        # Counted from here: whoever waited long must not cost a worker its life.
        try:
            async with asyncio.timeout(self._seconds):
                answer = await worker.ask(question, arguments)
        except TimeoutError:
            self._replace(worker)
            raise QueryTimeout(f"no answer within {self._seconds:g} s") from None
        except BaseException:
            # Also where whoever asked has left: the answer would be the next one's.
            self._replace(worker)
            raise
        finally:
            self.asking -= 1
        self._usual += 0.05 * (answer.head["seconds"] - self._usual)
        self._pass_on(worker)
        return answer

    def _pass_on(self, worker: Worker) -> None:
        """Let it be asked, unless it has something else to do first."""
        if worker.retired:
            self._do(self._dismiss(worker))
        elif time.monotonic() - worker.looked >= LOOK_SECONDS:
            self._do(self._look(worker))
        else:
            self._free.put_nowait(worker)

    def _replace(self, worker: Worker) -> None:
        worker.end()
        self._workers.discard(worker)
        if worker.retired:
            self._do(self._dismiss(worker))
            return
        self.restarts += 1
        if not self._closing:
            self._do(self._hire(worker))

    async def _hire(self, instead: Worker | None = None) -> None:
        if instead is not None:
            self._aside.add(instead)
            await instead.wait()
            self._aside.discard(instead)
            await asyncio.sleep(max(0.0, instead.started + RESTART_SECONDS - time.monotonic()))
        worker = await Worker.start(self._settings)
        self._workers.add(worker)
        # Opening takes longer than a question may, so nobody waits for it.
        try:
            await worker.ask("ready", {})
        except (OSError, asyncio.IncompleteReadError):
            self._replace(worker)
        else:
            self._free.put_nowait(worker)

    async def _tick(self) -> None:
        """Have those that nobody asks look about, too."""
        while True:
            await asyncio.sleep(LOOK_SECONDS / 2)
            self._go_round()

    def _go_round(self) -> None:
        for _ in range(self._free.qsize()):
            self._pass_on(self._free.get_nowait())

    async def _look(self, worker: Worker) -> None:
        """Have a worker notice what went away or came back, and tell what is published."""
        worker.looked = time.monotonic()
        try:
            answer = await self._ask(worker, "ready", {})
        except (OSError, asyncio.IncompleteReadError, QueryTimeout):
            return  # it was replaced
        if answer.status == 200 and not self._renewing:
            published = json.loads(answer.body)["published"]
            if published != worker.release and not self._was_refused(published):
                self._renewing = True
                self._do(self._renew(published))

    def _was_refused(self, release: str) -> bool:
        if self._refused is None:
            return False
        name, when = self._refused
        return name == release and time.monotonic() - when < REFUSED_SECONDS

    async def _renew(self, release: str) -> None:
        """Put a process with that release open in the place of each that has another one open."""
        try:
            await self._warm()
            while before := self._next_with_another(release):
                fresh = await self._opened()
                if fresh is None or fresh.release == before.release:
                    self._refused = release, time.monotonic()
                    if fresh:
                        await self._dismiss(fresh)
                    return
                if before not in self._workers:  # it ended, and whoever replaced it has looked
                    await self._dismiss(fresh)
                    continue
                self._aside.discard(fresh)
                self._workers.add(fresh)
                self._free.put_nowait(fresh)
                self._retire(before)
                if fresh.release != release:  # yet another one was published meanwhile
                    return
        finally:
            self._renewing = False

    async def _opened(self) -> Worker | None:
        """A further process with what is published open; None where it cannot be opened."""
        with contextlib.suppress(OSError):
            worker = await Worker.start(self._settings)
            self._aside.add(worker)
            with contextlib.suppress(OSError, asyncio.IncompleteReadError):
                await worker.ask("ready", {})
            if worker.release is not None:
                return worker
            await self._dismiss(worker)
        return None

    def _next_with_another(self, release: str) -> Worker | None:
        others = (one for one in self._workers if one.release not in (None, release))
        return min(others, key=lambda worker: worker.started, default=None)

    def _retire(self, worker: Worker) -> None:
        worker.retired = True
        self._workers.discard(worker)
        self._aside.add(worker)
        self._go_round()

    async def _dismiss(self, worker: Worker) -> None:
        self._aside.add(worker)
        worker.end()
        await worker.wait()
        self._aside.discard(worker)

    async def _warm(self) -> None:
        """Have what is published in the page cache."""
        lake, always = self._settings.lake, self._warmth == "yes"
        if self._warmth == "no" or self._settings.qdrant_url:
            return
        with contextlib.suppress(Unavailable):
            folder = lake.release(current_release(lake))
            await asyncio.to_thread(warm, folder, always, self._stopping)

    def _do(self, work: Any) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
