"""Workers: who is free, who waits, who is started anew."""

import asyncio
import contextlib
import math
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from embeat_serve.http import frames
from embeat_serve.http.worker import describe
from embeat_serve.settings import Settings

LOOK_SECONDS = 1.0
"""A worker that has nothing to do looks this often whether another release was published."""

RESTART_SECONDS = 1.0
"""Least time between two starts in one worker's place."""

USUAL_SECONDS = 0.02
"""Of a question, until some have been answered."""


class Busy(Exception):
    """More questions wait than the server lets wait.

    Attributes:
        seconds: after which it is worth trying again.
    """

    def __init__(self, seconds: int):
        super().__init__(f"too many questions at once; try again in {seconds} s")
        self.seconds = seconds


class Overdue(Exception):
    """A question took longer than it may."""


class WorkerLost(Exception):
    """The process that was asked ended twice over."""


@dataclass(frozen=True)
class Answer:
    """What a worker said: a status as of HTTP, and the content or what went wrong."""

    head: Mapping[str, Any]
    body: bytes

    @property
    def status(self) -> int:
        """HTTP status."""
        return self.head["status"]


class Worker:
    """One process."""

    def __init__(self, process: asyncio.subprocess.Process):
        assert process.stdin is not None and process.stdout is not None  # noqa: S101, PT018
        self._process = process
        self._questions, self._answers = process.stdin, process.stdout
        self.release: str | None = None
        """Release it answered from last; None where there is nothing to ask."""
        self.trouble: str | None = None
        """Why it has nothing to ask."""
        self.started = self.asked = time.monotonic()

    @classmethod
    async def start(cls, settings: Settings) -> "Worker":
        """Start a process; it opens the release when it is first asked."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "embeat_serve.http.worker",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        worker = cls(process)
        worker._questions.write(frames.pack(describe(settings)))
        return worker

    @property
    def id(self) -> int:
        """Of the process."""
        return self._process.pid

    async def ask(self, question: str, arguments: Mapping[str, Any]) -> Answer:
        """Ask; one question at a time.

        Raises:
            OSError: the process is gone.
            asyncio.IncompleteReadError: it is.
        """
        self._questions.write(frames.pack({"question": question, "arguments": dict(arguments)}))
        await self._questions.drain()
        answer = Answer(*await frames.receive(self._answers))
        self.asked = time.monotonic()
        if answer.status == 503:
            self.release, self.trouble = None, answer.head["detail"]
        elif answer.head.get("release"):
            self.release, self.trouble = answer.head["release"], None
        return answer

    def end(self) -> None:
        """End it at once."""
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()

    async def wait(self) -> None:
        """Close its input and wait until it has ended."""
        with contextlib.suppress(OSError):
            self._questions.close()
        await self._process.wait()
        # Its pipes are closed by callbacks of the loop.
        await asyncio.sleep(0)


class Pool:
    """Answers questions with as many processes as asked for, and lets only so many wait.

    Args:
        settings: of the release.
        workers: processes.
        queue: questions that may wait for one.
        seconds: a question may wait, and then may take.
    """

    def __init__(self, settings: Settings, workers: int, queue: int, seconds: float):
        self._settings = settings
        self._number, self._queue, self._seconds = workers, queue, seconds
        self._free: asyncio.Queue[Worker] = asyncio.Queue()
        self._workers: set[Worker] = set()
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
        self._do(self._look())

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
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for worker in self._workers:
            worker.end()
        await asyncio.gather(*(worker.wait() for worker in self._workers))
        self._workers.clear()

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

    def _busy(self) -> Busy:
        ahead = self.waiting * self._usual / max(1, len(self._workers))
        return Busy(max(1, math.ceil(ahead)))

    async def _ask(self, worker: Worker, question: str, arguments: Mapping[str, Any]) -> Answer:
        self.asking += 1
        # Counted from here: whoever waited long must not cost a worker its life.
        try:
            async with asyncio.timeout(self._seconds):
                answer = await worker.ask(question, arguments)
        except TimeoutError:
            self._replace(worker)
            raise Overdue(f"no answer within {self._seconds:g} s") from None
        except BaseException:
            # Also where whoever asked has left: the answer would be the next one's.
            self._replace(worker)
            raise
        finally:
            self.asking -= 1
        self._usual += 0.05 * (answer.head["seconds"] - self._usual)
        self._free.put_nowait(worker)
        return answer

    def _replace(self, worker: Worker) -> None:
        worker.end()
        self.restarts += 1
        if not self._closing:
            self._do(self._hire(worker))

    async def _hire(self, instead: Worker | None = None) -> None:
        if instead is not None:
            self._workers.discard(instead)
            await instead.wait()
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

    async def _look(self) -> None:
        """Have those that nobody asks follow what is published, and notice what went away."""
        while True:
            await asyncio.sleep(LOOK_SECONDS / 2)
            for _ in range(self._free.qsize()):
                try:
                    worker = self._free.get_nowait()
                except asyncio.QueueEmpty:
                    break
                if time.monotonic() - worker.asked < LOOK_SECONDS:
                    self._free.put_nowait(worker)
                    continue
                with contextlib.suppress(OSError, asyncio.IncompleteReadError, Overdue):
                    await self._ask(worker, "ready", {})

    def _do(self, work: Any) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
