"""Digest the inputs, settings and code that an output is made from."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import embeat_pipeline

DIGEST_CHUNK = 1 << 20


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
