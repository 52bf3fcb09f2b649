"""Read and write the manifest of a release: its inputs, counts and format version."""

import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Self

FORMAT_VERSION = 6
"""Version of the release layout. Serving refuses a release of another version."""


class ReleaseFile:
    """Files of a release folder, besides a folder for each collection."""

    MANIFEST = "manifest.json"
    ENCODER = "encoder.npz"
    RANKING_MODEL = "ranking_model.npz"  # trees, maybe none: ranking.tree_ranker
    TITLE_MODEL = "title_model.npz"  # terms of playlist titles: titles.title_model
    GENRES = "genres.json"  # genre code -> [name, x or null, y or null]
    WORDS = "words"  # folder of arrays: the words of all names, see text_index.term_dictionary


@dataclass(frozen=True)
class Manifest:
    """What a release is made of. It is written last: a folder without it is no release."""

    release: str
    format_version: int
    code_version: str
    built_at: str
    """UTC, ISO 8601."""
    inputs: dict[str, str]
    """Table or model name -> content digest."""
    counts: dict[str, int]
    """Collection -> number of points."""
    parameters: dict[str, Any] = field(default_factory=dict[str, Any])
    evaluation: dict[str, Any] = field(default_factory=dict[str, Any])
    based_on: str | None = None
    """Release that was copied and changed to make this one; None after a full build."""
    changed: dict[str, int] = field(default_factory=dict[str, int])
    """Copied collection -> number of points changed in it."""
    afresh: dict[str, str] = field(default_factory=dict[str, str])
    """Collection built in full -> why it was not copied."""

    def write(self, folder: Path) -> None:
        """Write to ``folder``. The file is on disk before it has its name."""
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
