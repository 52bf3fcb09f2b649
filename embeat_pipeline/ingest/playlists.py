"""Playlists: their tracks by code, in order, without repeats; what is unknown is counted."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import polars as pl
import pyarrow.parquet as pq

from embeat_pipeline.ingest import policy
from embeat_pipeline.ingest.workplace import LOCATION, ROW, Workplace
from embeat_pipeline.tables import SCHEMAS, write_table

STAGED = {
    **ROW,
    "playlist_id": pl.String,
    "name": pl.String,
    "source": pl.String,
    "num_followers": pl.Int64,
    "track_ids": pl.List(pl.String),
}

REPORTED = ("name", "num_followers")

BATCH = 50_000
"""Playlists looked at at a time."""

ENTRY_COUNTS = ("read", "kept", "repeated", "unknown", "dropped")
"""What became of playlist entries: all but the first add up to it."""


def clean_playlists(frame: pl.LazyFrame, name: str, fraction: bool) -> pl.LazyFrame:
    """Columns of ``STAGED``; see ``run.Step``."""
    followers = pl.col("num_followers")
    playlist_id = policy.identifier(pl.col("playlist_id"), "playlist")
    number = pl.format("{}:{}", pl.lit(name), pl.col("row"))
    return frame.with_columns(
        pl.coalesce(playlist_id, number).alias("playlist_id"),
        policy.text(pl.col("name")).alias("name"),
        policy.text(pl.col("source")).fill_null(name).alias("source"),
        pl.when(followers.is_between(0, 1e12))
        .then(followers)
        .cast(pl.Int64)
        .alias("num_followers"),
        pl.col("track_ids").list.eval(policy.identifier(pl.element(), "track").fill_null("")),
    )


def write_playlists(place: Workplace, path: Path) -> pl.DataFrame:
    """Write the table ``playlists`` in order of files and rows.

    Tracks keep their order; a track repeated within a playlist counts where it comes first. Of
    playlists that share an id the first is kept. Playlists of too few known tracks are refused.

    Returns:
        One row per file: ``file`` and ``ENTRY_COUNTS``. Entries are dropped with the playlist
        that is refused or merged.
    """
    place.run("playlists")
    codes = Codes.of(place)
    none = _look_up(pl.DataFrame(schema={**LOCATION, **STAGED, "is_first": pl.Boolean}), codes)
    looked_up = [none.drop("track_codes")]

    def batches() -> Iterator[pl.DataFrame]:
        first_code = 0
        for batch in _staged_batches(place):
            found = _look_up(batch, codes)
            looked_up.append(found.drop("track_codes"))
            _reject(place, found)
            rows = found.filter("accepted").join(
                batch.drop("track_ids"), on=["file", "row"], maintain_order="left"
            )
            yield rows.with_row_index("playlist_code", first_code)
            first_code += rows.height

    write_table(path, SCHEMAS["playlists"], batches())
    outcomes = pl.concat(looked_up)
    place.outcomes["playlists", "accepted"] = _rows_per_file(outcomes.filter("accepted"))
    place.outcomes["playlists", "merged"] = _rows_per_file(outcomes.filter(~pl.col("is_first")))
    return outcomes.group_by("file").agg(pl.col(ENTRY_COUNTS).sum()).sort("file")


class Codes(NamedTuple):
    """Codes of the tracks that playlists name, by hash of their ids: 12 bytes each."""

    table: pl.DataFrame
    """``hashed`` and ``track_code``."""
    seed: int
    """Of the hash, under which no two of the ids have the same."""

    @classmethod
    def of(cls, place: Workplace, seed: int = 0) -> "Codes":
        """Codes of the view ``used_tracks``."""
        used = place.database.sql("FROM used_tracks").to_arrow_reader(BATCH)
        hashed = pl.col("track_id").hash(seed).alias("hashed")
        table = pl.concat(
            [
                pl.DataFrame(schema={"hashed": pl.UInt64, "track_code": pl.UInt32}),
                *(pl.DataFrame(batch).select(hashed, "track_code") for batch in used),
            ]
        )
        if table["hashed"].n_unique() < table.height:
            return cls.of(place, seed + 1)
        return cls(table, seed)


def _rows_per_file(rows: pl.DataFrame) -> dict[int, int]:
    return dict(rows.group_by("file").len().iter_rows())


def _staged_batches(place: Workplace) -> Iterator[pl.DataFrame]:
    """Staged playlists in order, told apart by whether their id comes up for the first time."""
    first = place.database.sql("FROM playlist_rows").pl()
    for number, part in place.staged_parts("playlists"):
        with pq.ParquetFile(part) as file:
            for batch in file.iter_batches(BATCH):
                frame = pl.DataFrame(batch).with_columns(file=pl.lit(number, pl.UInt32))
                yield frame.join(first, on=["file", "row"], how="left", maintain_order="left")


def _look_up(batch: pl.DataFrame, codes: Codes) -> pl.DataFrame:
    """Per playlist of ``batch``: its known tracks, once each, and the counts of its entries."""
    entries = batch.select("file", "row", "is_first", track_id="track_ids").explode(
        "track_id", empty_as_null=True
    )
    track_id = pl.col("track_id")
    hashed = pl.when(track_id.is_not_null()).then(track_id.hash(codes.seed))
    entries = entries.with_columns(hashed=hashed).join(
        codes.table, on="hashed", how="left", maintain_order="left"
    )
    unknown = pl.col("track_id").is_not_null() & pl.col("track_code").is_null()
    found = entries.group_by("file", "row", "is_first", maintain_order=True).agg(
        read=pl.col("track_id").count(),
        unknown=unknown.sum(),
        unknown_value=pl.col("track_id").filter(unknown).first(),
        track_codes=pl.col("track_code").drop_nulls().unique(maintain_order=True),
    )
    distinct = pl.col("track_codes").list.len()
    accepted = pl.col("is_first") & (distinct >= policy.MIN_PLAYLIST_TRACKS)
    return found.with_columns(
        accepted=accepted,
        repeated=pl.col("read") - pl.col("unknown") - distinct,
        kept=pl.when(accepted).then(distinct).otherwise(0),
        dropped=pl.when(accepted).then(0).otherwise(distinct),
    )


def _reject(place: Workplace, found: pl.DataFrame) -> None:
    refused = found.filter(pl.col("is_first") & ~pl.col("accepted"))
    place.reject(
        refused.with_columns(
            kind=pl.lit("playlist"), reason=pl.lit(policy.TOO_SHORT), value=None, count=1
        )
    )
    strangers = found.filter(pl.col("unknown") > 0)
    place.reject(
        strangers.with_columns(
            kind=pl.lit("playlist_entry"),
            reason=pl.lit(policy.UNKNOWN_TRACK),
            value=policy.shown(pl.col("unknown_value")),
            count=pl.col("unknown"),
        )
    )
