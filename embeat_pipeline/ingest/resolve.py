"""Resolve staged rows into tracks, artists, genres, albums and recordings with codes.

``PLAN`` lists the steps in order. A strategy decides which staged rows they see: all of them
(``FullBuild``), or those that new files affect (``Incremental``); see ``strategies.py``.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto
from glob import escape
from pathlib import Path
from typing import Protocol

import polars as pl
import pyarrow.parquet as pq

from embeat_pipeline.common.progress import progress
from embeat_pipeline.ingest.dump import Dump
from embeat_pipeline.ingest.playlist_writer import Playlists, write_playlists
from embeat_pipeline.ingest.report import build_report, unusable_message
from embeat_pipeline.ingest.session import IngestSession
from embeat_pipeline.ingest.track_writer import write_queries, write_tracks
from embeat_serve.errors import UnusableDump


@dataclass(frozen=True)
class Step:
    """One step of the resolution.

    Attributes:
        name: what it resolves.
        sql: name of its SQL file.
        reads: views and tables it reads that other steps, staging or the strategy made.
        writes: views, tables and macros that other steps read.
    """

    name: str
    sql: str
    reads: tuple[str, ...]
    writes: tuple[str, ...]


PLAN = (
    Step(
        "tracks",
        sql="tracks",
        reads=("affected_tracks", "staged_albums", "previous_tracks"),
        writes=("tracks", "catalogue", "usable", "repeated", "usable_albums"),
    ),
    Step(
        "artists",
        sql="artists",
        reads=(
            "tracks",
            "usable",
            "repeated",
            "staged_artists",
            "staged_related_artists",
            "previous_mentions",
            "previous_artists",
            "previous_names",
            "previous_tracks",
        ),
        writes=(
            "artists",
            "aliases",
            "mentions",
            "artist_of_id",
            "artist_of_name",
            "artist_facts",
            "changed_artists",
            "recredited_tracks",
        ),
    ),
    Step(
        "genres",
        sql="genre_map",
        reads=("staged_genre_map", "staged_artists", "previous_genres"),
        writes=("genres",),
    ),
    Step(
        "related artists",
        sql="related_artists",
        reads=("staged_related_artists", "artist_of_id", "artist_of_name"),
        writes=("related_artists",),
    ),
    Step(
        "credits, albums and songs",
        sql="credits",
        reads=("tracks", "artists", "artist_of_id", "artist_of_name", "previous_tracks"),
        writes=("credits", "albums", "songs", "regrouped_tracks"),
    ),
    Step(
        "comparison of recordings",
        sql="same_recording",
        reads=(),
        writes=("sound_of", "sound_distance", "same_recording"),
    ),
    Step(
        "recordings",
        sql="recordings",
        reads=(
            "tracks",
            "songs",
            "regrouped_tracks",
            "previous_tracks",
            "previous_songs",
            "same_recording",
            "sound_of",
        ),
        writes=("recordings",),
    ),
)
"""The steps, in the order in which they run."""


class Action(Enum):
    """What to do with a step."""

    RUN = auto()
    SKIP = auto()
    """Its result is taken from the previous ingest."""


class Strategy(Protocol):
    """How much of the dump is resolved again."""

    def open(self, session: IngestSession) -> None:
        """Create the views ``previous_...`` of what the previous ingest left."""
        ...

    def before(self, step: Step, session: IngestSession, folder: Path) -> Action:
        """Prepare what ``step`` reads; ``folder`` is where tables are written."""
        ...

    def after(self, step: Step, session: IngestSession) -> None:
        """Check or complete what ``step`` wrote.

        Raises:
            FullRebuildRequired: codes of the previous ingest cannot stay as they are.
        """
        ...

    @property
    def previous_tracks(self) -> Path | None:
        """Table of tracks whose rows stay where they are not resolved again."""
        ...

    def reuse_playlists(self, session: IngestSession, path: Path) -> Playlists | None:
        """Take the table of playlists over to ``path``; None if it has to be written."""
        ...


@dataclass(frozen=True)
class ResolvedTables:
    """The tables that were written.

    Attributes:
        rows: number of rows by table.
        playlists: what became of playlists and their entries.
    """

    rows: Mapping[str, int]
    playlists: Playlists


def resolve(
    session: IngestSession, dump: Dump, *, strategy: Strategy, folder: Path
) -> ResolvedTables:
    """Run the steps of ``PLAN`` and write the six tables into ``folder``.

    Args:
        session: has all rows staged.
        dump: the files that the rows come from.
        strategy: which rows are resolved, and what is reused.
        folder: where the tables are written.

    Raises:
        FullRebuildRequired: ``strategy`` cannot be followed.
        UnusableDump: no track can be used.
    """
    with progress("ingest tables", len(PLAN) + 3, "steps") as advance:
        strategy.open(session)
        for step in PLAN:
            if strategy.before(step, session, folder) is Action.RUN:
                session.run(step.sql)
            strategy.after(step, session)
            advance(note=step.name)
        rows = {"tracks": _write_tracks(session, dump, strategy, folder)}
        advance(note="tracks written")
        path = folder / "playlists.parquet"
        playlists = strategy.reuse_playlists(session, path) or write_playlists(session, path)
        advance(note="playlists written")
        rows |= write_queries(session, folder)
        for table in ("playlists", "related_artists"):
            rows[table] = pq.read_metadata(folder / f"{table}.parquet").num_rows
        advance(note="all tables written")
    return ResolvedTables(rows, playlists)


def _write_tracks(session: IngestSession, dump: Dump, strategy: Strategy, folder: Path) -> int:
    """Write the tracks and count what became of their rows."""
    path = folder / "tracks.parquet"
    rows = write_tracks(session, path, dump.names, strategy.previous_tracks)
    files = pl.DataFrame(list(dump.names.items()), ["file", "name"], orient="row")
    session.database.register("files", files)
    session.database.read_parquet(escape(str(path))).create_view("written_tracks")
    session.run("outcomes")
    if not rows:
        raise UnusableDump(unusable_message(dump.folder, build_report(session, dump, {})))
    return rows
