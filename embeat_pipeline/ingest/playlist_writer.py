"""Write the table of playlists: tracks by code, in order, without repeats."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
import polars as pl
import pyarrow.parquet as pq
from numpy.typing import NDArray

from embeat_pipeline.common.parquet import write_table
from embeat_pipeline.common.schemas import SCHEMAS
from embeat_pipeline.ingest.cleaning import policy
from embeat_pipeline.ingest.cleaning.playlists import STAGED
from embeat_pipeline.ingest.session import LOCATION, OUTCOMES, IngestSession

BATCH = 20_000
"""Playlists per batch."""

ENTRY_COUNTS = ("read", "kept", "repeated", "unknown", "dropped")
"""What became of playlist entries; the last four add up to the first. Entries are dropped with
their playlist, when that is rejected or merged."""


def hash_ids(track_ids: pl.Series) -> pl.Series:
    """8-byte hashes, by which the next ingest recognises ids that playlists named in vain."""
    return track_ids.hash(0)


class Playlists(NamedTuple):
    """What became of playlists and their entries."""

    entries: Mapping[int, Mapping[str, int]]
    """Number of file -> ``ENTRY_COUNTS``."""
    unknown: pl.Series
    """Hashes of all ids in playlists that no track has, ascending."""


def write_playlists(session: IngestSession, path: Path) -> Playlists:
    """Write the table ``playlists`` in order of files and rows.

    Tracks keep their order, and a repeated track counts at its first place. The first of several
    playlists with the same id is kept. Playlists of too few known tracks are rejected.
    """
    session.run("playlists")
    codes = TrackCodes.load(session)
    no_rows = pl.DataFrame(schema={**LOCATION, **STAGED, "is_first": pl.Boolean})
    counts = [_count(_look_up(no_rows, codes)[0])]
    unknown = [pl.Series("hash", [], pl.UInt64)]

    def batches() -> Iterator[pl.DataFrame]:
        first_code = 0
        for batch in _staged_batches(session):
            playlists, unknown_hashes = _look_up(batch, codes)
            counts.append(_count(playlists))
            unknown.append(unknown_hashes)
            _reject(session, playlists)
            rows = playlists.filter("accepted").join(
                batch.drop("track_ids"), on=["file", "row"], maintain_order="left"
            )
            yield rows.with_row_index("playlist_code", first_code)
            first_code += rows.height

    write_table(path, SCHEMAS["playlists"], batches())
    totals = pl.concat(counts).group_by("file").sum().sort("file")
    for outcome in OUTCOMES:
        rows = totals.filter(pl.col(outcome) > 0).select("file", outcome)
        session.outcomes["playlists", outcome] = dict(rows.iter_rows())
    entries = {row.pop("file"): row for row in totals.select("file", *ENTRY_COUNTS).to_dicts()}
    return Playlists(entries, pl.concat(unknown).unique().sort())


def _count(playlists: pl.DataFrame) -> pl.DataFrame:
    """Outcomes of playlists and entries, by file."""
    return playlists.group_by("file").agg(
        pl.col("accepted").sum(),
        (~pl.col("is_first")).sum().alias("merged"),
        pl.col(ENTRY_COUNTS).sum(),
    )


class TrackCodes(NamedTuple):
    """Codes of the tracks that playlists name, by hash of their ids: 12 bytes per track."""

    hashes: NDArray[np.uint64]
    """(n,), ascending."""
    codes: NDArray[np.uint32]
    """(n,)."""
    seed: int
    """Seed of a hash under which no two of the ids collide."""

    @classmethod
    def load(cls, session: IngestSession, seed: int = 0) -> "TrackCodes":
        """Load the table ``used_tracks``, and drop it."""
        used = session.database.sql("FROM used_tracks").to_arrow_reader(BATCH)
        hashes, codes = [np.zeros(0, np.uint64)], [np.zeros(0, np.uint32)]
        for batch in used:
            frame = pl.DataFrame(batch)
            hashes.append(frame["track_id"].hash(seed).to_numpy())
            codes.append(frame["track_code"].to_numpy().astype(np.uint32))
        all_hashes = np.concatenate(hashes)
        order = np.argsort(all_hashes)
        all_hashes = all_hashes[order]
        if (all_hashes[1:] == all_hashes[:-1]).any():
            return cls.load(session, seed + 1)
        session.database.execute("DROP TABLE used_tracks")
        return cls(all_hashes, np.concatenate(codes)[order], seed)

    def look_up(self, track_ids: pl.Series, hashes: pl.Series) -> pl.Series:
        """Code of each id; null where no track has it.

        Args:
            track_ids: (n,) ids or nulls.
            hashes: (n,) their ``hash_ids``.
        """
        if not len(self.hashes):
            return pl.Series("track_code", [None] * len(track_ids), pl.UInt32)
        keys = (track_ids.hash(self.seed) if self.seed else hashes).to_numpy()
        # In sorted order the search goes through memory once instead of jumping about in it.
        order = np.argsort(keys)
        place = np.empty(len(keys), np.intp)
        place[order] = np.searchsorted(self.hashes, keys[order])
        place = np.minimum(place, len(self.hashes) - 1)
        is_hit = (self.hashes[place] == keys) & track_ids.is_not_null().to_numpy()
        hits = pl.DataFrame({"track_code": self.codes[place], "is_hit": is_hit})
        return hits.select(pl.when("is_hit").then("track_code")).to_series()


def _staged_batches(session: IngestSession) -> Iterator[pl.DataFrame]:
    """Staged playlists in order; ``is_first`` says whether their id appears for the first time."""
    first = session.database.sql("FROM playlist_rows").pl()
    for number, part in session.staged_parts("playlists"):
        with pq.ParquetFile(part) as file:
            for batch in file.iter_batches(BATCH):
                frame = pl.DataFrame(batch).with_columns(file=pl.lit(number, pl.UInt32))
                yield frame.join(first, on=["file", "row"], how="left", maintain_order="left")


def _look_up(batch: pl.DataFrame, codes: TrackCodes) -> tuple[pl.DataFrame, pl.Series]:
    """Look up the tracks of each playlist.

    Returns:
        Per playlist its known tracks, once each, and the counts of its entries; and the hashes of
        all unknown ids.
    """
    entries = batch.select("file", "row", "is_first", track_id="track_ids").explode(
        "track_id", empty_as_null=True
    )
    hashes = hash_ids(entries["track_id"])
    entries = entries.with_columns(
        codes.look_up(entries["track_id"], hashes).alias("track_code"), hashes.alias("hash")
    )
    is_unknown = pl.col("track_id").is_not_null() & pl.col("track_code").is_null()
    playlists = entries.group_by("file", "row", "is_first", maintain_order=True).agg(
        read=pl.col("track_id").count(),
        unknown=is_unknown.sum(),
        unknown_value=pl.col("track_id").filter(is_unknown).first(),
        track_codes=pl.col("track_code").drop_nulls().unique(maintain_order=True),
    )
    distinct = pl.col("track_codes").list.len()
    accepted = pl.col("is_first") & (distinct >= policy.MIN_PLAYLIST_TRACKS)
    counts = playlists.with_columns(
        accepted=accepted,
        repeated=pl.col("read") - pl.col("unknown") - distinct,
        kept=pl.when(accepted).then(distinct).otherwise(0),
        dropped=pl.when(accepted).then(0).otherwise(distinct),
    )
    return counts, entries.filter(is_unknown)["hash"].unique()


def _reject(session: IngestSession, playlists: pl.DataFrame) -> None:
    too_short = playlists.filter(pl.col("is_first") & ~pl.col("accepted"))
    session.reject(
        too_short.with_columns(
            kind=pl.lit("playlist"), reason=pl.lit(policy.TOO_SHORT), value=None, count=1
        )
    )
    with_unknown = playlists.filter(pl.col("unknown") > 0)
    session.reject(
        with_unknown.with_columns(
            kind=pl.lit("playlist_entry"),
            reason=pl.lit(policy.UNKNOWN_TRACK),
            value=policy.excerpt(pl.col("unknown_value")),
            count=pl.col("unknown"),
        )
    )
