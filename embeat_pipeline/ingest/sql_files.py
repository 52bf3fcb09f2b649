"""Find and read the SQL files of the ingest stage, section by section."""

from pathlib import Path

from embeat_pipeline.common.duckdb_session import sql_sections

_HERE = Path(__file__).parent
FOLDERS = (_HERE / "sql", _HERE / "recordings" / "sql", _HERE / "incremental" / "sql")
"""Where the SQL files lie. No two of them have the same name."""


def sections(name: str) -> tuple[tuple[str, str], ...]:
    """Headings (lines ``--: heading``) and texts of ``<name>.sql``, in order.

    Raises:
        FileNotFoundError: no folder has such a file.
    """
    for folder in FOLDERS:
        path = folder / f"{name}.sql"
        if path.is_file():
            return sql_sections(path)[1:]
    raise FileNotFoundError(f"the ingest stage has no {name}.sql")


def section(name: str, heading: str) -> str:
    """Text of one section of ``<name>.sql``.

    Raises:
        KeyError: the file has no such heading.
    """
    return dict(sections(name))[heading]
