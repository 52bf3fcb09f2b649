"""Reads a release into the page cache, so that requests do not wait for the disk.

A request touches a few hundred scattered pages of vectors, links and payload. A page that is not in
memory costs a disk read of its own. Read from end to end beforehand, a release comes in at the
disk's full speed; a file that is in memory already costs a copy, 0.2 s per GB.
"""

import asyncio
import math
import os
from contextlib import suppress
from pathlib import Path
from threading import Event

from embeat_serve.errors import Unavailable
from embeat_serve.http.settings import PreloadMode
from embeat_serve.settings import Settings
from embeat_serve.stores.factory import current_release

BLOCK = 1 << 22
"""Bytes read at once."""

MEMORY_SHARE = 0.5
"""Share of the available memory that a release may take in mode ``auto``."""


class Preloader:
    """Reads the published release into the page cache, as the settings want it.

    Args:
        settings: of the release; one on a server is never read.
        mode: whether to read it.
    """

    def __init__(self, settings: Settings, mode: PreloadMode):
        self._settings, self._mode = settings, mode
        self._stop = Event()

    async def run(self) -> None:
        """Read the release that is published now; does nothing where none is."""
        if self._mode is PreloadMode.NO or self._settings.qdrant_url:
            return
        always = self._mode is PreloadMode.YES
        limit = math.inf if always else MEMORY_SHARE * available_memory()
        lake = self._settings.lake
        with suppress(Unavailable):
            folder = lake.release(current_release(lake))
            await asyncio.to_thread(preload, folder, limit, stop=self._stop)

    def stop(self) -> None:
        """End the reading early, and read nothing more."""
        self._stop.set()


def preload(
    folder: Path, limit: float = math.inf, *, stop: Event | None = None, block: int = BLOCK
) -> int:
    """Read every file of a folder, if they are not larger than the limit together.

    Args:
        folder: a release.
        limit: bytes.
        stop: ends the reading early once set.
        block: bytes read at once.

    Returns:
        Bytes read; 0 if the folder is larger than the limit, or is not there.
    """
    try:
        files = [path for path in folder.rglob("*") if path.is_file()]
        # Blocks, not sizes: the engine's files are full of holes.
        if sum(path.stat().st_blocks * 512 for path in files) > limit:
            return 0
        buffer = bytearray(block)
        return sum(_read(path, buffer, stop or Event()) for path in files)
    except OSError:
        return 0  # removed meanwhile, or never there: whoever opens it reports that


def _read(path: Path, buffer: bytearray, stop: Event) -> int:
    """Read a file except its holes; returns the bytes read."""
    total, offset = 0, 0
    with path.open("rb", buffering=0) as file:
        end = os.fstat(file.fileno()).st_size
        while offset < end and not stop.is_set():
            try:
                offset = os.lseek(file.fileno(), offset, os.SEEK_DATA)
            except OSError:  # the rest is a hole
                break
            read = file.readinto(buffer)
            total, offset = total + read, offset + read
            if not read:
                break
    return total


def available_memory() -> int:
    """Memory that files could use, in bytes: of the machine, or of the container if less."""
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
        kilobytes = next(line.split()[1] for line in lines if line.startswith("MemAvailable:"))
    except (OSError, StopIteration):
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    machine = int(kilobytes) * 1024
    return min(machine, _available_in_container(Path("/sys/fs/cgroup"), default=machine))


def _available_in_container(group: Path, *, default: int) -> int:
    try:
        limit = (group / "memory.max").read_text().strip()
        used = int((group / "memory.current").read_text())
        statistics = dict(line.split() for line in (group / "memory.stat").read_text().splitlines())
        # Cached files count as used there, although the system drops them when memory is short.
        return default if limit == "max" else int(limit) - used + int(statistics["file"])
    except (OSError, ValueError, KeyError):
        return default
