"""Run the SQL of the genres stage in a temporary DuckDB database."""

import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb

from embeat_pipeline.common.duckdb_session import open_database, run_statements, sql_sections

SQL = Path(__file__).parent / "sql"

DISABLED_OPTIMIZERS = "join_order,build_side_probe_side"
"""Optimizers that are turned off, so that joins run as written and hash their right side.

DuckDB 2.0 fails now and then ("INTERNAL Error: dict-surviving join", duckdb issue 24807) if the
hashed side is itself a join, and it may choose such a side. So in ``sql/`` the right side of a
join is always a table or an aggregate, the smaller one where there is a choice.
"""


@contextmanager
def open_session(memory_limit: str) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open a database that holds at most ``memory_limit`` and then works on disk."""
    with (
        tempfile.TemporaryDirectory(prefix="embeat-genres-") as spill,
        open_database(Path(spill), memory_limit) as database,
    ):
        database.execute("SET disabled_optimizers = $1", [DISABLED_OPTIMIZERS])
        yield database


def run_sql(
    database: duckdb.DuckDBPyConnection,
    name: str,
    parameters: Mapping[str, Any],
    section: str = "",
) -> duckdb.DuckDBPyConnection:
    """Execute ``sql/<name>.sql`` or one section of it; statements get the parameters they name.

    Returns:
        The connection, which holds the result of the last statement.

    Raises:
        KeyError: the file has no such section, or a parameter is missing.
    """
    statements = dict(sql_sections(SQL / f"{name}.sql"))[section]
    return run_statements(database, statements, parameters)
