"""Read the SQL files of the ingest stage, section by section."""

import re
from functools import cache
from pathlib import Path

_HERE = Path(__file__).parent
FOLDERS = (_HERE / "sql", _HERE / "recordings" / "sql", _HERE / "incremental" / "sql")
"""Where the SQL files lie. No two of them have the same name."""

_HEADING = re.compile(r"^--: (.+)$", re.MULTILINE)


@cache
def sections(name: str) -> tuple[tuple[str, str], ...]:
    """Headings (lines ``--: heading``) and texts of ``<name>.sql``, in order.

    Raises:
        FileNotFoundError: no folder has such a file.
    """
    for folder in FOLDERS:
        path = folder / f"{name}.sql"
        if path.is_file():
            _, *parts = _HEADING.split(path.read_text(encoding="utf-8"))
            return tuple(zip(parts[::2], parts[1::2], strict=True))
    raise FileNotFoundError(f"the ingest stage has no {name}.sql")


def section(name: str, heading: str) -> str:
    """Text of one section of ``<name>.sql``.

    Raises:
        KeyError: the file has no such heading.
    """
    return dict(sections(name))[heading]
