"""What the steps of one ingest share: a scratch folder, a DuckDB connection, staged rows, rejects.

Steps hand rows on as Parquet files in the scratch folder, so no step holds a whole table: Polars
streams into them, DuckDB sorts and joins them, on disk where memory does not suffice. What is SQL
stands in ``.sql`` files next to the modules, run by ``Workplace.run``.
"""

import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from glob import escape
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pyarrow.parquet as pq

from embeat_pipeline.ingest import policy
from embeat_pipeline.ingest.sources import Source
from embeat_pipeline.text import name_key

MEMORY_LIMIT = "2GB"
"""What DuckDB may hold before it works on disk."""

SCRATCH_COMPRESSION = "lz4"
"""Read once and thrown away: quick to write matters more than small."""

Columns = Mapping[str, Any]
"""Column name -> Polars type."""

LOCATION: Columns = {"file": pl.UInt32, "row": pl.Int64}
"""Columns every staged row begins with: which file, by number, and which row of it, from 0."""

REJECT: Columns = {
    **LOCATION,
    "kind": pl.String,
    "reason": pl.String,
    "value": pl.String,
    "count": pl.UInt32,
}

_HEADING = re.compile(r"^--: (.+)$", re.MULTILINE)


class Workplace:
    """Scratch space of one ingest.

    Attributes:
        folder: scratch files.
        database: DuckDB, in memory, spilling into ``folder``.
    """

    def __init__(self, folder: Path, staged: Mapping[str, Columns]):
        """Make staged tables, empty at first; table ``t`` is in SQL the view ``staged_t``."""
        self.folder = folder
        settings: dict[str, str | bool | int | float | list[str]] = {
            "memory_limit": MEMORY_LIMIT,
            "temp_directory": str(folder / "spill"),
        }
        self.database = duckdb.connect(config=settings)
        for name, value in policy.SQL_VARIABLES.items():
            self.database.execute(f"SET VARIABLE {name} = $value", {"value": value})
        for table, columns in staged.items():
            self._declare(f"staged_{table}", columns)
        self._declare("rejects", REJECT)
        self.outcomes: dict[tuple[str, str], dict[int, int]] = {}

    def _declare(self, view: str, columns: Columns) -> None:
        place = self._part(view, 0)
        place.parent.mkdir()
        pl.DataFrame(schema=dict(columns)).write_parquet(place)

    def open_views(self) -> None:
        """Let SQL see the staged tables; call it when all rows are staged."""
        for folder in (path.parent for path in sorted(self.folder.glob("*/00000.parquet"))):
            parts = self.staged_parts(folder.name)
            # The empty first part would make DuckDB expect no rows, and join the wrong way round.
            if len(parts) > 1 and folder.name != "rejects":
                parts[0].unlink()
            rows = self.database.read_parquet(f"{escape(str(folder))}/*.parquet")
            rows.create_view(folder.name)

    def stage(self, source: Source, rows: pl.LazyFrame) -> None:
        """Add the rows of one source to its staged table, all or none of them.

        Args:
            source: where the rows come from.
            rows: the table's columns but for ``file``, among others.
        """
        view = f"staged_{source.table}"
        place = self._part(view, source.number + 1)
        columns = pq.read_schema(self._part(view, 0)).names
        located = rows.with_columns(file=pl.lit(source.number, pl.UInt32)).select(columns)
        try:
            located.sink_parquet(place, compression=SCRATCH_COMPRESSION)
        except BaseException:
            place.unlink(missing_ok=True)
            raise

    def staged_parts(self, view: str) -> list[Path]:
        """Files of a staged table, in order of the sources."""
        return sorted((self.folder / view).iterdir())

    def reject(self, rows: pl.DataFrame) -> None:
        """Add rows with the columns of ``REJECT``."""
        if rows.height:
            columns = [pl.col(name).cast(dtype) for name, dtype in REJECT.items()]
            number = len(self.staged_parts("rejects"))
            rows.select(columns).write_parquet(self._part("rejects", number))

    def run(self, step: str) -> None:
        """Run the statements of ``step``.sql in order.

        A heading ``--: verb name`` says what becomes of what follows it:

        - ``run``: statements that make tables and views for what comes after.
        - ``view v``: the rows go to a scratch file and are the view ``v``, with the column
          ``code`` more: a row's place in the query's order.
        - ``key v c``: adds to the view ``v`` the ``name_key`` of its column ``c`` as ``key``.
        - ``accepted t``, ``merged t``: a row per row of table ``t`` that became one of its own,
          or for which another stands; it names the ``file``.
        - ``reject``: refused rows, the columns of ``REJECT`` by name.
        """
        verbs = {
            "run": self.database.execute,
            "view": self._view,
            "key": self._key,
            "accepted": lambda query, table: self._count("accepted", table, query),
            "merged": lambda query, table: self._count("merged", table, query),
            "reject": self._reject_query,
        }
        for heading, text in statements(step):
            verb, *names = heading.split()
            verbs[verb](text, *names)

    def _view(self, query: str, name: str) -> None:
        path = self.folder / f"{name}.parquet"
        self.database.sql(query).write_parquet(str(path), compression=f"{SCRATCH_COMPRESSION}_raw")
        numbered = self.database.read_parquet(escape(str(path)), file_row_number=True)
        numbered.project(
            "* EXCLUDE file_row_number, file_row_number::UINTEGER AS code"
        ).create_view(name)

    def _key(self, _: str, name: str, column: str) -> None:
        keyed = self.folder / f"{name}_keyed.parquet"
        rows = pl.scan_parquet(self.folder / f"{name}.parquet", glob=False)
        rows.with_columns(key=name_key(pl.col(column))).sink_parquet(
            keyed, compression=SCRATCH_COMPRESSION
        )
        self.database.read_parquet(escape(str(keyed))).create_view(name, replace=True)

    def _count(self, outcome: str, table: str, query: str) -> None:
        rows = self.database.sql(query).aggregate("file, count(*)").fetchall()
        self.outcomes[table, outcome] = dict(rows)

    def _reject_query(self, query: str) -> None:
        # The view of rejects is a folder of files: what is added here is seen by later queries.
        number = len(self.staged_parts("rejects"))
        columns = self.database.sql(query).project(", ".join(REJECT))
        columns.write_parquet(
            str(self._part("rejects", number)), compression=f"{SCRATCH_COMPRESSION}_raw"
        )

    def _part(self, view: str, number: int) -> Path:
        return self.folder / view / f"{number:05}.parquet"


def statements(step: str) -> list[tuple[str, str]]:
    """Headings and texts of ``step``.sql, in order."""
    text = Path(__file__).with_name(f"{step}.sql").read_text(encoding="utf-8")
    _, *parts = _HEADING.split(text)
    return list(zip(parts[::2], parts[1::2], strict=True))


@contextmanager
def workplace(parent: Path, staged: Mapping[str, Columns]) -> Iterator[Workplace]:
    """A workplace in ``parent``, removed afterwards, as is what a killed run left there."""
    parent.mkdir(parents=True, exist_ok=True)
    for left in parent.glob(".ingest-*"):
        shutil.rmtree(left, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix=".ingest-", dir=parent) as folder:
        place = Workplace(Path(folder), staged)
        try:
            yield place
        finally:
            place.database.close()
