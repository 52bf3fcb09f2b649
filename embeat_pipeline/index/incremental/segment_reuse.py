"""A collection of a release, taken over into the next one to be changed there.

The engine never writes into a finished segment's vectors, graph, indexes and pages of payload: a
point that changes is marked as gone there and written to a segment of its own. So those files are
shared between releases by hard links, and what it does write (marks, versions, descriptions) is
copied. ``test_increments.py`` holds that not a byte of the release taken over changes.
"""

import os
import shutil
from pathlib import Path

from embeat_pipeline.common.atomic import link

SMALLEST_LINK = 1 << 16
"""Bytes below which a file is copied: a link would save nothing."""

SHARED = ("vector_storage", "vector_index", "payload_index")
"""How folders of a segment begin whose files are never written again."""


def reuse_collection(source: Path, target: Path) -> None:
    """Make ``target`` a shard that holds what ``source`` does and can be changed without it."""
    for path in sorted(source.rglob("*")):
        place = path.relative_to(source)
        if path.is_dir():
            (target / place).mkdir(parents=True, exist_ok=True)
        elif is_shared(source, place):
            link(path, target / place)
        else:
            copy_sparse(path, target / place)


def is_shared(shard: Path, place: Path) -> bool:
    """Whether the engine leaves this file of a shard alone when points change."""
    if len(place.parts) < 3 or (shard / place).stat().st_size < SMALLEST_LINK:
        return False
    segments, segment, *within = place.parts
    finished = (shard / segments / segment / "id_tracker.mappings").is_file()
    if not finished or place.name.startswith("deleted"):
        return False
    return (
        within[0].startswith(SHARED)
        or within[0] == "id_tracker.mappings"
        or (within[0] == "payload_storage" and place.name.startswith("page_"))
    )


def copy_sparse(source: Path, target: Path) -> None:
    """Copy a file and leave its holes holes; the engine allocates far more than it fills."""
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
