"""Find the files of a dump and recognise them by content, whatever they are called."""

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl
from polars.exceptions import PanicException, PolarsError

from embeat_pipeline.ingest.columns import Match, match_columns
from embeat_pipeline.ingest.convert import canonical
from embeat_pipeline.ingest.playlist_files import (
    holds_playlists,
    is_id_text,
    read_id_text,
    read_mpd,
)

HEAD = 1 << 16
"""Bytes looked at to tell what a file is."""

UNREADABLE = (PolarsError, PanicException, OSError, UnicodeDecodeError)
"""What reading a damaged file raises."""


class NotUsable(Exception):
    """A file of the dump that nothing can be taken from; the message says what was found."""


@dataclass(frozen=True)
class Source:
    """A recognised file: one table in canonical columns."""

    name: str
    """Path below the raw folder."""
    number: int
    """Place among the dump's files in order of name; decides who comes first."""
    format: str
    match: Match
    frame: pl.LazyFrame
    unreadable: dict[str, str] = field(default_factory=dict)
    """Columns left out because of their type, with the reason."""

    @property
    def table(self) -> str:
        """Which table it is."""
        return self.match.table


def dump_files(raw: Path) -> list[Path]:
    """Files of the dump in order of their names, linked folders included.

    Hidden files, and those of hidden folders, are no part of it.
    """
    found, visited = [], set()
    for folder, folders, files in os.walk(raw, followlinks=True):
        real = os.path.realpath(folder)
        # A link to a folder above would be walked for ever.
        if real in visited:
            folders.clear()
            continue
        visited.add(real)
        folders[:] = [name for name in folders if not name.startswith(".")]
        found += [Path(folder, name) for name in files if not name.startswith(".")]
    present = (path for path in found if path.is_file())
    return sorted(present, key=lambda path: path.relative_to(raw).as_posix())


def open_source(path: Path, name: str, number: int, scratch: Path) -> Source:
    """Recognise one file.

    Args:
        path: the file.
        name: what to call it in tables and reports.
        number: its place among the dump's files.
        scratch: folder for what has to be unpacked to be read.

    Raises:
        NotUsable: it is damaged, or nothing this system knows.
    """
    try:
        with path.open("rb") as file:
            head = file.read(HEAD)
        reader_name, reader = _reader(head)
        frame = reader(path, scratch / f"{number:05}.parquet")
        schema = frame.collect_schema()
    except UNREADABLE as error:
        raise NotUsable(describe(error)) from error
    lists = [name for name, dtype in schema.items() if isinstance(dtype, pl.List | pl.Array)]
    match = match_columns(list(schema), lists)
    if match is None:
        shown = ", ".join(list(schema)[:12])
        raise NotUsable(f"{reader_name} of no known table, with columns {shown}")
    frame, unreadable = canonical(frame, match)
    return Source(name, number, reader_name, match, frame, unreadable)


Reader = Callable[[Path, Path], pl.LazyFrame]


def _reader(head: bytes) -> tuple[str, Reader]:
    """Name of the format that ``head`` begins, and what reads it into raw columns."""
    if not head.strip():
        raise NotUsable("empty file")
    if head.startswith(b"PAR1"):
        return "Parquet", _read_parquet
    if holds_playlists(head):
        return "MPD JSON", read_mpd
    if is_id_text(head):
        return "text of playlists", read_id_text
    start = head[:60].decode("utf-8", errors="replace")
    raise NotUsable(f"no known format, begins with {start!r}")


def _read_parquet(path: Path, scratch: Path) -> pl.LazyFrame:
    return pl.scan_parquet(path, glob=False)


def describe(error: BaseException) -> str:
    """Why a file cannot be read, on one line."""
    lines = str(error).strip().splitlines()
    return f"cannot be read: {lines[0] if lines else type(error).__name__}"
