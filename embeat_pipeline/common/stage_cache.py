"""Decide whether a stage is skipped: remember the fingerprint that each output was made under.

A finished output has a sidecar ``<output>.made.json`` with its fingerprint, the ``key``.
``is_current`` compares it with that of now, so a stage that was killed, or whose inputs, settings,
code or libraries changed, runs again, and a finished one does not.
"""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from embeat_pipeline.common.atomic import write_json


def sidecar(output: Path) -> Path:
    """File that says under which fingerprint an output was made."""
    return output.with_name(f"{output.name}.made.json")


def is_current(outputs: Iterable[Path], key: str) -> bool:
    """Whether every output exists and was made under the fingerprint ``key``."""
    for output in outputs:
        try:
            made = json.loads(sidecar(output).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return False
        if made.get("key") != key or not output.exists():
            return False
    return True


def mark_current(outputs: Iterable[Path], key: str, metadata: Mapping[str, Any]) -> None:
    """Record that ``outputs`` were made under ``key``; call it last."""
    for output in outputs:
        write_json(sidecar(output), {"key": key, "metadata": dict(metadata)})


def forget(outputs: Iterable[Path]) -> None:
    """Record that ``outputs`` are no longer what they were; call it before replacing several."""
    for output in outputs:
        sidecar(output).unlink(missing_ok=True)


def made_metadata(output: Path) -> dict[str, Any]:
    """Metadata recorded by ``mark_current``; empty where there is none."""
    try:
        return json.loads(sidecar(output).read_text(encoding="utf-8"))["metadata"]
    except (OSError, ValueError, KeyError):
        return {}
