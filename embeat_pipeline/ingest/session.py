"""Hold what the steps of one ingest share: scratch folder, DuckDB, staged rows and rejects.

Steps pass rows on as Parquet files, so no step holds a whole table: Polars streams into them, and
DuckDB sorts and joins them, on disk where memory does not suffice. SQL lies in ``.sql`` files and
is run by ``IngestSession.run``.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from glob import escape
from pathlib import Path
from typing import Any

import polars as pl

from embeat_pipeline.common.duckdb_session import open_database
from embeat_pipeline.common.text_expressions import with_name_key
from embeat_pipeline.ingest.cleaning import policy
from embeat_pipeline.ingest.scratch import scratch_folder
from embeat_pipeline.ingest.sql_files import sections

SCRATCH_COMPRESSION = "lz4"
"""Scratch files are read once and thrown away, so writing fast matters more than size."""

Columns = Mapping[str, Any]
"""Column name -> Polars type."""

ROW: Columns = {"row": pl.Int64}
"""First column of all staged rows: number of the row within its file, from 0."""

LOCATION: Columns = {"file": pl.UInt32, **ROW}
"""Number of the file, and number of the row within it."""

REJECT_COLUMNS: Columns = {
    **LOCATION,
    "kind": pl.String,
    "reason": pl.String,
    "value": pl.String,
    "count": pl.UInt32,
}

OUTCOMES = ("accepted", "merged")
"""What may become of a row that is not rejected."""


class IngestSession:
    """Scratch space of one ingest.

    Attributes:
        folder: scratch files.
        database: DuckDB, in memory, spilling into ``folder``.
        outcomes: (table, outcome) -> number of rows by number of file.
        previous_counts: view -> number of codes that earlier ingests assigned.
        reused_counts: view -> number of these codes that were assigned again.
    """

    def __init__(self, folder: Path, staged: Mapping[str, Columns]):
        """Open a session without rows; SQL sees staged table ``t`` as the view ``staged_t``."""
        self.folder = folder
        self.database = open_database(folder / "spill")
        for name, value in policy.SQL_VARIABLES.items():
            self.database.execute(f"SET VARIABLE {name} = $value", {"value": value})
        self._staged: dict[str, list[tuple[int, Path]]] = {table: [] for table in staged}
        for table, columns in staged.items():
            pl.DataFrame(schema=dict(columns)).write_parquet(folder / f"no_{table}.parquet")
        self._rejects = folder / "rejects"
        self._rejects.mkdir()
        self.reject(pl.DataFrame(schema=dict(REJECT_COLUMNS)))
        self.outcomes: dict[tuple[str, str], dict[int, int]] = {}
        self.previous_counts: dict[str, int] = {}
        self.reused_counts: dict[str, int] = {}

    def add_part(self, table: str, file: int, part: Path) -> None:
        """Add the rows of ``part``, which come from file number ``file``, to a staged table."""
        self._staged[table].append((file, part))

    def staged_parts(self, table: str) -> list[tuple[int, Path]]:
        """Number of the file and path of each part of a staged table, in order."""
        return sorted(self._staged[table])

    def open_views(self) -> None:
        """Create the views ``staged_...`` and ``rejects``; call it when all rows are staged."""
        for table in self._staged:
            self.create_staged_view(f"staged_{table}", table, self.staged_parts(table))
        rejects = self.database.read_parquet(f"{escape(str(self._rejects))}/*.parquet")
        rejects.create_view("rejects")

    def create_staged_view(self, view: str, table: str, parts: Sequence[tuple[int, Path]]) -> None:
        """Create a view of some parts of a staged table, with the column ``file``."""
        # An empty part among others would make DuckDB expect no rows, and join the wrong way.
        files, paths = zip(*(parts or [(0, self.folder / f"no_{table}.parquet")]), strict=True)
        rows = self.database.read_parquet([escape(str(path)) for path in paths])
        rows.project(f"{list(files)}[file_index::INTEGER + 1]::UINTEGER AS file, *").create_view(
            view, replace=True
        )

    def reject(self, rows: pl.DataFrame) -> None:
        """Add rejects, given with ``REJECT_COLUMNS``."""
        columns = [pl.col(name).cast(dtype) for name, dtype in REJECT_COLUMNS.items()]
        rows.select(columns).write_parquet(self._next_rejects())

    def run(self, name: str) -> None:
        """Run the sections of ``<name>.sql`` in order.

        The heading of a section, ``--: verb arguments``, says what to do with it:

        - ``execute``: execute the statements, which create tables and views for later sections.
        - ``view v``: write the rows to a scratch file and create the view ``v`` of it, with an
          additional column ``code``: the number of the row in the query's order.
        - ``stable_view v``: likewise, but a row keeps the code in its column ``previous_code``.
          Such rows come first; the others get the codes that follow ``previous_counts[v]``.
        - ``add_key v c``: add the column ``key`` to the view ``v``, the ``name_key`` of ``c``.
        - ``accepted t``, ``merged t``: count the rows by ``file`` as this outcome of table ``t``.
        - ``outcomes t``: rows are a file and its numbers of accepted and of merged rows.
        - ``reject``: add the rows, which have ``REJECT_COLUMNS``, to the rejects.
        """
        verbs = {
            "execute": self.database.execute,
            "view": self._view,
            "stable_view": self._stable_view,
            "add_key": self._add_key,
            "accepted": lambda query, table: self._count("accepted", table, query),
            "merged": lambda query, table: self._count("merged", table, query),
            "outcomes": self._set_outcomes,
            "reject": self._reject_query,
        }
        for heading, text in sections(name):
            verb, *arguments = heading.split()
            verbs[verb](text, *arguments)

    def _view(self, query: str, name: str) -> None:
        self._write(query, name)
        self._number(name, "* EXCLUDE file_row_number, file_row_number::UINTEGER AS code")

    def _stable_view(self, query: str, name: str) -> None:
        path = self._write(query, name)
        reused = pl.scan_parquet(path, glob=False).select(pl.col("previous_code").count())
        self.reused_counts[name] = reused.collect().item()
        self._number(
            name,
            "* EXCLUDE (previous_code, file_row_number), "
            f"coalesce(previous_code, file_row_number + ({self._shift(name)}))::UINTEGER AS code",
        )

    def _shift(self, name: str) -> int:
        """What is added to the number of a row without an earlier code."""
        return self.previous_counts[name] - self.reused_counts[name]

    def _write(self, query: str, name: str) -> Path:
        path = self.folder / f"{name}.parquet"
        self.database.sql(query).write_parquet(str(path), compression=f"{SCRATCH_COMPRESSION}_raw")
        return path

    def _number(self, name: str, columns: str) -> None:
        path = self.folder / f"{name}.parquet"
        numbered = self.database.read_parquet(escape(str(path)), file_row_number=True)
        numbered.project(columns).create_view(name, replace=True)

    def scan(self, name: str) -> pl.LazyFrame:
        """Rows, in order, of a view made by ``view`` or ``stable_view``, with their ``code``."""
        rows = pl.scan_parquet(self.folder / f"{name}.parquet", glob=False, row_index_name="code")
        if name not in self.reused_counts:
            return rows
        number = pl.col("code").cast(pl.Int64) + self._shift(name)
        code = pl.coalesce("previous_code", number.cast(pl.UInt32))
        return rows.with_columns(code.alias("code")).drop("previous_code")

    def _add_key(self, _: str, name: str, column: str) -> None:
        keyed = self.folder / f"{name}_keyed.parquet"
        rows = pl.scan_parquet(self.folder / f"{name}.parquet", glob=False)
        with_name_key(rows, pl.col(column), "key").sink_parquet(
            keyed, compression=SCRATCH_COMPRESSION
        )
        self.database.read_parquet(escape(str(keyed))).create_view(name, replace=True)

    def _count(self, outcome: str, table: str, query: str) -> None:
        rows = self.database.sql(query).aggregate("file, count(*)").fetchall()
        self.outcomes[table, outcome] = dict(rows)

    def _set_outcomes(self, query: str, table: str) -> None:
        for file, *counts in self.database.sql(query).fetchall():
            for outcome, count in zip(OUTCOMES, counts, strict=True):
                self.outcomes.setdefault((table, outcome), {})[file] = count

    def _reject_query(self, query: str) -> None:
        # The view of rejects is a folder of files: what is added here is seen by later queries.
        columns = self.database.sql(query).project(", ".join(REJECT_COLUMNS))
        columns.write_parquet(str(self._next_rejects()), compression=f"{SCRATCH_COMPRESSION}_raw")

    def _next_rejects(self) -> Path:
        return self._rejects / f"{len(list(self._rejects.iterdir())):06}.parquet"


@contextmanager
def ingest_session(parent: Path, staged: Mapping[str, Columns]) -> Iterator[IngestSession]:
    """Open a session with a scratch folder in ``parent``, and remove both afterwards."""
    with scratch_folder(parent) as folder:
        session = IngestSession(folder, staged)
        try:
            yield session
        finally:
            session.database.close()
