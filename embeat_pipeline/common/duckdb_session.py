"""Open DuckDB with bounded memory, and run the sections of ``.sql`` files."""

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import duckdb

MEMORY_LIMIT = "2GB"
"""Memory that a database holds by default before it works on disk."""

_HEADING = re.compile(r"^--: (.+)$", re.MULTILINE)


def open_database(spill: Path, memory_limit: str = MEMORY_LIMIT) -> duckdb.DuckDBPyConnection:
    """Open a database in memory that spills into the folder ``spill``."""
    config: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": memory_limit,
        "temp_directory": str(spill),
    }
    connection = duckdb.connect(config=config)
    # The stage shows progress, in one place.
    connection.execute("SET enable_progress_bar = false")
    return connection


@cache
def sql_sections(path: Path) -> tuple[tuple[str, str], ...]:
    """Headings (lines ``--: heading``) and texts of the sections of a SQL file, in order.

    The text before the first heading comes first, under the heading ``""``.
    """
    first, *parts = _HEADING.split(path.read_text(encoding="utf-8"))
    return (("", first), *zip(parts[::2], parts[1::2], strict=True))


def run_statements(
    database: duckdb.DuckDBPyConnection, statements: str, parameters: Mapping[str, Any]
) -> duckdb.DuckDBPyConnection:
    """Execute statements in order; each gets those of the parameters that it names.

    Returns:
        The connection, which holds the result of the last statement.
    """
    for statement in duckdb.extract_statements(statements):
        database.execute(statement, {key: parameters[key] for key in statement.named_parameters})
    return database


def fetch_rows(result: duckdb.DuckDBPyConnection) -> list[dict[str, Any]]:
    """Fetch all rows of a small result, by column name."""
    names = [column[0] for column in result.description or ()]
    # All are fetched: DuckDB refuses other work while a result is half read.
    return [dict(zip(names, row, strict=True)) for row in result.fetchall()]
