"""The files of one dump, numbered in order, with what staging learned about each."""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from embeat_pipeline.common.fingerprint import file_digest
from embeat_pipeline.ingest.reading.discovery import dump_files


class DumpFile(NamedTuple):
    """A file of a dump."""

    path: Path
    name: str
    """Path within the dump, with ``/`` as separator."""
    digest: str
    """Digest of the content."""

    @property
    def identity(self) -> tuple[str, str]:
        """Name and digest: a file with the same two is the same file."""
        return self.name, self.digest


@dataclass(frozen=True)
class Dump:
    """Files that one ingest reads.

    Attributes:
        folder: the raw folder.
        files: the files in order; the place of a file here is its number.
        new: numbers of the files that the previous ingest did not read.
        facts: number -> what staging learned about the file, without the refused ones.
    """

    folder: Path
    files: Sequence[DumpFile]
    new: Set[int]
    facts: Mapping[int, Mapping[str, Any]]

    @property
    def names(self) -> dict[int, str]:
        """Names of the files by number."""
        return {number: file.name for number, file in enumerate(self.files)}

    @property
    def numbers(self) -> dict[str, int]:
        """Numbers of the files by name."""
        return {file.name: number for number, file in enumerate(self.files)}


def list_dump(folder: Path) -> list[DumpFile]:
    """List and digest the files of the raw folder; empty where there is no such folder."""
    paths = dump_files(folder) if folder.is_dir() else []
    return [
        DumpFile(path, path.relative_to(folder).as_posix(), file_digest(path)) for path in paths
    ]
