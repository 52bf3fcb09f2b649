"""From staged rows to the six tables: the steps in their order."""

from collections.abc import Mapping
from glob import escape
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow.parquet as pq

from embeat_pipeline.common.progress import progress
from embeat_pipeline.ingest.cleaning.playlists import write_playlists
from embeat_pipeline.ingest.incremental.affected import check_credits, reach, recredited, touch
from embeat_pipeline.ingest.incremental.plan import CARRIED, Earlier, open_earlier, remember
from embeat_pipeline.ingest.incremental.reuse import carry_playlists, carry_related
from embeat_pipeline.ingest.session import Dump, IngestSession
from embeat_pipeline.ingest.track_writer import write_queries, write_tracks

STEPS = 7
"""Parts of the work that progress is shown in."""


def write_tables(
    place: IngestSession,
    made: Path,
    dump: Dump,
    earlier: Earlier | None,
    told: Mapping[str, Any],
) -> tuple[dict[str, int], Mapping[int, Mapping[str, int]]] | None:
    """Resolve codes and write the six tables, and what the next ingest has to know.

    Args:
        place: where all rows are staged.
        made: folder to write into.
        dump: what the rows are from.
        earlier: what to grow from, if anything.
        told: see ``growth.remember``.

    Returns:
        Rows by table, and what became of playlist entries by number of file; None where no track
        can be used.

    Raises:
        StartAfresh: it cannot be grown from ``earlier``.
    """

    def path(table: str) -> Path:
        return made / f"{table}.parquet"

    with progress("ingest tables", STEPS, "steps") as advance:
        open_earlier(place, earlier)
        touch(place, earlier, dump, pl.Series("track_id", [], pl.String))
        place.run("tracks")
        advance(note="tracks merged")
        place.run("artists")
        place.run("genre_map")
        again = recredited(place)
        if len(again):
            touch(place, earlier, dump, again)
            place.run("tracks")
        related_stand = carry_related(place, earlier, dump, path("related_artists"))
        if not related_stand:
            place.run("related")
        advance(note="artists resolved")
        place.run("same_recording")
        place.run("recordings")
        check_credits(place)
        reach(place)
        place.run("regrouped")
        advance(note="recordings resolved")
        rows = {"tracks": write_tracks(place, path("tracks"), dump.names, earlier)}
        files = pl.DataFrame(list(dump.names.items()), ["file", "name"], orient="row")
        place.database.register("files", files)
        place.database.read_parquet(escape(str(path("tracks")))).create_view("written_tracks")
        place.run("accounts")
        if not rows["tracks"]:
            return None
        advance(note="tracks written")
        playlists = carry_playlists(place, earlier, dump, path("playlists"))
        playlists = playlists or write_playlists(place, path("playlists"))
        advance(note="playlists written")
        rows |= write_queries(place, path)
        rows |= {name: pq.read_metadata(path(name)).num_rows for name in CARRIED}
        advance(note="all tables written")
        remember(place, made / "resolved", playlists, dump, told)
        advance(note="what the next ingest needs written")
    return rows, playlists.entries
