"""DuckDB as this stage uses it: in memory, bounded, spilling, fed from ``sql/``."""

import re
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from importlib.resources import files
from typing import Any

import duckdb

AS_WRITTEN = "join_order,build_side_probe_side"
"""Optimizers left out: joins run in the order of the SQL and hash the right side.

DuckDB 2.0 fails now and then ("INTERNAL Error: dict-surviving join", duckdb issue 24807) where
the side that is hashed is a join itself, which it makes so by itself. So in ``sql/`` the right
side of a join is always a table or an aggregate, the smaller one where there is a choice.
"""

_HEADING = re.compile(r"^--: (.+)$", re.MULTILINE)


@contextmanager
def open_engine(memory_limit: str) -> Iterator[duckdb.DuckDBPyConnection]:
    """A database of its own that holds at most ``memory_limit`` and then works on disk."""
    with tempfile.TemporaryDirectory(prefix="embeat-genres-") as spill, duckdb.connect() as engine:
        engine.execute("SET temp_directory = $1", [spill])
        engine.execute("SET memory_limit = $1", [memory_limit])
        engine.execute("SET enable_progress_bar = false")
        engine.execute("SET disabled_optimizers = $1", [AS_WRITTEN])
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
    return rows(result)[0]


def rows(result: duckdb.DuckDBPyConnection) -> list[dict[str, Any]]:
    """The result's few rows, by column name."""
    names = [column[0] for column in result.description or ()]
    # All are fetched: DuckDB refuses other work while a result is half read.
    return [dict(zip(names, row, strict=True)) for row in result.fetchall()]
