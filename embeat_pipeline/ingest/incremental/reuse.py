"""Tables that are taken over as they are, where nothing new concerns them."""

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from embeat_pipeline.common.atomic import link
from embeat_pipeline.ingest.cleaning.playlists import Playlists, hash_ids
from embeat_pipeline.ingest.incremental.plan import Earlier
from embeat_pipeline.ingest.session import OUTCOMES, Dump, IngestSession, statements


def carry_playlists(
    place: IngestSession, earlier: Earlier | None, dump: Dump, path: Path
) -> Playlists | None:
    """Take over the earlier table of playlists, if nothing new concerns it.

    Nothing does if no new file has playlists and no new track is one that playlists named in vain.

    Args:
        place: where the tracks were resolved; rejects and outcomes of the playlists go there.
        earlier: what an earlier ingest left.
        dump: the files.
        path: where the table goes.

    Returns:
        What became of the playlists then; None if the table has to be written.
    """
    if not earlier or _has_new(place, "playlists", dump):
        return None
    added = place.scan("tracks").filter(pl.col("code") >= place.before["tracks"])
    hashes = hash_ids(added.select("track_id").collect()["track_id"])
    unknown = pl.read_parquet(earlier.remembered("unknown"), glob=False)["hash"]
    if hashes.is_in(unknown.implode()).any():
        return None
    _carry(place, earlier, dump, path, ("playlist", "playlist_entry"))
    entries = {dump.numbers[name]: counts for name, counts in earlier.entries.items()}
    return Playlists(entries, unknown)


def carry_related(place: IngestSession, earlier: Earlier | None, dump: Dump, path: Path) -> bool:
    """Take over the earlier table of related artists, if nothing new concerns it.

    Args:
        place: where the artists were resolved; rejects and outcomes of the relations go there.
        earlier: what an earlier ingest left.
        dump: the files.
        path: where the table goes.

    Returns:
        Whether it was; otherwise it has to be resolved.
    """
    query = dict(statements("growth"))["renamed_relations"]
    if not earlier or _has_new(place, "related_artists", dump):
        return False
    if place.database.sql(query).fetchall() != [(0,)]:
        return False
    _carry(place, earlier, dump, path, ("related_artist",))
    return True


def _has_new(place: IngestSession, table: str, dump: Dump) -> bool:
    return any(number in dump.new for number, _ in place.staged_parts(table))


def _carry(
    place: IngestSession, earlier: Earlier, dump: Dump, path: Path, kinds: Sequence[str]
) -> None:
    link(earlier.tables / path.name, path)
    rejects = pl.scan_parquet(earlier.tables / "rejects.parquet", glob=False)
    file = pl.col("source").replace_strict(dump.numbers, return_dtype=pl.UInt32)
    place.reject(rejects.filter(pl.col("kind").is_in(kinds)).with_columns(file=file).collect())
    for outcome in OUTCOMES:
        rows = earlier.outcomes[path.stem][outcome]
        place.outcomes[path.stem, outcome] = {dump.numbers[name]: rows[name] for name in rows}
