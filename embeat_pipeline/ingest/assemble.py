"""Put the clean tables together from what was resolved, a batch of rows at a time."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa

from embeat_pipeline.ingest.workplace import Workplace, statements
from embeat_pipeline.tables import REPETITIVE, SCHEMAS, write_table

BATCH = 500_000
"""Rows put together at a time."""


def write_tracks(
    place: Workplace,
    path: Path,
    sources: Mapping[int, str],
) -> int:
    """Write the table ``tracks``.

    Args:
        place: with the views ``tracks``, ``credits``, ``albums`` and ``recordings``.
        path: where the table goes.
        sources: names of the dump's files by number.

    Returns:
        Rows written.
    """
    numbers, named = list(sources), list(sources.values())

    def name(number: pl.Expr) -> pl.Expr:
        return number.replace_strict(numbers, named, return_dtype=pl.String)

    albums, recordings = group_codes(place, "albums"), group_codes(place, "recordings")

    def batches() -> Iterator[pl.DataFrame]:
        tracks = pl.scan_parquet(
            place.folder / "tracks.parquet", glob=False, row_index_name="track_code"
        )
        credits = pl.scan_parquet(place.folder / "credits.parquet", glob=False)
        for start in range(0, len(albums), BATCH):
            codes = pl.col("track_code").is_between(start, start + BATCH, closed="left")
            credited = (
                credits.filter(codes)
                .group_by("track_code", maintain_order=True)
                .agg(artist_codes="artist_code", artist_names="artist_name")
            )
            batch = (
                tracks.slice(start, BATCH)
                .drop("artist_ids", "artist_names")
                .join(credited, on="track_code", how="left", maintain_order="left")
                .with_columns(
                    pl.col("artist_codes", "artist_names").fill_null([]),
                    album_code=pl.lit(albums[start : start + BATCH]),
                    recording_code=pl.lit(recordings[start : start + BATCH]),
                    source=name(pl.col("file")),
                    sources=pl.col("files").list.eval(name(pl.element())),
                    sound_source=name(pl.col("sound_file")),
                )
            )
            yield batch.collect()

    return write_table(path, SCHEMAS["tracks"], batches(), REPETITIVE)


def write_queries(place: Workplace, paths: Callable[[str], Path]) -> dict[str, int]:
    """Write the tables of ``tables.sql``.

    Args:
        place: where everything was resolved.
        paths: table name -> where the table goes.

    Returns:
        Table name -> rows written.
    """
    rows = {}
    for heading, query in statements("tables"):
        table = heading.removeprefix("table ")
        reader = place.database.sql(query).to_arrow_reader(BATCH)
        rows[table] = write_table(paths(table), SCHEMAS[table], _tables(reader))
    return rows


def _tables(reader: pa.RecordBatchReader) -> Iterator[pa.Table]:
    return (pa.Table.from_batches([batch]) for batch in reader)


def group_codes(place: Workplace, view: str) -> pl.Series:
    """Dense codes of groups of tracks, in order of their first tracks, one per track.

    Args:
        place: where the groups were resolved.
        view: a view with, per track, the code of the first track of its group as ``first``, or
            null where it belongs to none.
    """
    first = pl.read_parquet(place.folder / f"{view}.parquet", glob=False)["first"]
    grouped = first.is_not_null().to_numpy()
    leader = first.fill_null(0).to_numpy()
    leads = grouped & (leader == np.arange(len(leader)))
    codes = (np.cumsum(leads, dtype=np.uint32) - np.uint32(1))[leader]
    return pl.select(pl.when(pl.Series(grouped)).then(pl.Series(codes))).to_series()
