"""Write the clean tables from what was resolved, a batch of rows at a time."""

from collections.abc import Iterator, Mapping
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from embeat_pipeline.common.parquet import REPETITIVE, write_table
from embeat_pipeline.common.schemas import SCHEMAS
from embeat_pipeline.ingest.recordings.groups import CodeOwner, group_codes
from embeat_pipeline.ingest.session import IngestSession
from embeat_pipeline.ingest.sql_files import sections

BATCH = 500_000
"""Rows per batch."""


def write_tracks(
    session: IngestSession, path: Path, sources: Mapping[int, str], previous: Path | None
) -> int:
    """Write the table ``tracks``.

    Args:
        session: has the views ``tracks``, ``credits``, ``albums`` and ``recordings``.
        path: where the table goes.
        sources: names of the dump's files by number.
        previous: the previous table, whose rows stay unless the view ``tracks`` has them.

    Returns:
        Number of rows written.
    """
    tracks = _TrackRows(session, sources)
    batches = tracks.with_new_codes(BATCH)
    if previous:
        batches = chain(tracks.updated(previous), batches)
    return write_table(path, SCHEMAS["tracks"], batches, REPETITIVE)


class _TrackRows:
    """Rows of the table ``tracks`` for the resolved tracks, in order of their codes."""

    def __init__(self, session: IngestSession, sources: Mapping[int, str]):
        self._rows = session.scan("tracks").rename({"code": "track_code"})
        self._credits = session.scan("credits").drop("code")
        albums = group_codes(session, "albums", CodeOwner.GROUP)
        recordings = group_codes(session, "recordings", CodeOwner.FIRST_TRACK)
        self._codes = albums["track_code"].to_numpy()
        self._albums = albums["code"]
        of_tracks = np.searchsorted(recordings["track_code"].to_numpy(), self._codes)
        self._recordings = recordings["code"].gather(of_tracks)
        self._regrouped = recordings.filter(pl.col("code") != pl.col("previous_code")).select(
            "track_code", recording="code"
        )
        self._first_new = int(np.searchsorted(self._codes, session.previous_counts["tracks"]))
        self._numbers, self._names = list(sources), list(sources.values())

    def with_new_codes(self, batch_size: int) -> Iterator[pl.DataFrame]:
        """Tracks that have a new code, in batches."""
        for start in range(self._first_new, len(self._codes), batch_size):
            yield self._part(start, min(batch_size, len(self._codes) - start))

    def updated(self, previous: Path) -> Iterator[Any]:
        """Row groups of the previous table, with the resolved tracks in place of their old rows."""
        with pq.ParquetFile(previous) as file:
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
        unresolved = patched.join(part.select("track_code"), on="track_code", how="anti")
        return pl.concat(
            [unresolved, part.select(unresolved.columns).cast(unresolved.schema)]
        ).sort("track_code")

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


def write_queries(session: IngestSession, folder: Path) -> dict[str, int]:
    """Write the tables of ``tables.sql`` that are not in ``folder`` yet.

    Args:
        session: has everything resolved.
        folder: where the tables go.

    Returns:
        Table -> number of rows written.
    """
    rows = {}
    for heading, query in sections("tables"):
        table = heading.removeprefix("table ")
        path = folder / f"{table}.parquet"
        if path.exists():
            continue
        reader = session.database.sql(query).to_arrow_reader(BATCH)
        rows[table] = write_table(path, SCHEMAS[table], _tables(reader))
    return rows


def _tables(reader: pa.RecordBatchReader) -> Iterator[pa.Table]:
    return (pa.Table.from_batches([batch]) for batch in reader)
