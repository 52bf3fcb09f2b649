"""Find the files of a dump."""

import os
from pathlib import Path

NOTES = (".md",)
"""Endings of files that people put beside a dump: they are no part of it."""


def dump_files(raw: Path) -> list[Path]:
    """List the files of a dump in order of their paths, including linked folders.

    Hidden files, hidden folders and notes are no part of a dump.
    """
    files: list[Path] = []
    visited = set()
    for folder, subfolders, names in os.walk(raw, followlinks=True):
        real = os.path.realpath(folder)
        # A link to a folder above would be followed for ever.
        if real in visited:
            subfolders.clear()
            continue
        visited.add(real)
        subfolders[:] = [name for name in subfolders if not name.startswith(".")]
        files += [Path(folder, name) for name in names if is_part_of_dump(name)]
    present = (path for path in files if path.is_file())
    return sorted(present, key=lambda path: path.relative_to(raw).as_posix())


def is_part_of_dump(name: str) -> bool:
    """Whether a file of this name belongs to a dump."""
    return not name.startswith(".") and not name.lower().endswith(NOTES)
