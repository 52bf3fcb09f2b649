"""The manifest of a release: what it is made of, and its format version."""

import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Self

FORMAT_VERSION = 4
"""Version of the release layout. A server refuses a release of another version."""


class ReleaseFile:
    """Files of a release folder, next to one folder per collection."""

    MANIFEST = "manifest.json"
    ENCODER = "encoder.npz"
    GENRES = "genres.json"  # genre code -> [name, x or null, y or null]
    WORDS = "words"  # folder of arrays: the words of all names, see words.WordList


@dataclass(frozen=True)
class Manifest:
    """What a release is made of. Written last: a folder without one is not a release."""

    release: str
    format_version: int
    code_version: str
    built_at: str
    """UTC, ISO 8601."""
    inputs: dict[str, str]
    """Table or model name -> content digest."""
    counts: dict[str, int]
    """Collection -> number of points."""
    parameters: dict[str, Any] = field(default_factory=dict)
    evaluation: dict[str, Any] = field(default_factory=dict)
    based_on: str | None = None
    """Release of which a copy was changed to make this one; None where it was made afresh."""
    changed: dict[str, int] = field(default_factory=dict)
    """Collection taken over -> points changed in it."""
    afresh: dict[str, str] = field(default_factory=dict)
    """Collection made afresh -> why it was not taken over."""

    def write(self, folder: Path) -> None:
        """Write to ``folder``, synced to disk before it appears under its name."""
        path = folder / ReleaseFile.MANIFEST
        scratch = path.with_suffix(".tmp")
        with scratch.open("w", encoding="utf-8") as file:
            json.dump(asdict(self), file, ensure_ascii=False, indent=2, sort_keys=True)
            file.write("\n")
            file.flush()
            os.fsync(file.fileno())
        scratch.replace(path)

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Read from ``folder``.

        Raises:
            OSError: there is no manifest.
            ValueError: it is not one (not JSON, or fields are missing).
        """
        return cls.parse((folder / ReleaseFile.MANIFEST).read_bytes())

    @classmethod
    def parse(cls, content: bytes) -> Self:
        """Read the bytes of a manifest.

        Raises:
            ValueError: it is not one (not JSON, or fields are missing).
        """
        try:
            return cls(**json.loads(content))
        except TypeError as error:
            raise ValueError(f"{ReleaseFile.MANIFEST}: {error}") from None
