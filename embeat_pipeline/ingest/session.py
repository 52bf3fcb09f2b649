"""What the steps of one ingest share: a scratch folder, a DuckDB connection, staged rows, rejects.

Steps hand rows on as Parquet files, so no step holds a whole table: Polars streams into them,
DuckDB sorts and joins them, on disk where memory does not suffice. What is SQL stands in ``.sql``
files next to the modules, run by ``Workplace.run``.
"""

import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence, Set
from contextlib import contextmanager
from glob import escape
from pathlib import Path
from typing import Any, NamedTuple

import polars as pl

from embeat_pipeline.common.duckdb_session import open_database
from embeat_pipeline.common.text_expressions import with_name_key
from embeat_pipeline.ingest.cleaning import policy

SCRATCH_COMPRESSION = "lz4"
"""Read once and thrown away: quick to write matters more than small."""

Columns = Mapping[str, Any]
"""Column name -> Polars type."""

ROW: Columns = {"row": pl.Int64}
"""What every staged row begins with: which row of its file it is, from 0."""

LOCATION: Columns = {"file": pl.UInt32, **ROW}
"""Which file, by number, and which row of it."""

REJECT: Columns = {
    **LOCATION,
    "kind": pl.String,
    "reason": pl.String,
    "value": pl.String,
    "count": pl.UInt32,
}

OUTCOMES = ("accepted", "merged")
"""What may become of a row that is not refused."""


class Dump(NamedTuple):
    """Files of a dump by number, in order."""

    names: Mapping[int, str]
    new: Set[int]
    """Those that the ingest whose tables are there did not know."""

    @property
    def numbers(self) -> dict[str, int]:
        """Their numbers by name."""
        return {name: number for number, name in self.names.items()}


_HEADING = re.compile(r"^--: (.+)$", re.MULTILINE)


