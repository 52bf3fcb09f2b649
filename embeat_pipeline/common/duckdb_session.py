"""DuckDB as every part of the stage uses it: bounded memory, what exceeds it on disk."""

from pathlib import Path

import duckdb

MEMORY_LIMIT = "2GB"
"""What it may hold before it works on disk."""


def open_database(spill: Path) -> duckdb.DuckDBPyConnection:
    """A database in memory that spills into the folder ``spill``."""
    config: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": MEMORY_LIMIT,
        "temp_directory": str(spill),
    }
    connection = duckdb.connect(config=config)
    # Progress is shown by the stage, in one place.
    connection.execute("SET enable_progress_bar = false")
    return connection
