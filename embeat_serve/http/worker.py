"""Worker process: reads requests from stdin, writes answers to stdout.

Only ``worker_process`` starts it. It ends when its input ends, so it cannot outlive the server.
"""

import os
import signal
import sys
import time
import traceback
from collections.abc import Callable
from typing import BinaryIO

from embeat_serve.errors import EmbeatError, SeedNotFound, Unavailable
from embeat_serve.http import ipc
from embeat_serve.http.handlers import Content, call_handler, http_status, load_release
from embeat_serve.recommender import Recommender
from embeat_serve.settings import Settings

REOPEN_SECONDS = 1.0
"""Least time between two attempts to open a release."""


class WorkerSession:
    """A recommender that is opened again when its release or its store has gone away.

    Args:
        settings: where the release lies.
        clock: monotonic seconds.
    """

    def __init__(self, settings: Settings, clock: Callable[[], float] = time.monotonic):
        self._settings, self._clock = settings, clock
        self._recommender: Recommender | None = None
        self._loaded = False
        self._failure: Unavailable | None = None
        self._failed = 0.0

    def handle(self, request: ipc.Request) -> Content:
        """Answer a request.

        Raises:
            EmbeatError: the request is wrong, or the release cannot be read.
        """
        opened_before = self._recommender is not None
        try:
            return self._call(request)
        except Unavailable:
            self.close()
            # What was open may have been removed since; what was just opened was not.
            if not opened_before:
                raise
            return self._call(request)

    @property
    def release(self) -> str | None:
        """Name of the release that is open; None where none is."""
        return self._recommender.release if self._recommender else None

    def close(self) -> None:
        """Close the release."""
        recommender, self._recommender = self._recommender, None
        self._loaded = False
        if recommender:
            recommender.close()

    def _call(self, request: ipc.Request) -> Content:
        recommender = self._open()
        if request.handler == "ready" and not self._loaded:
            load_release(recommender)
            self._loaded = True
        return call_handler(recommender, request.handler, request.arguments)

    def _open(self) -> Recommender:
        if self._recommender is None:
            if self._failure and self._clock() - self._failed < REOPEN_SECONDS:
                raise self._failure
            try:
                self._recommender = Recommender(self._settings, follow=False)
                self._failure = None
            except Unavailable as error:
                self._failure, self._failed = error, self._clock()
                raise
        return self._recommender


def serve(requests: BinaryIO, answers: BinaryIO) -> None:
    """Answer requests until their stream ends."""
    first = ipc.read_frame(requests)
    if first is None:
        return
    session = WorkerSession(ipc.from_message(first[1]))
    while frame := ipc.read_frame(requests):
        answer = respond(session, ipc.Request(**frame[0]))
        answers.write(answer.to_frame())
        answers.flush()


def respond(session: WorkerSession, request: ipc.Request) -> ipc.Answer:
    """Answer one request; an error becomes an answer, too."""
    started = time.perf_counter()
    try:
        content = session.handle(request)
    except EmbeatError as error:
        return ipc.Answer(
            status=http_status(error),
            seconds=time.perf_counter() - started,
            detail=str(error),
            suggestions=error.suggestions if isinstance(error, SeedNotFound) else (),
        )
    except Exception:
        # A defect must not end the worker, and its details are no business of the client.
        traceback.print_exc(file=sys.stderr)
        seconds = time.perf_counter() - started
        return ipc.Answer(status=500, seconds=seconds, detail="the request could not be answered")
    return ipc.Answer(
        status=200,
        seconds=time.perf_counter() - started,
        body=content.body,
        media_type=content.media_type,
        release=session.release,
    )


def main() -> None:
    """Serve this process's stdin and stdout."""
    # Ctrl-C reaches the whole process group, but the server decides when to stop.
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, signal.SIG_IGN)
    # Anything else that prints goes to stderr, so that it cannot get between the frames.
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    serve(sys.stdin.buffer, answers)
    sys.stderr.flush()
    # Leave without clean-up: the engine takes long to close a release.
    os._exit(0)


if __name__ == "__main__":
    main()
