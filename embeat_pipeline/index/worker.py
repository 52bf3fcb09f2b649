"""Parts of collections, built in a process of their own.

The engine never releases the GIL and keeps what it allocated, so a large part gets a process to
itself: parts are built side by side, and a finished one gives its memory back. Run as
``python -m embeat_pipeline.index.worker PARTS`` with a JSON list; prints one JSON object per
line, ``{"points": n}`` for points taken in and ``{"step": …}`` for what it is at.
"""

import json
import shutil
import signal
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from embeat_pipeline.index.config import BuildOptions
from embeat_serve.contract import LakePaths


@dataclass(frozen=True)
class Part:
    """Points of ``collection`` with ``low <= code < high``, to be built in ``folder``."""

    lake: str
    workshop: str
    folder: str
    collection: str
    low: int
    high: int
    points: int
    """How many there are."""
    options: BuildOptions


def to_json(parts: Sequence[Part]) -> str:
    """As ``from_json`` reads it."""
    return json.dumps([asdict(part) for part in parts])


def from_json(text: str) -> list[Part]:
    """Read what ``to_json`` wrote."""
    return [
        Part(**{**content, "options": BuildOptions(**content["options"])})
        for content in json.loads(text)
    ]


def build_part(part: Part) -> None:
    """Write one shard with the points of ``part``, indexed and flushed to disk."""
    from embeat_pipeline.index.payload import batches, source_of
    from embeat_pipeline.index.shards import create_shard, edge

    workshop = Path(part.workshop)
    source = source_of(part.collection, LakePaths(Path(part.lake)), workshop)
    shard = create_shard(Path(part.folder), part.collection, part.options)
    for points in batches(source, part.collection, workshop, part.low, part.high):
        shard.update(edge.UpdateOperation.upsert_points(points))
        report(points=len(points))
    shard.flush()
    report(step=f"graph of {part.collection}")
    shard.optimize()
    shard.flush()
    shard.close()
    shutil.rmtree(Path(part.folder) / "temp_segments", ignore_errors=True)


def report(**message: int | str) -> None:
    """Tell the parent. Where it is gone, the write fails and so ends this process too."""
    print(json.dumps(message), flush=True)


if __name__ == "__main__":
    # An interrupt from the terminal reaches the whole group; the parent decides what follows.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for part in from_json(sys.argv[1]):
        build_part(part)
