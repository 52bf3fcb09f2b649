"""Take a collection over into the next release, sharing the files that never change.

The engine never writes into the vectors, graph, indexes and payload pages of a finished segment. A
point that changes is marked as deleted there and written to another segment. So these files are
shared between releases by hard links; files that the engine writes (marks, versions, descriptions)
are copied. Tests check that no byte of the older release changes.
"""

import os
import shutil
from pathlib import Path

from embeat_pipeline.common.atomic import link

SMALLEST_LINK = 1 << 16
"""Bytes below which a file is copied, since a link would save nothing."""

SHARED = ("vector_storage", "vector_index", "payload_index")
"""Beginnings of the names of segment folders whose files are never written again."""


def reuse_collection(source: Path, target: Path) -> None:
    """Make ``target`` a shard with the points of ``source`` that can change independently."""
    for path in sorted(source.rglob("*")):
        relative = path.relative_to(source)
        if path.is_dir():
            (target / relative).mkdir(parents=True, exist_ok=True)
        elif is_shared(source, relative):
            link(path, target / relative)
        else:
            copy_sparse(path, target / relative)


def is_shared(shard: Path, file: Path) -> bool:
    """Return whether the engine never writes this file of a shard when points change."""
    if len(file.parts) < 3 or (shard / file).stat().st_size < SMALLEST_LINK:
        return False
    segments, segment, *within = file.parts
    finished = (shard / segments / segment / "id_tracker.mappings").is_file()
    if not finished or file.name.startswith("deleted"):
        return False
    return (
        within[0].startswith(SHARED)
        or within[0] == "id_tracker.mappings"
        or (within[0] == "payload_storage" and file.name.startswith("page_"))
    )


def copy_sparse(source: Path, target: Path) -> None:
    """Copy a file and keep its holes; the engine allocates far more space than it fills."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with source.open("rb") as reading, target.open("wb") as writing:
        size = os.fstat(reading.fileno()).st_size
        start = 0
        while start < size:
            try:
                start = os.lseek(reading.fileno(), start, os.SEEK_DATA)
            except OSError:  # nothing but a hole from here on
                break
            end = os.lseek(reading.fileno(), start, os.SEEK_HOLE)
            reading.seek(start)
            writing.seek(start)
            while start < end:
                block = reading.read(min(1 << 20, end - start))
                writing.write(block)
                start += len(block)
        writing.truncate(size)
    shutil.copymode(source, target)
