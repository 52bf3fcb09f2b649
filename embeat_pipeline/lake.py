"""Files of the lake: written whole or not at all, and skipped when nothing they depend on moved.

A finished output has a sidecar ``<output>.made.json`` with the key of what it was made from.
``is_current`` compares that key, so a stage that was killed, or whose inputs, settings or code
changed, runs again and a finished one does not.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import embeat_pipeline

DIGEST_CHUNK = 1 << 20


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


def file_digest(path: Path) -> str:
    """SHA-256 of a file's bytes, first 16 hex digits."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(DIGEST_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()[:16]


def stage_key(inputs: Iterable[Path], parameters: Mapping[str, Any]) -> str:
    """Key of an output: digests of its input files, its parameters and the code version."""
    content = {
        "inputs": [[path.name, file_digest(path)] for path in sorted(inputs)],
        "parameters": dict(parameters),
        "code": embeat_pipeline.__version__,
    }
    text = json.dumps(content, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _sidecar(output: Path) -> Path:
    return output.with_name(f"{output.name}.made.json")


def is_current(outputs: Iterable[Path], key: str) -> bool:
    """Whether every output exists and was made under ``key``."""
    for output in outputs:
        try:
            made = json.loads(_sidecar(output).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return False
        if made.get("key") != key or not output.exists():
            return False
    return True


def mark_current(outputs: Iterable[Path], key: str, metadata: Mapping[str, Any]) -> None:
    """Record that ``outputs`` were made under ``key``; call it last."""
    for output in outputs:
        write_json(_sidecar(output), {"key": key, "metadata": dict(metadata)})


def forget(outputs: Iterable[Path]) -> None:
    """Record that ``outputs`` are no longer what they were; call it before replacing several."""
    for output in outputs:
        _sidecar(output).unlink(missing_ok=True)


def made_metadata(output: Path) -> dict[str, Any]:
    """Metadata recorded by ``mark_current``; empty where there is none."""
    try:
        return json.loads(_sidecar(output).read_text(encoding="utf-8"))["metadata"]
    except (OSError, ValueError, KeyError):
        return {}
