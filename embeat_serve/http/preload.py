"""Reads a release into the page cache, so that questions do not wait for the disk.

A question touches a few hundred scattered pages of vectors, links and payload. Until the system has
them, each costs a read of its own; read from end to end beforehand, a release comes in at the
disk's full speed. What is there already costs a copy in memory, 0.2 s per GB.
"""

import os
from pathlib import Path
from threading import Event

BLOCK = 1 << 22
"""Bytes read at once."""

MEMORY_SHARE = 0.5
"""Of the memory that is free, or could be: what a release may take to be read beforehand."""


def warm(folder: Path, always: bool = False, stop: Event | None = None) -> int:
    """Read every file below ``folder``, where that fits into memory.

    Args:
        folder: a release.
        always: read it whether it fits or not.
        stop: ends the reading early once set.

    Returns:
        Bytes read; 0 where it does not fit.
    """
    try:
        files = [path for path in folder.rglob("*") if path.is_file()]
        # Blocks, not sizes: the engine's files are full of holes.
        size = sum(path.stat().st_blocks * 512 for path in files)
        if not always and size > MEMORY_SHARE * available_memory():
            return 0
        buffer = bytearray(BLOCK)
        return sum(_read(path, buffer, stop or Event()) for path in files)
    except OSError:
        return 0  # removed meanwhile, or never there: whoever opens it will say so


def _read(path: Path, buffer: bytearray, stop: Event) -> int:
    done, place = 0, 0
    with path.open("rb", buffering=0) as file:
        end = os.fstat(file.fileno()).st_size
        while place < end and not stop.is_set():
            try:
                place = os.lseek(file.fileno(), place, os.SEEK_DATA)
            except OSError:  # nothing but a hole from here on
                break
            read = file.readinto(buffer)
            done, place = done + read, place + read
            if not read:
                break
    return done


def available_memory() -> int:
    """Bytes that could be used for more files: of the machine, or of the container if less."""
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
        found = next(line.split()[1] for line in lines if line.startswith("MemAvailable:"))
        available = int(found) * 1024
    except (OSError, StopIteration):
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return min(available, _left_in_container(Path("/sys/fs/cgroup"), available))


def _left_in_container(group: Path, otherwise: int) -> int:
    try:
        limit = (group / "memory.max").read_text().strip()
        used = int((group / "memory.current").read_text())
        statistics = dict(line.split() for line in (group / "memory.stat").read_text().splitlines())
        # Files in the cache count as used there, though they make way.
        return otherwise if limit == "max" else int(limit) - used + int(statistics["file"])
    except (OSError, ValueError, KeyError):
        return otherwise
