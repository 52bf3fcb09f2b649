"""Scratch folders of an ingest, and the lock that lets a later ingest remove abandoned ones.

An ingest locks its lake while it runs. So whoever has the lock knows that scratch files of ingest
belong to runs that were killed. Files of other stages are never touched.
"""

import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from embeat_pipeline.common.file_lock import file_lock
from embeat_pipeline.common.logging import pipeline_logger

LOCK_NAME = ".ingest.lock"
PREFIX = ".ingest-"
"""Start of the names of scratch folders."""


@contextmanager
def ingest_lock(tables: Path) -> Iterator[None]:
    """Wait until no other ingest writes to the folder ``tables``, and keep others waiting."""

    def say_so() -> None:
        pipeline_logger().info("ingest: waiting for another ingest of this lake to end")

    with file_lock(tables / LOCK_NAME, on_wait=say_so):
        yield


@contextmanager
def scratch_folder(tables: Path) -> Iterator[Path]:
    """Create a scratch folder in ``tables``, so that results can be renamed into place."""
    tables.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=PREFIX, dir=tables) as folder:
        yield Path(folder)


def remove_abandoned(tables: Path, outputs: Iterable[Path]) -> None:
    """Remove what killed ingests left behind; call it only under ``ingest_lock``.

    Args:
        tables: folder of the tables.
        outputs: files that ingest writes; only their unfinished versions are removed.
    """
    for folder in tables.glob(f"{PREFIX}*"):
        shutil.rmtree(folder, ignore_errors=True)
    for output in outputs:
        # An atomic write of ``tracks.parquet`` or its sidecar uses ``.tracks.parquet*.tmp``.
        for file in output.parent.glob(f".{output.name}.*.tmp"):
            file.unlink(missing_ok=True)
