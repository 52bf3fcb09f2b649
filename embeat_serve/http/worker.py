"""A process that asks the release: questions arrive on stdin, answers leave by stdout.

Started by ``pool``, never by hand. It ends when its input does, so it cannot outlive the server.
"""

import os
import signal
import sys
import time
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO

from embeat_serve.contract.lake import LakePaths
from embeat_serve.errors import EmbeatError, SeedNotFound, Unavailable
from embeat_serve.http import ipc as frames
from embeat_serve.http.handlers import answer, status_of
from embeat_serve.options import RecallOptions
from embeat_serve.recommender import Recommender
from embeat_serve.settings import Settings

REOPEN_SECONDS = 1.0
"""Between attempts to open a release that cannot be opened."""


def to_message(settings: Settings) -> dict[str, Any]:
    """The settings as JSON, for a worker's first frame."""
    return {
        "lake": str(settings.lake.root),
        "qdrant_url": settings.qdrant_url,
        "qdrant_api_key": settings.qdrant_api_key,
        "recall": settings.recall.to_dict(),
    }


def from_message(content: Mapping[str, Any]) -> Settings:
    """``to_message`` turned round."""
    recall = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in content["recall"].items()
    }
    return Settings(
        lake=LakePaths(Path(content["lake"])),
        qdrant_url=content["qdrant_url"],
        qdrant_api_key=content["qdrant_api_key"],
        recall=RecallOptions().with_values(recall),
    )


class WorkerSession:
    """A recommender that is opened again where its release or store went away."""

    def __init__(self, settings: Settings):
        self._settings = settings
        self._recommender: Recommender | None = None
        self._failure: Unavailable | None = None
        self._failed = 0.0

    def answer(self, question: str, asked: Mapping[str, Any]) -> tuple[str, bytes]:
        """Answer a question.

        Raises:
            EmbeatError: as the recommender does.
        """
        opened_before = self._recommender is not None
        try:
            return answer(self._open(), question, asked)
        except Unavailable:
            self.close()
            # What was open may have been replaced; what was opened just now has not been.
            if not opened_before:
                raise
            return answer(self._open(), question, asked)

    @property
    def release(self) -> str | None:
        """The release that is open."""
        return self._recommender.release if self._recommender else None

    def close(self) -> None:
        """Let go of the release."""
        recommender, self._recommender = self._recommender, None
        if recommender:
            recommender.close()

    def _open(self) -> Recommender:
        if self._recommender is None:
            if self._failure and time.monotonic() - self._failed < REOPEN_SECONDS:
                raise self._failure
            try:
                self._recommender = Recommender(self._settings, follow=False)
                self._failure = None
            except Unavailable as error:
                self._failure, self._failed = error, time.monotonic()
                raise
        return self._recommender


def serve(questions: BinaryIO, answers: BinaryIO) -> None:
    """Answer until the questions end."""
    first = frames.read(questions)
    if first is None:
        return
    desk = WorkerSession(from_message(first[0]))
    while frame := frames.read(questions):
        asked, _ = frame
        head, body = respond(desk, asked["question"], asked["arguments"])
        answers.write(frames.pack(head, body))
        answers.flush()


def respond(
    desk: WorkerSession, question: str, asked: Mapping[str, Any]
) -> tuple[dict[str, Any], bytes]:
    """What goes back: status, media type and seconds taken, and the content."""
    started = time.perf_counter()
    head: dict[str, Any] = {"status": 200}
    body = b""
    try:
        head["media_type"], body = desk.answer(question, asked)
        head["release"] = desk.release
    except EmbeatError as error:
        head |= {"status": status_of(error), "error": type(error).__name__, "detail": str(error)}
        if isinstance(error, SeedNotFound):
            head["suggestions"] = list(error.suggestions)
    except Exception:
        # A defect of ours must not take the worker down; the caller learns no more than that.
        traceback.print_exc(file=sys.stderr)
        head |= {"status": 500, "error": "Defect", "detail": "the question could not be answered"}
    head["seconds"] = time.perf_counter() - started
    return head, body


def main() -> None:
    """Run on this process's stdin and stdout."""
    # The server decides when to stop: an interrupt typed at it reaches the whole group.
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, signal.SIG_IGN)
    # Whatever prints must not end up between the frames.
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    serve(sys.stdin.buffer, answers)
    sys.stderr.flush()
    # The engine takes longer to let go of a release than anybody wants to wait.
    os._exit(0)


if __name__ == "__main__":
    main()
