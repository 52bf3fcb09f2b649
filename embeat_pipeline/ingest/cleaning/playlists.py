"""Playlists: their tracks by code, in order, without repeats; what is unknown is counted."""

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
from embeat_pipeline.ingest.session import LOCATION, OUTCOMES, ROW, IngestSession

STAGED = {
    **ROW,
    "playlist_id": pl.String,
    "name": pl.String,
    "source": pl.String,
    "num_followers": pl.Int64,
    "track_ids": pl.List(pl.String),
}

REPORTED = ("name", "num_followers")

BATCH = 20_000
"""Playlists looked at at a time."""

ENTRY_COUNTS = ("read", "kept", "repeated", "unknown", "dropped")
"""What became of playlist entries: all but the first add up to it."""


def clean_playlists(frame: pl.LazyFrame, name: str, fraction: bool) -> pl.LazyFrame:
    """Columns of ``STAGED``; see ``staging.Step``."""
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


def hash_ids(track_ids: pl.Series) -> pl.Series:
    """8 bytes per id, to remember which playlists named in vain."""
    return track_ids.hash(0)


class Playlists(NamedTuple):
    """What became of playlists, and of what they name."""

    entries: Mapping[int, Mapping[str, int]]
    """``ENTRY_COUNTS`` by number of file; entries are dropped with the playlist that is refused
    or merged."""
    unknown: pl.Series
    """Hashes of all ids that are no track's, ascending."""


def write_playlists(place: IngestSession, path: Path) -> Playlists:
    """Write the table ``playlists`` in order of files and rows.

    Tracks keep their order; a track repeated within a playlist counts where it comes first. Of
    playlists that share an id the first is kept. Playlists of too few known tracks are refused.
    """
    place.run("playlists")
    codes = Codes.of(place)
    none, _ = _look_up(pl.DataFrame(schema={**LOCATION, **STAGED, "is_first": pl.Boolean}), codes)
    counted, unknown = [_counts(none)], [pl.Series("hash", [], pl.UInt64)]

    def batches() -> Iterator[pl.DataFrame]:
        first_code = 0
        for batch in _staged_batches(place):
            found, strangers = _look_up(batch, codes)
            counted.append(_counts(found))
            unknown.append(strangers)
            _reject(place, found)
            rows = found.filter("accepted").join(
                batch.drop("track_ids"), on=["file", "row"], maintain_order="left"
            )
            yield rows.with_row_index("playlist_code", first_code)
            first_code += rows.height

    write_table(path, SCHEMAS["playlists"], batches())
    counts = pl.concat(counted).group_by("file").sum().sort("file")
    for outcome in OUTCOMES:
        some = counts.filter(pl.col(outcome) > 0)
        place.outcomes["playlists", outcome] = dict(some.select("file", outcome).iter_rows())
    entries = {row.pop("file"): row for row in counts.select("file", *ENTRY_COUNTS).to_dicts()}
    return Playlists(entries, pl.concat(unknown).unique().sort())


def _counts(found: pl.DataFrame) -> pl.DataFrame:
    """What became of playlists and entries, by file: numbers alone, none of the batch's texts."""
    return found.group_by("file").agg(
        pl.col("accepted").sum(),
        (~pl.col("is_first")).sum().alias("merged"),
        pl.col(ENTRY_COUNTS).sum(),
    )


class Codes(NamedTuple):
    """Codes of the tracks that playlists name, by hash of their ids: 12 bytes each."""

    hashes: NDArray[np.uint64]
    """Ascending."""
    codes: NDArray[np.uint32]
    seed: int
    """Of the hash, under which no two of the ids have the same."""

    @classmethod
    def of(cls, place: IngestSession, seed: int = 0) -> "Codes":
        """Codes of the table ``used_tracks``, which is dropped."""
        used = place.database.sql("FROM used_tracks").to_arrow_reader(BATCH)
        hashes, codes = [np.zeros(0, np.uint64)], [np.zeros(0, np.uint32)]
        for batch in used:
            frame = pl.DataFrame(batch)
            hashes.append(frame["track_id"].hash(seed).to_numpy())
            codes.append(frame["track_code"].to_numpy().astype(np.uint32))
        hashed = np.concatenate(hashes)
        order = np.argsort(hashed)
        hashed = hashed[order]
        if (hashed[1:] == hashed[:-1]).any():
            return cls.of(place, seed + 1)
        place.database.execute("DROP TABLE used_tracks")
        return cls(hashed, np.concatenate(codes)[order], seed)

    def look_up(self, track_ids: pl.Series, hashes: pl.Series) -> pl.Series:
        """Code of each id, given with its hash by ``hash_ids``; null where it is none of these."""
        if not len(self.hashes):
            return pl.Series("track_code", [None] * len(track_ids), pl.UInt32)
        hashed = (track_ids.hash(self.seed) if self.seed else hashes).to_numpy()
        # In order, the search goes through memory once instead of jumping about in it.
        order = np.argsort(hashed)
        place = np.empty(len(hashed), np.intp)
        place[order] = np.searchsorted(self.hashes, hashed[order])
        place = np.minimum(place, len(self.hashes) - 1)
        known = (self.hashes[place] == hashed) & track_ids.is_not_null().to_numpy()
        found = {"track_code": self.codes[place], "known": known}
        return pl.DataFrame(found).select(pl.when("known").then("track_code")).to_series()


def _staged_batches(place: IngestSession) -> Iterator[pl.DataFrame]:
    """Staged playlists in order, told apart by whether their id comes up for the first time."""
    first = place.database.sql("FROM playlist_rows").pl()
    for number, part in place.staged_parts("playlists"):
        with pq.ParquetFile(part) as file:
            for batch in file.iter_batches(BATCH):
                frame = pl.DataFrame(batch).with_columns(file=pl.lit(number, pl.UInt32))
                yield frame.join(first, on=["file", "row"], how="left", maintain_order="left")


def _look_up(batch: pl.DataFrame, codes: Codes) -> tuple[pl.DataFrame, pl.Series]:
    """Per playlist of ``batch`` its known tracks, once each, and the counts of its entries.

    And the hashes of all ids in it that are no track's.
    """
    entries = batch.select("file", "row", "is_first", track_id="track_ids").explode(
        "track_id", empty_as_null=True
    )
    hashes = hash_ids(entries["track_id"])
    entries = entries.with_columns(
        codes.look_up(entries["track_id"], hashes).alias("track_code"), hashes.alias("hash")
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
    counts = found.with_columns(
        accepted=accepted,
        repeated=pl.col("read") - pl.col("unknown") - distinct,
        kept=pl.when(accepted).then(distinct).otherwise(0),
        dropped=pl.when(accepted).then(0).otherwise(distinct),
    )
    return counts, entries.filter(unknown)["hash"].unique()


def _reject(place: IngestSession, found: pl.DataFrame) -> None:
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
