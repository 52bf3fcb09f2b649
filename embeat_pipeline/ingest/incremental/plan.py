"""Decide whether an ingest can build on the previous one, and save what the next one needs.

``tables/.resolved`` keeps, beside the tables, the state that they do not hold: which names artists
were mentioned under, which songs there are, and which unknown ids playlists named. It is valid as
long as files were only added to the dump and the code is the same. Then codes stay as they are and
new ones follow them. Apart from codes, the tables are those of a full build.
"""

import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from glob import escape
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow.parquet as pq

from embeat_pipeline.common.schemas import SCHEMAS
from embeat_pipeline.common.stage_cache import is_current
from embeat_pipeline.ingest.dump import Dump
from embeat_pipeline.ingest.playlist_writer import Playlists
from embeat_pipeline.ingest.session import OUTCOMES, IngestSession
from embeat_pipeline.ingest.sql_files import section

REUSABLE_TABLES = ("playlists", "related_artists")
"""Tables that are taken over as they are where new files do not concern them."""

STATE_COLUMNS = {
    "mentions": {
        "artist_id": pl.String,
        "artist_name": pl.String,
        "origin": pl.Int32,
        "key": pl.String,
    },
    "artists": {
        "artist_id": pl.String,
        "artist_name": pl.String,
        "key": pl.String,
        "code": pl.UInt32,
    },
    "names": {"artist_name": pl.String, "code": pl.UInt32},
    "songs": {"track_code": pl.UInt32, "song": pl.UInt64, "credited": pl.UInt64},
    "unknown": {"hash": pl.UInt64},
}
"""Files of the state and their columns."""

STATE_QUERIES = ("mentions", "artists", "names", "songs")
"""Files of the state that a section of ``previous.sql`` gives the rows of."""


class FullRebuildRequired(Exception):
    """New files change what codes of the previous ingest stand for; the message says how."""


@dataclass(frozen=True)
class Provenance:
    """What the tables of an ingest were made from.

    Attributes:
        key: key under which its outputs are current.
        code: digest of the code.
        files: name and digest of each file.
    """

    key: str
    code: str
    files: Sequence[tuple[str, str]]


@dataclass(frozen=True)
class PreviousIngest:
    """What the previous ingest left.

    Attributes:
        tables: folder of its tables.
        files: names and digests of the files it read.
        outcomes: table of ``REUSABLE_TABLES`` -> outcome -> name of file -> number of rows.
        entries: name of file -> what became of the entries of its playlists.
    """

    tables: Path
    files: frozenset[tuple[str, str]]
    outcomes: Mapping[str, Mapping[str, Mapping[str, int]]]
    entries: Mapping[str, Mapping[str, int]]

    def table(self, name: str) -> Path:
        """Where one of its tables lies."""
        return self.tables / f"{name}.parquet"

    def state_file(self, name: str) -> Path:
        """Where a file of ``STATE_COLUMNS`` lies."""
        return _state_folder(self.tables) / f"{name}.parquet"


def _state_folder(tables: Path) -> Path:
    return tables / ".resolved"


def find_previous(
    tables: Path, provenance: Provenance, outputs: Sequence[Path]
) -> PreviousIngest | None:
    """Find the previous ingest; None if this one cannot build on it.

    It cannot if the dump lost or changed a file, or if the code or an output changed.

    Args:
        tables: folder of the tables.
        provenance: what the tables are to be made from now.
        outputs: files that have to be as the previous ingest left them.
    """
    try:
        state = json.loads((_state_folder(tables) / "state.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    files = frozenset((name, digest) for name, digest in state["files"])
    is_extended = state["code"] == provenance.code and files <= set(provenance.files)
    if not is_extended or not is_current(outputs, state["key"]):
        return None
    return PreviousIngest(tables, files, state["outcomes"], state["entries"])


def open_previous(session: IngestSession, previous: PreviousIngest | None) -> None:
    """Create the views ``previous_...`` of tables and state; empty without a previous ingest."""
    for name, table in (("tracks", "tracks"), ("genres", "genre_map")):
        path = session.folder / f"previous_{name}.parquet"
        if previous:
            path = previous.table(table)
        else:
            pq.write_table(SCHEMAS[table].empty_table(), path)
        session.database.read_parquet(escape(str(path))).create_view(f"previous_{name}")
    for name, columns in STATE_COLUMNS.items():
        path = session.folder / f"previous_{name}.parquet"
        if previous:
            path = previous.state_file(name)
        else:
            pl.DataFrame(schema=columns).write_parquet(path)
        session.database.read_parquet(escape(str(path))).create_view(f"previous_{name}")
    counts = session.database.sql(section("previous", "counts")).fetchall()
    session.previous_counts = dict(counts)


def save_state(
    session: IngestSession,
    folder: Path,
    *,
    playlists: Playlists,
    dump: Dump,
    provenance: Provenance,
) -> None:
    """Write what the next ingest needs into ``folder``; ``commit_state`` puts it in place.

    Args:
        session: has everything resolved.
        folder: where to write; it is created.
        playlists: what became of playlists.
        dump: the files.
        provenance: what the tables are made from.
    """
    folder.mkdir()
    for name in STATE_QUERIES:
        rows = session.database.sql(section("previous", name))
        rows.write_parquet(str(folder / f"{name}.parquet"), compression="zstd")
    playlists.unknown.to_frame("hash").write_parquet(folder / "unknown.parquet")

    def by_name(by_number: Mapping[int, Any]) -> dict[str, Any]:
        return {dump.names[number]: value for number, value in by_number.items()}

    outcomes = {
        table: {
            outcome: by_name(session.outcomes.get((table, outcome), {})) for outcome in OUTCOMES
        }
        for table in REUSABLE_TABLES
    }
    state = {**asdict(provenance), "outcomes": outcomes, "entries": by_name(playlists.entries)}
    (folder / "state.json").write_text(json.dumps(state), encoding="utf-8")


def commit_state(tables: Path, folder: Path) -> None:
    """Put ``folder``, written by ``save_state``, in the place of the previous state."""
    shutil.rmtree(_state_folder(tables), ignore_errors=True)
    folder.replace(_state_folder(tables))
