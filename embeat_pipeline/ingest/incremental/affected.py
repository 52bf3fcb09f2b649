"""Which tracks have to be resolved: all, or those that new files say something about."""

from collections.abc import Set

import polars as pl
import pyarrow.parquet as pq

from embeat_pipeline.ingest.incremental.plan import Earlier, StartAfresh
from embeat_pipeline.ingest.session import SCRATCH_COMPRESSION, Dump, IngestSession, statements

MOST_TOUCHED = 0.5
"""Share of the earlier tracks from which on it is less work to start afresh."""


def touch(place: IngestSession, earlier: Earlier | None, dump: Dump, recredited: pl.Series) -> None:
    """Make ``touched_tracks`` the staged rows of all tracks that have to be resolved.

    Args:
        place: where staged rows can be seen.
        earlier: what an earlier ingest left; without, all tracks are touched.
        dump: the files.
        recredited: ids of earlier tracks that have to be resolved as well.

    Raises:
        StartAfresh: they are too many.
    """
    parts = place.staged_parts("tracks")
    if earlier is None:
        place.see_staged("touched_tracks", "tracks", parts)
        return
    ids = pl.concat([recredited, *_ids_told_of(place, dump.new)]).unique()
    if len(ids) > MOST_TOUCHED * place.before["tracks"]:
        raise StartAfresh(f"{len(ids):,} tracks are touched")
    touched = []
    for number, part in parts:
        if number in dump.new:
            touched.append((number, part))
            continue
        narrow = place.folder / f"touched_{number}.parquet"
        rows = pl.scan_parquet(part, glob=False).filter(pl.col("track_id").is_in(ids.implode()))
        rows.sink_parquet(narrow, compression=SCRATCH_COMPRESSION)
        if pq.read_metadata(narrow).num_rows:
            touched.append((number, narrow))
    place.see_staged("touched_tracks", "tracks", touched)


def _ids_told_of(place: IngestSession, new: Set[int]) -> list[pl.Series]:
    told = []
    for number, part in place.staged_parts("tracks"):
        if number in new:
            usable = pl.scan_parquet(part, glob=False).filter(pl.col("reason").is_null())
            told.append(usable.select("track_id").collect()["track_id"])
    albums = [part for number, part in place.staged_parts("albums") if number in new]
    if albums:
        place.see_staged("new_albums", "albums", [(0, part) for part in albums])
        query = "SELECT track_id FROM earlier_tracks SEMI JOIN new_albums USING (album_id)"
        told.append(place.database.sql(query).pl()["track_id"])
    return told


def recredited(place: IngestSession) -> pl.Series:
    """Ids of earlier tracks of whose artists something else is known now.

    Raises:
        StartAfresh: someone who had a code is no longer told apart from another.
    """
    for name in ("artists", "genres"):
        if place.kept.get(name, 0) < place.before[name]:
            raise StartAfresh(f"{name} came to be one")
    return place.database.sql("SELECT track_id FROM recredited ORDER BY track_id").pl()["track_id"]


def check_credits(place: IngestSession) -> None:
    """See that tracks known before credit whom they did, but for those that are ``recredited``.

    Raises:
        StartAfresh: they do not; who is mentioned nowhere else any more can then not be told.
    """
    if not place.before["tracks"]:
        return
    query = dict(statements("growth"))["other_credits"]
    if place.database.sql(query).fetchall() != [(0,)]:
        raise StartAfresh("earlier tracks credit others now")


def reach(place: IngestSession) -> None:
    """Find the earlier tracks whose recordings have to be told again."""
    steps = dict(statements("growth"))
    place.database.execute(steps["reached"])
    found = int(bool(place.before["tracks"]))
    while found:
        ((found,),) = place.database.execute(steps["reach_further"]).fetchall()
