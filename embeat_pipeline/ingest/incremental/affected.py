"""Find the tracks that have to be resolved again because new files say something about them."""

from collections.abc import Set

import polars as pl
import pyarrow.parquet as pq

from embeat_pipeline.ingest.dump import Dump
from embeat_pipeline.ingest.incremental.plan import FullRebuildRequired
from embeat_pipeline.ingest.session import SCRATCH_COMPRESSION, IngestSession
from embeat_pipeline.ingest.sql_files import section

MAX_AFFECTED_SHARE = 0.5
"""With a larger share of affected tracks, a full rebuild is less work."""


def mark_affected(
    session: IngestSession, dump: Dump, recredited: pl.Series, *, max_share: float
) -> None:
    """Create the view ``affected_tracks``: all staged rows of the tracks to resolve.

    Args:
        session: has all rows staged.
        dump: the files.
        recredited: ids of previous tracks that have to be resolved as well.
        max_share: share of the previous tracks that may be affected.

    Raises:
        FullRebuildRequired: too many tracks are affected.
    """
    ids = pl.concat([recredited, *_ids_in_new_files(session, dump.new)]).unique()
    if len(ids) > max_share * session.previous_counts["tracks"]:
        raise FullRebuildRequired(f"{len(ids):,} tracks are affected")
    affected = []
    for number, part in session.staged_parts("tracks"):
        if number in dump.new:
            affected.append((number, part))
            continue
        narrow = session.folder / f"affected_{number}.parquet"
        rows = pl.scan_parquet(part, glob=False).filter(pl.col("track_id").is_in(ids.implode()))
        rows.sink_parquet(narrow, compression=SCRATCH_COMPRESSION)
        if pq.read_metadata(narrow).num_rows:
            affected.append((number, narrow))
    session.create_staged_view("affected_tracks", "tracks", affected)


def _ids_in_new_files(session: IngestSession, new: Set[int]) -> list[pl.Series]:
    """Ids of the tracks that new files have rows of, and of those on albums they have rows of."""
    ids = []
    for number, part in session.staged_parts("tracks"):
        if number in new:
            usable = pl.scan_parquet(part, glob=False).filter(pl.col("reason").is_null())
            ids.append(usable.select("track_id").collect()["track_id"])
    albums = [part for number, part in session.staged_parts("albums") if number in new]
    if albums:
        session.create_staged_view("new_albums", "albums", [(0, part) for part in albums])
        query = "SELECT track_id FROM previous_tracks SEMI JOIN new_albums USING (album_id)"
        ids.append(session.database.sql(query).pl()["track_id"])
    return ids


def find_recredited(session: IngestSession) -> pl.Series:
    """Ids of previous tracks whose artists go by other names, or are others, than before.

    Raises:
        FullRebuildRequired: an artist or a genre with a code turned out to be another one.
    """
    for name in ("artists", "genres"):
        if session.reused_counts.get(name, 0) < session.previous_counts[name]:
            raise FullRebuildRequired(f"two {name} turned out to be one")
    query = "SELECT track_id FROM recredited_tracks ORDER BY track_id"
    return session.database.sql(query).pl()["track_id"]


def check_credits(session: IngestSession, new: Set[int]) -> None:
    """Check that rows of the files ``new`` leave the credits of previous tracks as they were given.

    Raises:
        FullRebuildRequired: they do not. Whether an artist, or a name of one, is still mentioned
            anywhere can only be found out from all rows.
    """
    query = section("affected", "changed_credits")
    if session.database.execute(query, {"new": sorted(new)}).fetchall() != [(0,)]:
        raise FullRebuildRequired("previous tracks have other credits now")


def propagate_affected(session: IngestSession) -> None:
    """Fill ``regrouped_tracks``: previous tracks that may share a recording with an affected one.

    Tracks are added step by step, until a step adds none.
    """
    added = int(bool(session.previous_counts["tracks"]))
    while added:
        ((added,),) = session.database.execute(section("affected", "propagate")).fetchall()
