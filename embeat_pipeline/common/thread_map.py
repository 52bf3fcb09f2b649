"""Compute blocks of arrays side by side, in threads, where numpy, scipy and torch do the work."""

from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

import torch
from threadpoolctl import threadpool_limits

Item = TypeVar("Item")
Result = TypeVar("Result")


def thread_map(
    function: Callable[[Item], Result], items: Iterable[Item], most: int | None = None
) -> Generator[Result]:
    """Yield ``function`` of each item, in their order.

    As many items are computed at a time as PyTorch has threads, or wait for the consumer when they
    are done. PyTorch and BLAS have one thread for each meanwhile: more would compete for the same
    cores.

    Args:
        function: of one item; called by several threads.
        items: taken only a few ahead.
        most: threads at most, where an item takes much memory; None for all.
    """
    usual = torch.get_num_threads()
    threads = min(usual, most or usual)
    waiting: deque[Future[Result]] = deque()
    pool = ThreadPoolExecutor(threads, initializer=torch.set_num_threads, initargs=(1,))
    try:
        with threadpool_limits(1, "blas"), pool:
            try:
                for item in items:
                    waiting.append(pool.submit(function, item))
                    if len(waiting) > threads:
                        yield waiting.popleft().result()
                while waiting:
                    yield waiting.popleft().result()
            finally:
                for future in waiting:
                    future.cancel()
    finally:
        # The number last set in any thread applies to threads started later.
        torch.set_num_threads(usual)
