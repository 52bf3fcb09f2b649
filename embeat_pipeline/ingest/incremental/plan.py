"""A lake grows: what an earlier ingest resolved stays, and only what new files touch is done anew.

``tables/.resolved`` keeps, next to the tables themselves, what the next ingest has to know: who
was mentioned under which names, which songs there are, which ids playlists named in vain. It
serves as long as all that changed are files that came in addition. Codes then stay what they were
and new ones are added at the end; apart from codes, the tables are those of an ingest from
nothing.
"""

import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from glob import escape
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow.parquet as pq

from embeat_pipeline.common.schemas import SCHEMAS
from embeat_pipeline.common.stage_cache import is_current
from embeat_pipeline.ingest.cleaning.playlists import Playlists
from embeat_pipeline.ingest.session import OUTCOMES, Dump, IngestSession, statements

CARRIED = ("playlists", "related_artists")
"""Tables that are taken over as they are where nothing new concerns them."""

REMEMBERED = {
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
"""Files of ``.resolved`` and their columns."""

_QUERIES = {
    "mentions": "SELECT artist_id, artist_name, origin, key FROM mentions",
    "artists": "SELECT artist_id, artist_name, key, code FROM artists ORDER BY code",
    "names": "SELECT artist_name, code FROM artist_of_name ORDER BY artist_name",
    "songs": "SELECT track_code, song, credited FROM earlier_songs "
    "ANTI JOIN tracks ON tracks.code = track_code "
    "UNION ALL SELECT track_code, song, credited FROM songs",
}


class StartAfresh(Exception):
    """What new files say changes what was settled: everything has to be resolved again."""


@dataclass(frozen=True)
class Earlier:
    """What an earlier ingest left.

    Attributes:
        tables: folder of its tables.
        files: names and digests of the files it read.
        outcomes: of the tables in ``CARRIED``, rows by outcome and name of file.
        entries: what became of the entries of its playlists, by name of file.
    """

    tables: Path
    files: frozenset[tuple[str, str]]
    outcomes: Mapping[str, Mapping[str, Mapping[str, int]]]
    entries: Mapping[str, Mapping[str, int]]

    @property
    def tracks(self) -> Path:
        """Its table of tracks."""
        return self.tables / "tracks.parquet"

    def remembered(self, name: str) -> Path:
        """Where a file of ``REMEMBERED`` lies."""
        return _folder(self.tables) / f"{name}.parquet"


def _folder(tables: Path) -> Path:
    return tables / ".resolved"


def find_earlier(
    tables: Path, files: Sequence[tuple[str, str]], code: str, outputs: Sequence[Path]
) -> Earlier | None:
    """What there is to grow from; None where the dump has lost or changed a file, or the code has.

    Args:
        tables: folder of the tables.
        files: names and digests of the dump's files now.
        code: digest of the code that resolves.
        outputs: files that have to be as the earlier ingest left them.
    """
    try:
        state = json.loads((_folder(tables) / "state.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    before = frozenset((name, digest) for name, digest in state["files"])
    if state["code"] != code or not before <= set(files) or not is_current(outputs, state["key"]):
        return None
    return Earlier(tables, before, state["outcomes"], state["entries"])


def open_earlier(place: IngestSession, earlier: Earlier | None) -> None:
    """Let SQL see what an earlier ingest left as ``earlier_...``, empty where there was none."""
    tables = {"tracks": SCHEMAS["tracks"], "genres": SCHEMAS["genre_map"]}
    for name, schema in tables.items():
        if earlier:
            path = earlier.tables / f"{'genre_map' if name == 'genres' else name}.parquet"
        else:
            path = place.folder / f"earlier_{name}.parquet"
            pq.write_table(schema.empty_table(), path)
        place.database.read_parquet(escape(str(path))).create_view(f"earlier_{name}")
    for name, columns in REMEMBERED.items():
        path = place.folder / f"earlier_{name}.parquet"
        if earlier:
            path = earlier.remembered(name)
        else:
            pl.DataFrame(schema=columns).write_parquet(path)
        place.database.read_parquet(escape(str(path))).create_view(f"earlier_{name}")
    query = dict(statements("growth"))["before"]
    place.before = dict(place.database.sql(query).fetchall())


def remember(
    place: IngestSession, folder: Path, playlists: Playlists, dump: Dump, told: Mapping[str, Any]
) -> None:
    """Write what the next ingest has to know into ``folder``; ``settle`` puts it in place.

    Args:
        place: where everything was resolved.
        folder: where to write.
        playlists: what became of them.
        dump: the files.
        told: of this ingest, ``key`` of its outputs, digest of its ``code``, and names and digests
            of its ``files``.
    """
    folder.mkdir()
    for name, query in _QUERIES.items():
        rows = place.database.sql(query)
        rows.write_parquet(str(folder / f"{name}.parquet"), compression="zstd")
    playlists.unknown.to_frame("hash").write_parquet(folder / "unknown.parquet")

    def named(by_number: Mapping[int, Any]) -> dict[str, Any]:
        return {dump.names[number]: value for number, value in by_number.items()}

    outcomes = {
        table: {outcome: named(place.outcomes.get((table, outcome), {})) for outcome in OUTCOMES}
        for table in CARRIED
    }
    state = {**told, "outcomes": outcomes, "entries": named(playlists.entries)}
    (folder / "state.json").write_text(json.dumps(state), encoding="utf-8")


def settle(tables: Path, folder: Path) -> None:
    """Let ``folder``, written by ``remember``, be what the next ingest grows from."""
    shutil.rmtree(_folder(tables), ignore_errors=True)
    folder.replace(_folder(tables))
