"""Build or change parts of collections in a process of their own.

The engine never releases the GIL and keeps the memory it allocated. So parts are built in
processes side by side, and a process that ends gives its memory back. Run as
``python -m embeat_pipeline.index.shard_worker PARTS`` with a JSON list; prints one JSON object per
line: ``{"points": n}`` for points added, and ``{"step": …}`` for the current step.
"""

import json
import shutil
import signal
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from embeat_pipeline.index.config import BuildOptions
from embeat_serve.contract.lake import LakePaths

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from qdrant_edge import EdgeShard

    from embeat_pipeline.index.payload import Slice


class Task(StrEnum):
    """What a process does with a part."""

    BUILD = "build"
    """Write a new shard."""
    CHANGE = "change"
    """Change the shard that is in the folder already."""


@dataclass(frozen=True)
class Part:
    """Points of ``collection`` with ``low <= code < high``, to be built in ``folder``."""

    lake: str
    scratch: str
    folder: str
    collection: str
    low: int
    high: int
    points: int
    """Number of points to build or to change."""
    options: BuildOptions
    task: Task = Task.BUILD

    @property
    def changes(self) -> Path:
        """Folder of the codes to change and to remove."""
        return Path(self.scratch) / f"{self.collection}-changes"


def to_json(parts: Sequence[Part]) -> str:
    """Serialise parts for ``from_json``."""
    return json.dumps([asdict(part) for part in parts])


def from_json(text: str) -> list[Part]:
    """Parse the output of ``to_json``."""
    return [
        Part(
            **{
                **content,
                "options": BuildOptions(**content["options"]),
                "task": Task(content["task"]),
            }
        )
        for content in json.loads(text)
    ]


def run_part(part: Part) -> None:
    """Build or change the shard of a part, as its task says."""
    {Task.BUILD: build_part, Task.CHANGE: change_part}[part.task](part)


def build_part(part: Part) -> None:
    """Write one shard with the points of ``part``, indexed and flushed to disk."""
    _finish(fill_shard(part), part)


def fill_shard(part: Part) -> "EdgeShard":
    """Create a shard in ``part.folder`` with all points, flushed but without a graph."""
    from embeat_pipeline.index.payload import points
    from embeat_pipeline.index.shards import create_shard, edge

    shard = create_shard(Path(part.folder), part.collection, part.options)
    for rows in _slices(part):
        for batch in points(rows, part.collection):
            shard.update(edge.UpdateOperation.upsert_points(batch))
            report(points=len(batch))
    shard.flush()
    return shard


def change_part(part: Part) -> None:
    """Remove and replace points of the shard in ``part.folder`` that differ from the tables."""
    from embeat_pipeline.index.incremental.change_files import read_changes
    from embeat_pipeline.index.payload import UPSERT, points
    from embeat_pipeline.index.shards import edge, load_shard

    changed, removed = read_changes(part.changes)
    if not len(changed) and not len(removed):
        return
    shard = load_shard(Path(part.folder), part.collection, part.options)
    for start in range(0, len(removed), UPSERT):
        codes = removed[start : start + UPSERT].tolist()
        shard.update(edge.UpdateOperation.delete_points(codes))
    for rows in _slices(part, changed):
        for batch in points(rows, part.collection):
            shard.update(edge.UpdateOperation.upsert_points(batch))
            report(points=len(batch))
    shard.flush()
    _finish(shard, part)


def _slices(part: Part, only: "NDArray[np.uint32] | None" = None) -> "Iterator[Slice]":
    from embeat_pipeline.index.payload import slices, source_of

    scratch = Path(part.scratch)
    source = source_of(part.collection, LakePaths(Path(part.lake)), scratch)
    return slices(source, part.collection, scratch, part.low, part.high, only)


def _finish(shard: "EdgeShard", part: Part) -> None:
    report(step=f"graph of {part.collection}")
    shard.optimize()
    shard.flush()
    shard.close()
    shutil.rmtree(Path(part.folder) / "temp_segments", ignore_errors=True)


def report(**message: int | str) -> None:
    """Send a message to the parent process.

    Where the parent is gone, the write fails, which ends this process too.
    """
    print(json.dumps(message), flush=True)


if __name__ == "__main__":
    # An interrupt from the terminal reaches all processes; the parent decides what follows.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    for part in from_json(sys.argv[1]):
        run_part(part)
