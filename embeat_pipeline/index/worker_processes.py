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
from embeat_pipeline.common.progress import Advance
from embeat_pipeline.index.config import MIN_PARALLEL_PART, BuildOptions
from embeat_pipeline.index.shard_worker import Part, to_json
from embeat_serve.errors import PipelineError


def build_parts(parts: Sequence[Part], options: BuildOptions, advance: Advance) -> None:
    """Build all parts side by side, as many at once as ``options`` allow.

    However this ends, no process is left behind.

    Args:
        parts: small ones next to each other share a process.
        options: of the build.
        advance: called with the points taken in, and with what a part is at.

    Raises:
        PipelineError: a process failed or was killed; the others are ended.
    """
    started: list[subprocess.Popen[str]] = []
    stopping = threading.Event()

    def build(group: Sequence[Part]) -> None:
        log = Path(f"{group[0].folder}.log")
        with log.open("w") as errors, _start(group, errors) as process:
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
            what = ", ".join(f"{part.collection} from {part.low}" for part in group)
            raise PipelineError(
                f"the process that builds {what} {ended}: {last}; "
                f"nothing was published, run the index stage again"
            )

    groups = grouped(parts)
    with ThreadPoolExecutor(options.worker_count(len(groups))) as pool:
        futures = [pool.submit(build, group) for group in groups]
        try:
            for future in as_completed(futures):
                future.result()
        finally:
            stopping.set()
            for future in futures:
                future.cancel()
            for process in started:
                process.kill()


def grouped(parts: Sequence[Part]) -> list[list[Part]]:
    """Parts that share a process: starting one takes as long as a few thousand points."""
    groups: list[list[Part]] = []
    for part in parts:
        points = sum(other.points for other in groups[-1]) if groups else 0
        if groups and points + part.points <= MIN_PARALLEL_PART:
            groups[-1].append(part)
        else:
            groups.append([part])
    return groups


def _start(group: Sequence[Part], errors: IO[str]) -> subprocess.Popen[str]:
    # Not multiprocessing: that would run the caller's main module again in every process.
    root = str(Path(embeat_pipeline.__file__).parents[1])
    search_path = os.pathsep.join(filter(None, (root, os.environ.get("PYTHONPATH"))))
    return subprocess.Popen(  # noqa: S603
        [sys.executable, "-m", "embeat_pipeline.index.shard_worker", to_json(group)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=errors,
        text=True,
        env={**os.environ, "PYTHONPATH": search_path},
    )
