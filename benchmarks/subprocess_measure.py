"""What a piece of work takes in a process of its own."""

import multiprocessing
import resource
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from typing import NamedTuple

MEBIBYTE = 1 << 20


class Taken(NamedTuple):
    """What was measured."""

    seconds: float
    processor_seconds: float
    peak_mebibytes: float


def alone(work: Callable[..., object], *arguments: object) -> Taken:
    """Run ``work`` in a fresh process."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        return pool.submit(_measure, work, *arguments).result()


def _measure(work: Callable[..., object], *arguments: object) -> Taken:
    started, processor = time.perf_counter(), time.process_time()
    work(*arguments)
    seconds, used = time.perf_counter() - started, time.process_time() - processor
    return Taken(
        seconds, used, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / MEBIBYTE
    )
