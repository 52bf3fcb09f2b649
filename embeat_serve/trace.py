"""Time the steps of one request."""

import time
from collections.abc import Generator
from contextlib import contextmanager


class Trace:
    """Seconds that each named section of a request took."""

    def __init__(self) -> None:
        self._started = time.perf_counter()
        self._seconds: dict[str, float] = {}

    @contextmanager
    def section(self, name: str) -> Generator[None]:
        """Add the time that the block takes to a section; a section may be entered again."""
        started = time.perf_counter()
        try:
            yield
        finally:
            spent = time.perf_counter() - started
            self._seconds[name] = self._seconds.get(name, 0.0) + spent

    def add_time_so_far(self, name: str) -> None:
        """Add the time since the request began to a section."""
        self._seconds[name] = self._seconds.get(name, 0.0) + time.perf_counter() - self._started

    def milliseconds(self) -> dict[str, float]:
        """Milliseconds of each section, in the order first entered, then the ``total`` so far."""
        seconds = {**self._seconds, "total": time.perf_counter() - self._started}
        return {name: round(1_000 * spent, 3) for name, spent in seconds.items()}
