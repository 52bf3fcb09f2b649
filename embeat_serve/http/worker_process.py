"""One worker process, as the server sees it: start, call, kill."""

import asyncio
import contextlib
import sys
import time
from collections.abc import Mapping
from enum import Enum
from typing import Any, Self

from embeat_serve.http import ipc
from embeat_serve.http.arguments import HandlerName
from embeat_serve.settings import Settings

WORKER_GONE = (OSError, asyncio.IncompleteReadError)
"""Errors of a call to a process that has ended."""


class WorkerRole(Enum):
    """What a process is there for."""

    SERVING = "takes requests"
    SPARE = "opens a release, to take the place of another process"
    RETIRED = "has lost its place, and is stopped after its last request"


class Worker:
    """A worker process; it takes one request at a time.

    Args:
        process: started with pipes for its input and output.

    Attributes:
        role: what the process is there for.
        release: release of its last answer; None while it cannot open one.
        failure: why it cannot open a release, where it has said so.
        started: monotonic seconds when it was started.
        polled: monotonic seconds when it was last polled.
        busy: whether a call is running.

    Raises:
        ValueError: the process has no pipes.
    """

    def __init__(self, process: asyncio.subprocess.Process):
        if process.stdin is None or process.stdout is None:
            raise ValueError("a worker process needs pipes for its input and output, found none")
        self._process = process
        self._input, self._output = process.stdin, process.stdout
        self.role = WorkerRole.SERVING
        self.release: str | None = None
        self.failure: str | None = None
        self.started = self.polled = time.monotonic()
        self.busy = False

    @classmethod
    async def start(cls, settings: Settings) -> Self:
        """Start a process; it opens the release at its first call.

        Raises:
            OSError: it cannot be started.
        """
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "embeat_serve.http.worker",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        worker = cls(process)
        worker._input.write(ipc.pack_frame({}, ipc.to_message(settings)))
        return worker

    @property
    def pid(self) -> int:
        """Process id."""
        return self._process.pid

    async def call(self, handler: HandlerName, arguments: Mapping[str, Any]) -> ipc.Answer:
        """Have the process answer one request; wait for the answer before the next call.

        Raises:
            OSError: the process has ended.
            asyncio.IncompleteReadError: it ended meanwhile.
        """
        self.busy = True
        try:
            self._input.write(ipc.Request(handler, arguments).to_frame())
            await self._input.drain()
            answer = ipc.Answer.from_frame(*await ipc.receive_frame(self._output))
        finally:
            self.busy = False
        if answer.release:
            self.release, self.failure = answer.release, None
        elif answer.status == 503 or handler == "ready":
            self.release, self.failure = None, answer.detail
        return answer

    def kill(self) -> None:
        """End the process at once."""
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()

    async def wait(self) -> None:
        """Close the process's input and wait until it has ended."""
        with contextlib.suppress(OSError):
            self._input.close()
        await self._process.wait()
        # The event loop closes the other pipe in a callback.
        await asyncio.sleep(0)
