"""DuckDB as this stage uses it: in memory, bounded, spilling, fed from ``sql/``."""

import re
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from importlib.resources import files
from typing import Any

import duckdb

_HEADING = re.compile(r"^--: (.+)$", re.MULTILINE)


@contextmanager
def open_engine(memory_limit: str) -> Iterator[duckdb.DuckDBPyConnection]:
    """A database of its own that holds at most ``memory_limit`` and then works on disk."""
    with tempfile.TemporaryDirectory(prefix="embeat-genres-") as spill, duckdb.connect() as engine:
        engine.execute("SET temp_directory = $1", [spill])
        engine.execute("SET memory_limit = $1", [memory_limit])
        engine.execute("SET enable_progress_bar = false")
        yield engine


@lru_cache
def sections(name: str) -> dict[str, str]:
    """Parts of ``sql/<name>.sql`` by their headings (``--: heading``); before any, by ``""``."""
    text = files("embeat_pipeline.genres").joinpath("sql", f"{name}.sql").read_text("utf-8")
    parts = _HEADING.split(text)
    return {"": parts[0], **dict(zip(parts[1::2], parts[2::2], strict=True))}


def run_sql(
    engine: duckdb.DuckDBPyConnection,
    name: str,
    parameters: Mapping[str, Any],
    section: str = "",
) -> duckdb.DuckDBPyConnection:
    """Run ``sql/<name>.sql``; each of its statements gets the parameters it names.

    Returns:
        The connection, holding the last statement's result.
    """
    for statement in duckdb.extract_statements(sections(name)[section]):
        named = {key: parameters[key] for key in statement.named_parameters}
        engine.execute(statement, named)
    return engine


def first_row(result: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    """The result's first row by column name."""
    names = [column[0] for column in result.description or ()]
    # All are fetched: DuckDB refuses other work while a result is half read.
    return dict(zip(names, result.fetchall()[0], strict=True))
