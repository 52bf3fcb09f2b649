"""Take tables over from the previous ingest where new files say nothing about them."""

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from embeat_pipeline.common.atomic import link
from embeat_pipeline.ingest.dump import Dump
from embeat_pipeline.ingest.incremental.plan import PreviousIngest
from embeat_pipeline.ingest.playlist_writer import Playlists, hash_ids
from embeat_pipeline.ingest.session import OUTCOMES, IngestSession
from embeat_pipeline.ingest.sql_files import section


def reuse_playlists(
    session: IngestSession, previous: PreviousIngest, dump: Dump, path: Path
) -> Playlists | None:
    """Take over the table of playlists, unless new files concern it.

    They do if they have playlists, or tracks that previous playlists named and nobody knew.

    Args:
        session: has the tracks resolved; gets the rejects and outcomes of the playlists.
        previous: what the previous ingest left.
        dump: the files.
        path: where the table goes.

    Returns:
        What became of the playlists; None if the table has to be written.
    """
    if _has_new(session, "playlists", dump):
        return None
    added = session.scan("tracks").filter(pl.col("code") >= session.previous_counts["tracks"])
    hashes = hash_ids(added.select("track_id").collect()["track_id"])
    unknown = pl.read_parquet(previous.state_file("unknown"), glob=False)["hash"]
    if hashes.is_in(unknown.implode()).any():
        return None
    _reuse(session, previous, dump, path, kinds=("playlist", "playlist_entry"))
    entries = {dump.numbers[name]: counts for name, counts in previous.entries.items()}
    return Playlists(entries, unknown)


def reuse_related_artists(
    session: IngestSession, previous: PreviousIngest, dump: Dump, path: Path
) -> bool:
    """Take over the table of related artists, unless new files concern it.

    They do if they have relations, or change the name of an artist and a relation has names only.

    Args:
        session: has the artists resolved; gets the rejects and outcomes of the relations.
        previous: what the previous ingest left.
        dump: the files.
        path: where the table goes.

    Returns:
        Whether it was taken over.
    """
    if _has_new(session, "related_artists", dump):
        return False
    if session.database.sql(section("reuse", "renamed_relations")).fetchall() != [(0,)]:
        return False
    _reuse(session, previous, dump, path, kinds=("related_artist",))
    return True


def _has_new(session: IngestSession, table: str, dump: Dump) -> bool:
    return any(number in dump.new for number, _ in session.staged_parts(table))


def _reuse(
    session: IngestSession,
    previous: PreviousIngest,
    dump: Dump,
    path: Path,
    *,
    kinds: Sequence[str],
) -> None:
    """Take over a table, its outcomes, and the rejects of the given kinds."""
    link(previous.table(path.stem), path)
    rejects = pl.scan_parquet(previous.table("rejects"), glob=False)
    file = pl.col("source").replace_strict(dump.numbers, return_dtype=pl.UInt32)
    session.reject(rejects.filter(pl.col("kind").is_in(kinds)).with_columns(file=file).collect())
    for outcome in OUTCOMES:
        rows = previous.outcomes[path.stem][outcome]
        session.outcomes[path.stem, outcome] = {dump.numbers[name]: rows[name] for name in rows}
