"""Parts of collections, built or changed in a process of their own.

The engine never releases the GIL and keeps what it allocated, so a large part gets a process to
itself: parts are built side by side, and a finished one gives its memory back. Run as
``python -m embeat_pipeline.index.shard_worker PARTS`` with a JSON list; prints one JSON object per
line, ``{"points": n}`` for points taken in and ``{"step": …}`` for what it is at.
"""

import json
import shutil
import signal
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from embeat_pipeline.index.config import BuildOptions
from embeat_serve.contract.lake import LakePaths

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from qdrant_edge import EdgeShard

    from embeat_pipeline.index.payload import Slice

Task = Literal["build", "change"]
"""What to do with a part: make a shard of it, or take a shard that is in the folder already to what
its points are now."""


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
    """How many there are, or how many of them changed."""
    options: BuildOptions
    task: Task = "build"

    @property
    def changes(self) -> Path:
        """Folder with the codes to change and to remove."""
        return Path(self.workshop) / f"{self.collection}-changes"


def to_json(parts: Sequence[Part]) -> str:
    """As ``from_json`` reads it."""
    return json.dumps([asdict(part) for part in parts])


def from_json(text: str) -> list[Part]:
    """Read what ``to_json`` wrote."""
    return [
        Part(**{**content, "options": BuildOptions(**content["options"])})
        for content in json.loads(text)
    ]


def work_on(part: Part) -> None:
    """Do what the part asks for; see ``Task``."""
    {"build": build_part, "change": change_part}[part.task](part)


def build_part(part: Part) -> None:
    """Write one shard with the points of ``part``, indexed and flushed to disk."""
    _finish(filled(part), part)


def filled(part: Part) -> "EdgeShard":
    """A shard in ``part.folder`` with the points of ``part``, flushed but without a graph."""
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
    """Take the shard in ``part.folder`` to what the points are now."""
    import pyarrow.parquet as pq

    from embeat_pipeline.index.incremental.plan import CHANGED, REMOVED
    from embeat_pipeline.index.payload import UPSERT, points
    from embeat_pipeline.index.shards import edge, load_shard

    changed, removed = (
        pq.read_table(part.changes / name).column("code").to_numpy() for name in (CHANGED, REMOVED)
    )
    if not len(changed) and not len(removed):
        return
    shard = load_shard(Path(part.folder), part.collection, part.options)
    for start in range(0, len(removed), UPSERT):
        gone = removed[start : start + UPSERT].tolist()
        shard.update(edge.UpdateOperation.delete_points(gone))
    for rows in _slices(part, changed):
        for batch in points(rows, part.collection):
            shard.update(edge.UpdateOperation.upsert_points(batch))
            report(points=len(batch))
    shard.flush()
    _finish(shard, part)


def _slices(part: Part, only: "NDArray[np.uint32] | None" = None) -> "Iterator[Slice]":
    from embeat_pipeline.index.payload import slices, source_of

    workshop = Path(part.workshop)
    source = source_of(part.collection, LakePaths(Path(part.lake)), workshop)
    return slices(source, part.collection, workshop, part.low, part.high, only)


def _finish(shard: "EdgeShard", part: Part) -> None:
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
        work_on(part)
