"""Put the clean tables together from what was resolved, a batch of rows at a time."""

from collections.abc import Callable, Iterator, Mapping
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from embeat_pipeline.common.parquet import REPETITIVE, write_table
from embeat_pipeline.common.schemas import SCHEMAS
from embeat_pipeline.ingest.incremental.plan import Earlier
from embeat_pipeline.ingest.recordings.groups import group_codes
from embeat_pipeline.ingest.session import IngestSession, statements

BATCH = 500_000
"""Rows put together at a time."""


def write_tracks(
    place: IngestSession, path: Path, sources: Mapping[int, str], earlier: Earlier | None
) -> int:
    """Write the table ``tracks``.

    Args:
        place: with the views ``tracks``, ``credits``, ``albums`` and ``recordings``.
        path: where the table goes.
        sources: names of the dump's files by number.
        earlier: of its table all rows stay that are not in the view ``tracks``.

    Returns:
        Rows written.
    """
    tracks = _Tracks(place, sources)
    batches = tracks.added(BATCH)
    if earlier:
        batches = chain(tracks.replacing(earlier.tracks), batches)
    return write_table(path, SCHEMAS["tracks"], batches, REPETITIVE)


class _Tracks:
    """The rows of the view ``tracks``, in the order of their codes, put together in parts."""

    def __init__(self, place: IngestSession, sources: Mapping[int, str]):
        self._rows = place.scan("tracks").rename({"code": "track_code"})
        self._credits = place.scan("credits").drop("code")
        albums = group_codes(place, "albums")
        recordings = group_codes(place, "recordings", keep_first=True)
        self._codes = albums["track_code"].to_numpy()
        self._albums = albums["code"]
        of_tracks = np.searchsorted(recordings["track_code"].to_numpy(), self._codes)
        self._recordings = recordings["code"].gather(of_tracks)
        self._regrouped = recordings.filter(pl.col("code") != pl.col("earlier_code")).select(
            "track_code", recording="code"
        )
        self._known = int(np.searchsorted(self._codes, place.before["tracks"]))
        self._numbers, self._names = list(sources), list(sources.values())

    def added(self, together: int) -> Iterator[pl.DataFrame]:
        """Tracks that have a new code, so many at a time."""
        for start in range(self._known, len(self._codes), together):
            yield self._part(start, min(together, len(self._codes) - start))

    def replacing(self, earlier: Path) -> Iterator[Any]:
        """Row groups of an earlier table, with the tracks that are resolved anew in their place."""
        with pq.ParquetFile(earlier) as file:
            for number in range(file.num_row_groups):
                group = file.read_row_group(number)
                codes = group["track_code"].to_numpy()
                start, end = np.searchsorted(self._codes, [codes[0], codes[-1] + 1])
                inside = pl.col("track_code").is_between(codes[0], codes[-1])
                regrouped = self._regrouped.filter(inside)
                if start < end or regrouped.height:
                    part = self._part(int(start), int(end - start))
                    group = self._patched(pl.DataFrame(group), part, regrouped)
                yield group

    @staticmethod
    def _patched(rows: pl.DataFrame, part: pl.DataFrame, regrouped: pl.DataFrame) -> pl.DataFrame:
        patched = rows.update(
            regrouped.rename({"recording": "recording_code"}), on="track_code", how="left"
        )
        kept = patched.join(part.select("track_code"), on="track_code", how="anti")
        return pl.concat([kept, part.select(kept.columns).cast(kept.schema)]).sort("track_code")

    def _part(self, start: int, length: int) -> pl.DataFrame:
        def name(number: pl.Expr) -> pl.Expr:
            return number.replace_strict(self._numbers, self._names, return_dtype=pl.String)

        codes = self._codes[start : start + length]
        first, last = (codes[0], codes[-1]) if length else (1, 0)
        credited = (
            self._credits.filter(pl.col("track_code").is_between(first, last))
            .group_by("track_code", maintain_order=True)
            .agg(artist_codes="artist_code", artist_names="artist_name")
        )
        part = (
            self._rows.slice(start, length)
            .drop("artist_ids", "artist_names")
            .join(credited, on="track_code", how="left", maintain_order="left")
            .with_columns(
                pl.col("artist_codes", "artist_names").fill_null([]),
                album_code=pl.lit(self._albums.slice(start, length)),
                recording_code=pl.lit(self._recordings.slice(start, length)),
                source=name(pl.col("file")),
                sources=pl.col("files").list.eval(name(pl.element())),
                sound_source=name(pl.col("sound_file")),
            )
        )
        return part.collect()


def write_queries(place: IngestSession, paths: Callable[[str], Path]) -> dict[str, int]:
    """Write the tables of ``tables.sql``.

    Args:
        place: where everything was resolved.
        paths: table name -> where the table goes; one that is there already stays.

    Returns:
        Table name -> rows written.
    """
    rows = {}
    for heading, query in statements("tables"):
        table = heading.removeprefix("table ")
        if paths(table).exists():
            continue
        reader = place.database.sql(query).to_arrow_reader(BATCH)
        rows[table] = write_table(paths(table), SCHEMAS[table], _tables(reader))
    return rows


def _tables(reader: pa.RecordBatchReader) -> Iterator[pa.Table]:
    return (pa.Table.from_batches([batch]) for batch in reader)
