"""Progress of long work on stderr: a bar in a terminal, a line now and then in a log."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

LOG_SECONDS = 5.0
"""Shortest time between two lines where stderr is no terminal."""


class Advance(Protocol):
    """What a piece of long work calls as it goes."""

    def __call__(self, steps: int = 1, note: str = "") -> None:
        """Report ``steps`` more units done; ``note`` is shown next to the bar."""
        ...


@contextmanager
def progress(label: str, total: int | None, unit: str) -> Iterator[Advance]:
    """Show how ``total`` units of work go, with the rate and the time left.

    Args:
        label: what is being done, e.g. ``"encode"``.
        total: units in all; None where that is not known beforehand.
        unit: plural noun of a unit, e.g. ``"tracks"``.
    """
    show = _bar if sys.stderr.isatty() else _lines
    with show(label, total, unit) as advance:
        yield advance


@contextmanager
def _bar(label: str, total: int | None, unit: str) -> Iterator[Advance]:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("  {task.description:<14}"),
        BarColumn(),
        TextColumn("{task.completed:,.0f} " + unit + " {task.fields[rate]} {task.fields[note]}"),
        TimeRemainingColumn(),
    )
    started = time.monotonic()
    with Progress(*columns, console=Console(stderr=True)) as shown:
        task = shown.add_task(label, total=total, rate="", note="")

        def advance(steps: int = 1, note: str = "") -> None:
            shown.advance(task, steps)
            elapsed = max(time.monotonic() - started, 1e-9)
            rate = f"({shown.tasks[0].completed / elapsed:,.0f}/s)"
            shown.update(task, rate=rate, note=note or shown.tasks[0].fields["note"])

        yield advance


@contextmanager
def _lines(label: str, total: int | None, unit: str) -> Iterator[Advance]:
    started = last = time.monotonic()
    done = 0

    def line(note: str) -> None:
        elapsed = max(time.monotonic() - started, 1e-9)
        rate = done / elapsed
        of_total = f" of {total:,}" if total else ""
        left = f", {(total - done) / rate:,.0f} s left" if total and 0 < done < total else ""
        print(
            f"  {label}: {done:,}{of_total} {unit}, {rate:,.0f}/s{left} {note}".rstrip(),
            file=sys.stderr,
            flush=True,
        )

    def advance(steps: int = 1, note: str = "") -> None:
        nonlocal last, done
        done += steps
        now = time.monotonic()
        if now - last >= LOG_SECONDS or done == total:
            last = now
            line(note)

    yield advance
