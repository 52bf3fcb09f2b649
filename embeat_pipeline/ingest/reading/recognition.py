"""Recognise files of a dump by content, and read them in canonical columns."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl
from polars.exceptions import PanicException, PolarsError

from embeat_pipeline.ingest.reading.coercion import to_canonical
from embeat_pipeline.ingest.reading.column_matching import Match, match_columns
from embeat_pipeline.ingest.reading.embedded_tables import embedded_tables
from embeat_pipeline.ingest.reading.flatten import flatten
from embeat_pipeline.ingest.reading.readers import arrow, delimited, json_records, playlists
from embeat_pipeline.ingest.reading.readers.raw import NotUsable, Raw
from embeat_pipeline.ingest.reading.readers.unpack import plain_file, read_head

UNREADABLE = (PolarsError, PanicException, OSError, UnicodeDecodeError)
"""Exceptions that reading a damaged file raises."""

SAMPLE_ROWS = 1_000
"""Rows that decide whether a column of text holds lists."""


@dataclass(frozen=True)
class Source:
    """A table that a file holds, in canonical columns."""

    table: str
    frame: pl.LazyFrame
    """The canonical columns, in the order of the file's rows."""


@dataclass(frozen=True)
class Recognised:
    """A file of the dump that can be read."""

    format: str
    match: Match
    source: Source
    embedded: tuple[Source, ...]
    """Further tables whose rows are part of the file's rows."""
    refused: pl.DataFrame
    """Lines that are no rows of the format; see ``readers.raw.Raw``."""
    unreadable: dict[str, str] = field(default_factory=dict)
    """Column that was left out because of its type -> why."""


def open_file(path: Path, scratch: Path) -> Recognised:
    """Recognise one file.

    Args:
        path: the file.
        scratch: start of the paths of scratch files; endings are appended.

    Raises:
        NotUsable: it is damaged, or of no known format or table.
    """
    try:
        raw = read(plain_file(path, scratch), scratch)
        frames = [flatten(frame) for frame in (raw.frame, *raw.embedded)]
        match, main, unreadable = _recognise(frames[0], raw.format)
        others = [_recognise(frame, raw.format)[:2] for frame in frames[1:]]
    except UNREADABLE as error:
        raise NotUsable(describe(error)) from error
    embedded = [Source(other.table, frame) for other, frame in others]
    if match.embedded:
        embedded += [Source(*table) for table in embedded_tables(main, match, path.stem)]
    return Recognised(
        raw.format, match, Source(match.table, main), tuple(embedded), raw.refused, unreadable
    )


def read(path: Path, scratch: Path) -> Raw:
    """Read an unpacked file of any format, in its own columns.

    Raises:
        NotUsable: the format is unknown.
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
    return match, *to_canonical(frame, match)


def _lists(frame: pl.LazyFrame, schema: Mapping[str, pl.DataType]) -> list[str]:
    """Names of columns of lists, and of columns of text with several ids."""
    lists = [name for name, dtype in schema.items() if isinstance(dtype, pl.List | pl.Array)]
    texts = [name for name, dtype in schema.items() if isinstance(dtype, pl.String)]
    if not texts:
        return lists
    several = pl.col(texts).str.count_matches(r"\b[0-9A-Za-z]{22}\b") > 1
    sample = frame.head(SAMPLE_ROWS).select(several.any()).collect()
    return lists + [name for name, is_list in sample.row(0, named=True).items() if is_list]


def describe(error: BaseException) -> str:
    """Say on one line why a file cannot be read."""
    lines = str(error).strip().splitlines()
    return f"cannot be read: {lines[0] if lines else type(error).__name__}"