class IngestSession:
    """Scratch space of one ingest.

    Attributes:
        folder: scratch files.
        database: DuckDB, in memory, spilling into ``folder``.
        outcomes: table and ``accepted`` or ``merged`` -> rows by number of file.
        before: codes given out by earlier ingests, by what they stand for.
        kept: how many of these came up again.
    """

    def __init__(self, folder: Path, staged: Mapping[str, Columns]):
        """Staged tables are empty at first; table ``t`` is in SQL the view ``staged_t``."""
        self.folder = folder
        self.database = open_database(folder / "spill")
        for name, value in policy.SQL_VARIABLES.items():
            self.database.execute(f"SET VARIABLE {name} = $value", {"value": value})
        self._staged: dict[str, list[tuple[int, Path]]] = {table: [] for table in staged}
        for table, columns in staged.items():
            pl.DataFrame(schema=dict(columns)).write_parquet(folder / f"no_{table}.parquet")
        self._rejects = folder / "rejects"
        self._rejects.mkdir()
        self.reject(pl.DataFrame(schema=dict(REJECT)))
        self.outcomes: dict[tuple[str, str], dict[int, int]] = {}
        self.before: dict[str, int] = {}
        self.kept: dict[str, int] = {}

    def add(self, table: str, number: int, part: Path) -> None:
        """Make the rows of ``part`` staged rows of ``table`` that come from file ``number``."""
        self._staged[table].append((number, part))

    def staged_parts(self, table: str) -> list[tuple[int, Path]]:
        """Staged rows of a table: numbers of files and where the rows are, in order."""
        return sorted(self._staged[table])

    def open_views(self) -> None:
        """Let SQL see the staged tables; call it when all rows are staged."""
        for table in self._staged:
            self.see_staged(f"staged_{table}", table, self.staged_parts(table))
        rejects = self.database.read_parquet(f"{escape(str(self._rejects))}/*.parquet")
        rejects.create_view("rejects")

    def see_staged(self, view: str, table: str, parts: Sequence[tuple[int, Path]]) -> None:
        """Make ``parts``, staged rows of ``table``, with the number of their ``file`` a view."""
        # An empty part among others would make DuckDB expect no rows, and join the wrong way.
        numbers, paths = zip(*(parts or [(0, self.folder / f"no_{table}.parquet")]), strict=True)
        rows = self.database.read_parquet([escape(str(path)) for path in paths])
        rows.project(f"{list(numbers)}[file_index::INTEGER + 1]::UINTEGER AS file, *").create_view(
            view, replace=True
        )

    def reject(self, rows: pl.DataFrame) -> None:
        """Add rows with the columns of ``REJECT``."""
        columns = [pl.col(name).cast(dtype) for name, dtype in REJECT.items()]
        rows.select(columns).write_parquet(self._next_rejects())

    def run(self, step: str) -> None:
        """Run the statements of ``step``.sql in order.

        A heading ``--: verb name`` says what becomes of what follows it:

        - ``run``: statements that make tables and views for what comes after.
        - ``view v``: the rows go to a scratch file and are the view ``v``, with the column
          ``code`` more: a row's place in the query's order.
        - ``grow v``: likewise; rows that have a code from before, given as ``earlier_code`` and
          coming first, keep it, and the others get the codes from ``before[v]`` on.
        - ``key v c``: adds to the view ``v`` the ``name_key`` of its column ``c`` as ``key``.
        - ``accepted t``, ``merged t``: a row per row of table ``t`` that became one of its own,
          or for which another stands; it names the ``file``.
        - ``counted t``: both at once, as numbers per file.
        - ``reject``: refused rows, the columns of ``REJECT`` by name.
        """
        verbs = {
            "run": self.database.execute,
            "view": self._view,
            "grow": self._grow,
            "key": self._key,
            "accepted": lambda query, table: self._count("accepted", table, query),
            "merged": lambda query, table: self._count("merged", table, query),
            "counted": self._counted,
            "reject": self._reject_query,
        }
        for heading, text in statements(step):
            verb, *names = heading.split()
            verbs[verb](text, *names)

    def _view(self, query: str, name: str) -> None:
        self._write(query, name)
        self._number(name, "* EXCLUDE file_row_number, file_row_number::UINTEGER AS code")

    def _grow(self, query: str, name: str) -> None:
        path = self._write(query, name)
        kept = pl.scan_parquet(path, glob=False).select(pl.col("earlier_code").count())
        self.kept[name] = kept.collect().item()
        added = self.before[name] - self.kept[name]
        self._number(
            name,
            "* EXCLUDE (earlier_code, file_row_number), "
            f"coalesce(earlier_code, file_row_number + ({added}))::UINTEGER AS code",
        )

    def _write(self, query: str, name: str) -> Path:
        path = self.folder / f"{name}.parquet"
        self.database.sql(query).write_parquet(str(path), compression=f"{SCRATCH_COMPRESSION}_raw")
        return path

    def _number(self, name: str, columns: str) -> None:
        path = self.folder / f"{name}.parquet"
        numbered = self.database.read_parquet(escape(str(path)), file_row_number=True)
        numbered.project(columns).create_view(name, replace=True)

    def scan(self, name: str) -> pl.LazyFrame:
        """The rows of a view that ``view`` or ``grow`` made, in order, with their ``code``."""
        rows = pl.scan_parquet(self.folder / f"{name}.parquet", glob=False, row_index_name="code")
        if name not in self.kept:
            return rows
        number = pl.col("code").cast(pl.Int64) + (self.before[name] - self.kept[name])
        code = pl.coalesce("earlier_code", number.cast(pl.UInt32))
        return rows.with_columns(code.alias("code")).drop("earlier_code")

    def _key(self, _: str, name: str, column: str) -> None:
        keyed = self.folder / f"{name}_keyed.parquet"
        rows = pl.scan_parquet(self.folder / f"{name}.parquet", glob=False)
        with_name_key(rows, pl.col(column), "key").sink_parquet(
            keyed, compression=SCRATCH_COMPRESSION
        )
        self.database.read_parquet(escape(str(keyed))).create_view(name, replace=True)

    def _count(self, outcome: str, table: str, query: str) -> None:
        rows = self.database.sql(query).aggregate("file, count(*)").fetchall()
        self.outcomes[table, outcome] = dict(rows)

    def _counted(self, query: str, table: str) -> None:
        for file, *rows in self.database.sql(query).fetchall():
            for outcome, count in zip(OUTCOMES, rows, strict=True):
                self.outcomes.setdefault((table, outcome), {})[file] = count

    def _reject_query(self, query: str) -> None:
        # The view of rejects is a folder of files: what is added here is seen by later queries.
        columns = self.database.sql(query).project(", ".join(REJECT))
        columns.write_parquet(str(self._next_rejects()), compression=f"{SCRATCH_COMPRESSION}_raw")

    def _next_rejects(self) -> Path:
        return self._rejects / f"{len(list(self._rejects.iterdir())):06}.parquet"


def statements(step: str) -> list[tuple[str, str]]:
    """Headings and texts of ``step``.sql, in order."""
    text = Path(__file__).with_name("sql").joinpath(f"{step}.sql").read_text(encoding="utf-8")
    _, *parts = _HEADING.split(text)
    return list(zip(parts[::2], parts[1::2], strict=True))


def sweep(parent: Path) -> None:
    """Remove what a killed run left in ``parent``."""
    for folder in parent.glob(".ingest-*"):
        shutil.rmtree(folder, ignore_errors=True)
    for file in parent.glob(".*.tmp"):
        file.unlink(missing_ok=True)


@contextmanager
def ingest_session(parent: Path, staged: Mapping[str, Columns]) -> Iterator[IngestSession]:
    """A workplace in ``parent``, removed afterwards."""
    parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".ingest-", dir=parent) as folder:
        place = IngestSession(Path(folder), staged)
        try:
            yield place
        finally:
            place.database.close()
