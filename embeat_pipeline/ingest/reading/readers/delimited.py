"""Read tables of text: a header, and values separated by commas, tabs, semicolons or bars."""

import csv
from glob import escape
from pathlib import Path

import duckdb
import polars as pl

from embeat_pipeline.common.duckdb_session import open_database
from embeat_pipeline.ingest.reading.readers.raw import LINE, Raw

SEPARATORS = (",", "\t", ";", "|")
SNIFFED_ROWS = 20_000
"""Rows that decide how values are quoted."""
LINE_BYTES = 1 << 24
"""Longest line that is read, so that even a title of 3 MB does not cost the row."""
NULLS = ["", r"\N"]
"""Texts that stand for no value. In columns of numbers, all other texts do as well."""

_ENDS = {
    "TOO MANY COLUMNS": "more values than columns",
    "MISSING COLUMNS": "fewer values than columns",
    "UNQUOTED VALUE": "a quotation mark that is not closed",
    "LINE SIZE OVER MAXIMUM": "a line that does not end",
    "INVALID ENCODING": "not UTF-8",
}


def header_of(head: bytes) -> tuple[str, list[str]] | None:
    """Separator and column names of the table that begins with ``head``; None if it is no table."""
    text = head.decode("utf-8", errors="replace")
    lines = [line for line in text.splitlines()[:1] if line.strip()]
    if not lines or "\x00" in text:
        return None
    candidates = [
        (separator, next(csv.reader(lines, delimiter=separator))) for separator in SEPARATORS
    ]
    separator, names = max(candidates, key=lambda candidate: len(candidate[1]))
    return (separator, names) if len(names) > 1 else None


def read_delimited(path: Path, scratch: Path, separator: str, names: list[str]) -> Raw:
    """Read all values as text; refuse lines with too few or too many values.

    Raises:
        OSError: it cannot be read.
    """
    columns = make_distinct(names)
    try:
        with open_database(scratch.with_suffix(".spill")) as connection:
            values = {
                "path": escape(str(path)),
                "columns": dict.fromkeys(columns, "VARCHAR"),
                "delim": separator,
                **_quoting(connection, path, separator),
                "nullstr": NULLS,
            }
            rows = connection.sql(
                f"""FROM read_csv($path, auto_detect = false, header = true, columns = $columns,
                     delim = $delim, quote = $quote, escape = $escape, nullstr = $nullstr,
                     store_rejects = true, max_line_size = {LINE_BYTES},
                     buffer_size = {2 * LINE_BYTES})""",
                params=values,
            )
            rows.write_parquet(str(scratch), compression="lz4_raw")
            refused = connection.sql(
                """SELECT line::BIGINT - 1 AS row, first(csv_line)[:200] AS value,
                          first(error_type::VARCHAR ORDER BY column_idx) AS reason
                   FROM reject_errors GROUP BY line ORDER BY line"""
            ).pl()
    except duckdb.Error as error:
        raise OSError(str(error)) from error
    reasons = pl.col("reason").replace_strict(_ENDS, default=pl.col("reason").str.to_lowercase())
    return Raw(
        {",": "CSV", "\t": "TSV"}.get(separator, f"table separated by {separator!r}"),
        pl.scan_parquet(scratch, glob=False),
        refused=refused.select("row", reasons, "value").cast(LINE),
    )


def _quoting(connection: duckdb.DuckDBPyConnection, path: Path, separator: str) -> dict[str, str]:
    """Quotation mark and escape character of a table; those of the standard if that is unclear."""
    try:
        ((quote, escaped),) = connection.sql(
            """SELECT Quote, Escape
               FROM sniff_csv($path, delim = $delim, header = true, sample_size = $rows)""",
            params={"path": escape(str(path)), "delim": separator, "rows": SNIFFED_ROWS},
        ).fetchall()
    except (duckdb.Error, UnicodeDecodeError):
        return {"quote": '"', "escape": '"'}
    # A sample without quotation marks does not mean that the rest has none. But between tabs,
    # they may be part of a title.
    quote = quote.strip("\x00").replace("(empty)", "") or ("" if separator == "\t" else '"')
    escaped = escaped.strip("\x00").replace("(empty)", "") or quote
    return {"quote": quote, "escape": escaped}


def make_distinct(names: list[str]) -> list[str]:
    """Make names differ in more than case, and fill empty ones; the order stays."""
    used: set[str] = set()
    result = []
    for number, name in enumerate(names, 1):
        bare = name.strip() or f"column_{number}"
        candidate, repeat = bare, 1
        while candidate.lower() in used:
            repeat += 1
            candidate = f"{bare}_{repeat}"
        used.add(candidate.lower())
        result.append(candidate)
    return result
