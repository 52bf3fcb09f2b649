"""Compute blocks of arrays side by side, in threads, where numpy, scipy and torch do the work."""

import os
from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from threadpoolctl import threadpool_limits

Item = TypeVar("Item")
Result = TypeVar("Result")

MAX_THREADS = 4
"""Most threads: each has a block in memory."""


def thread_map(function: Callable[[Item], Result], items: Iterable[Item]) -> Generator[Result]:
    """Yield ``function`` of each item, in their order.

    As many items are computed at a time as there are cores, up to ``MAX_THREADS``, or wait for the
    consumer when they are done. BLAS has one thread meanwhile: its threads would compete for the
    same cores, and most of the work is not its. PyTorch keeps its own threads.
    """
    threads = min(os.cpu_count() or 1, MAX_THREADS)
    with threadpool_limits(1, "blas"), ThreadPoolExecutor(threads) as executor:
        waiting: deque[Future[Result]] = deque()
        try:
            for item in items:
                waiting.append(executor.submit(function, item))
                if len(waiting) > threads:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()
