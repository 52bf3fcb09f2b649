"""A process that answers questions, as the server sees it."""

import asyncio
import contextlib
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from embeat_serve.http import ipc as frames
from embeat_serve.http.worker import to_message
from embeat_serve.settings import Settings


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
    """One process.

    Args:
        process: started with pipes for both ways.

    Raises:
        ValueError: it was not.
    """

    def __init__(self, process: asyncio.subprocess.Process):
        if process.stdin is None or process.stdout is None:
            raise ValueError("a worker is asked and answers through pipes, found none")
        self._process = process
        self._questions, self._answers = process.stdin, process.stdout
        self.release: str | None = None
        """Release it answered from last; None where there is nothing to ask."""
        self.trouble: str | None = None
        """Why it has nothing to ask."""
        self.started = self.looked = time.monotonic()
        self.retired = False
        """Whether another process has taken its place."""

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
        worker._questions.write(frames.pack(to_message(settings)))
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
