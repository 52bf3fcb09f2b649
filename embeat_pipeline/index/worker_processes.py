"""Run the parts of a build in parallel processes."""

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
    """Build all parts in parallel, as many at once as ``options`` allow.

    No process is left running, also after an error.

    Args:
        parts: parts to build; small neighbouring ones share a process.
        options: settings of the build.
        advance: called with the number of points added, and with the current step of a part.

    Raises:
        PipelineError: a process failed or was killed; the others are stopped.
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
            names = ", ".join(f"{part.collection} from {part.low}" for part in group)
            raise PipelineError(
                f"the process that builds {names} {ended}: {last}; "
                f"nothing was published, run the index stage again"
            )

    groups = group_parts(parts)
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


def group_parts(parts: Sequence[Part]) -> list[list[Part]]:
    """Group parts that share a process; starting one takes as long as a few thousand points."""
    groups: list[list[Part]] = []
    for part in parts:
        points = sum(other.points for other in groups[-1]) if groups else 0
        if groups and points + part.points <= MIN_PARALLEL_PART:
            groups[-1].append(part)
        else:
            groups.append([part])
    return groups


def _start(group: Sequence[Part], errors: IO[str]) -> subprocess.Popen[str]:
    # multiprocessing would run the caller's main module again in every process.
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
