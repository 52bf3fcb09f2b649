import threading
import time

import numpy as np
import pytest
from threadpoolctl import threadpool_info

from embeat_pipeline.common.thread_map import thread_map


def blas_threads() -> list[int]:
    return [one["num_threads"] for one in threadpool_info() if one["user_api"] == "blas"]


def test_results_come_in_the_order_of_the_items():
    def late(number: int) -> int:
        time.sleep(0.02 if number % 3 == 0 else 0)
        return number**2

    assert list(thread_map(late, range(30))) == [number**2 for number in range(30)]
    assert list(thread_map(late, [])) == []


def test_few_results_wait_for_the_consumer():
    started: list[int] = []
    results = thread_map(started.append, range(100), 2)
    next(results)
    time.sleep(0.1)
    assert len(started) <= 3
    results.close()
    assert len(started) <= 3


def test_items_are_computed_in_other_threads_with_one_thread_of_blas():
    assert (np.ones((2, 2)) @ np.ones((2, 2))).sum() == 8
    before = blas_threads()
    found = list(thread_map(lambda _: (threading.current_thread(), blas_threads()), range(4)))
    assert all(thread is not threading.main_thread() for thread, _ in found)
    assert all(set(threads) <= {1} for _, threads in found)
    assert blas_threads() == before


def test_an_error_reaches_the_consumer():
    def fail(number: int) -> int:
        if number == 3:
            raise ValueError("no threes")
        return number

    results = thread_map(fail, range(10))
    assert [next(results) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(ValueError, match="no threes"):
        next(results)
