"""Runs the parts of a build side by side, each in a process of its own."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import IO

import embeat_pipeline
from embeat_pipeline.index.worker import Part
from embeat_pipeline.progress import Advance
from embeat_serve.errors import PipelineError


def build_parts(parts: Sequence[Part], workers: int, advance: Advance) -> None:
    """Build all parts, at most ``workers`` at once.

    However this ends, no process is left behind.

    Raises:
        PipelineError: a process failed or was killed; the others are ended.
    """
    started: list[subprocess.Popen[str]] = []
    stopping = threading.Event()

    def build(part: Part) -> None:
        log = Path(f"{part.folder}.log")
        with log.open("w") as errors, _start(part, errors) as process:
            started.append(process)
            if stopping.is_set():
                process.kill()
            for line in process.stdout or ():
                message = json.loads(line)
                advance(message.get("points", 0), message.get("step", ""))
        if process.returncode:
            lines = log.read_text(errors="replace").split("\n")
            last = next((line.strip() for line in reversed(lines) if line.strip()), "no message")
            ended = f"ended with status {process.returncode}"
            if process.returncode < 0:
                ended = f"was killed by signal {-process.returncode} (out of memory?)"
            raise PipelineError(
                f"building {part.collection} {part.low}..{part.high} {ended}: {last}; "
                f"nothing was published, run the index stage again"
            )

    with ThreadPoolExecutor(workers) as pool:
        futures = [pool.submit(build, part) for part in parts]
        try:
            for future in as_completed(futures):
                future.result()
        finally:
            stopping.set()
            for future in futures:
                future.cancel()
            for process in started:
                process.kill()


def _start(part: Part, errors: IO[str]) -> subprocess.Popen[str]:
    # Not multiprocessing: that would run the caller's main module again in every process.
    root = str(Path(embeat_pipeline.__file__).parents[1])
    search_path = os.pathsep.join(filter(None, (root, os.environ.get("PYTHONPATH"))))
    return subprocess.Popen(  # noqa: S603
        [sys.executable, "-m", "embeat_pipeline.index.worker", part.to_json()],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=errors,
        text=True,
        env={**os.environ, "PYTHONPATH": search_path},
    )
