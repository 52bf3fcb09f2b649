"""Write files of the lake whole or not at all."""

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


@contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """Yield a scratch path next to ``path``; on success it becomes ``path``, synced to disk.

    A failure removes the scratch file and leaves ``path`` as it was.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        yield scratch
        with scratch.open("rb+") as file:
            os.fsync(file.fileno())
        scratch.replace(path)
        sync_folder(path.parent)
    finally:
        scratch.unlink(missing_ok=True)


def sync_folder(folder: Path) -> None:
    """Make renames within ``folder`` durable."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def link(source: Path, target: Path) -> None:
    """Make ``target`` the same file as ``source``; a copy where links cannot be made."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.exists() and target.samefile(source):
        return
    # Every file of a lake is replaced, never written into, so sharing one is safe.
    target.unlink(missing_ok=True)
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


def write_json(path: Path, content: Any) -> None:
    """Write ``content`` atomically, keys sorted."""
    with atomic_path(path) as scratch:
        text = json.dumps(content, ensure_ascii=False, indent=2, sort_keys=True)
        scratch.write_text(text + "\n", encoding="utf-8")
