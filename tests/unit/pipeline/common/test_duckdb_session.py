"""Sections of SQL files, statements with parameters, and bounded memory."""

from pathlib import Path

import duckdb
import pytest

from embeat_pipeline.common.duckdb_session import (
    fetch_rows,
    open_database,
    run_statements,
    sql_sections,
)


def test_a_file_is_split_at_its_headings_and_keeps_repeated_ones(tmp_path: Path) -> None:
    path = tmp_path / "steps.sql"
    path.write_text("-- About.\n--: execute\nSELECT 1;\n--: view v\nSELECT 2;\n--: execute\nX\n")
    assert sql_sections(path) == (
        ("", "-- About.\n"),
        ("execute", "\nSELECT 1;\n"),
        ("view v", "\nSELECT 2;\n"),
        ("execute", "\nX\n"),
    )


def test_statements_get_the_parameters_they_name(tmp_path: Path) -> None:
    with open_database(tmp_path / "spill") as database:
        statements = "CREATE TABLE t AS SELECT $one AS a; SELECT a, $two AS b FROM t"
        result = run_statements(database, statements, {"one": 1, "two": "x", "three": None})
        assert fetch_rows(result) == [{"a": 1, "b": "x"}]
        with pytest.raises(KeyError, match="four"):
            run_statements(database, "SELECT $four", {})


def test_memory_is_limited_and_the_rest_spills(tmp_path: Path) -> None:
    with open_database(tmp_path / "spill", "100MB") as database:
        settings = database.sql(
            "SELECT current_setting('memory_limit'), current_setting('temp_directory')"
        ).fetchall()
        assert settings == [("95.3 MiB", str(tmp_path / "spill"))]
    with pytest.raises(duckdb.Error):
        open_database(tmp_path / "spill", "no size")
