"""Find the files of a dump and recognise them by content, whatever they are called."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl
from polars.exceptions import PanicException, PolarsError

from embeat_pipeline.ingest.reading.coercion import canonical
from embeat_pipeline.ingest.reading.column_synonyms import Match, match_columns
from embeat_pipeline.ingest.reading.embedded_tables import tables_beside
from embeat_pipeline.ingest.reading.flatten import flatten
from embeat_pipeline.ingest.reading.readers import arrow, delimited, json_records, playlists
from embeat_pipeline.ingest.reading.readers.raw import NotUsable, Raw
from embeat_pipeline.ingest.reading.readers.unpack import plain_file, read_head

UNREADABLE = (PolarsError, PanicException, OSError, UnicodeDecodeError)
"""What reading a damaged file raises."""

PEEKED_ROWS = 1_000
"""Rows looked at to tell whether a column of text holds lists."""


@dataclass(frozen=True)
class Source:
    """A table that a file holds, in canonical columns."""

    table: str
    frame: pl.LazyFrame
    """The table's columns, in the order of the file's rows."""


@dataclass(frozen=True)
class Recognised:
    """A file of the dump."""

    format: str
    match: Match
    source: Source
    beside: tuple[Source, ...]
    """Further tables that the file's rows also tell of."""
    refused: pl.DataFrame
    """See ``readers.raw.Raw``."""
    unreadable: dict[str, str] = field(default_factory=dict)
    """Columns left out because of their type, with the reason."""


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


def open_file(path: Path, scratch: Path) -> Recognised:
    """Recognise one file.

    Args:
        path: the file.
        scratch: where what has to be unpacked to be read goes, under this name with endings.

    Raises:
        NotUsable: it is damaged, or nothing this system knows.
    """
    try:
        raw = read(plain_file(path, scratch), scratch)
        frames = [flatten(frame) for frame in (raw.frame, *raw.beside)]
        match, main, unreadable = _recognise(frames[0], raw.format)
        described = [_recognise(frame, raw.format)[:2] for frame in frames[1:]]
    except UNREADABLE as error:
        raise NotUsable(describe(error)) from error
    beside = [Source(found.table, frame) for found, frame in described]
    if match.beside:
        beside += [Source(*found) for found in tables_beside(main, match, path.stem)]
    return Recognised(
        raw.format, match, Source(match.table, main), tuple(beside), raw.refused, unreadable
    )


def read(path: Path, scratch: Path) -> Raw:
    """Raw columns of an unpacked file, whatever its format.

    Raises:
        NotUsable: it is of no known format.
    """
    head = read_head(path)
    rows = scratch.with_suffix(".parquet")
    if not head.strip():
        raise NotUsable("empty file")
    if head.startswith(b"PAR1"):
        return Raw("Parquet", pl.scan_parquet(path, glob=False))
    if head.startswith(arrow.FILE_MAGIC) or head.startswith(arrow.STREAM_MAGIC):
        return arrow.read_arrow(path, rows, head.startswith(arrow.STREAM_MAGIC))
    if playlists.holds_playlists(head):
        return playlists.read_mpd(path, rows)
    if json_records.is_json(head):
        return json_records.read_json(path, rows, head)
    if playlists.is_id_text(head):
        return playlists.read_id_text(path, rows)
    if table := delimited.header_of(head):
        return delimited.read_delimited(path, rows, *table)
    start = head[:60].decode("utf-8", errors="replace")
    raise NotUsable(f"no known format, begins with {start!r}")


def _recognise(frame: pl.LazyFrame, name: str) -> tuple[Match, pl.LazyFrame, dict[str, str]]:
    schema = frame.collect_schema()
    match = match_columns(list(schema), _lists(frame, schema))
    if match is None:
        shown = ", ".join(list(schema)[:12])
        raise NotUsable(f"{name} of no known table, with columns {shown}")
    return match, *canonical(frame, match)


def _lists(frame: pl.LazyFrame, schema: Mapping[str, pl.DataType]) -> list[str]:
    """Columns that hold lists, as such or as text with several ids."""
    lists = [name for name, dtype in schema.items() if isinstance(dtype, pl.List | pl.Array)]
    texts = [name for name, dtype in schema.items() if isinstance(dtype, pl.String)]
    if not texts:
        return lists
    several = pl.col(texts).str.count_matches(r"\b[0-9A-Za-z]{22}\b") > 1
    peeked = frame.head(PEEKED_ROWS).select(several.any()).collect()
    return lists + [name for name, found in peeked.row(0, named=True).items() if found]


def describe(error: BaseException) -> str:
    """Why a file cannot be read, on one line."""
    lines = str(error).strip().splitlines()
    return f"cannot be read: {lines[0] if lines else type(error).__name__}"
