"""The words of a release's names, for completing the one that is being typed."""

from pathlib import Path

import numpy as np
import polars as pl
import pyarrow.parquet as pq

from embeat_pipeline.index.payload import SLICE
from embeat_pipeline.text import search_text
from embeat_serve.contract import TrackField

MAX_WORDS = 2_000_000
"""Words kept, the heaviest ones: about 40 MB of a process that serves."""

BATCHES = 20
"""Slices whose words are counted before they are added up."""


def write_completions(tracks: Path, target: Path) -> None:
    """Write the words of the songs' titles and artists as ``completion.WordList`` reads them.

    Args:
        tracks: the table of tracks.
        target: the npz file to write.
    """
    columns = [TrackField.TRACK_NAME, TrackField.ARTIST_NAMES, TrackField.POPULARITY]
    totals = pl.DataFrame(schema={"word": pl.String, "weight": pl.Float64})
    waiting: list[pl.DataFrame] = []
    for batch in pq.ParquetFile(tracks).iter_batches(SLICE, columns=columns):
        rows = pl.DataFrame(batch)
        waiting.append(_counted(_words(rows)))
        if len(waiting) == BATCHES:
            totals, waiting = _counted(pl.concat([totals, *waiting])), []
    totals = _counted(pl.concat([totals, *waiting]))
    kept = totals.sort("weight", "word", descending=[True, False]).head(MAX_WORDS).sort("word")
    words = kept["word"].to_list()
    lengths = kept["word"].str.len_bytes().cast(pl.Int64).to_numpy()
    text = np.frombuffer("".join(f"{word}\n" for word in words).encode(), np.uint8)
    ends = np.cumsum(lengths + 1) - 1
    weights = kept["weight"].cast(pl.Float32).to_numpy()
    with target.open("wb") as file:
        np.savez(file, text=text, ends=ends.astype(np.int64), weights=weights)


def _words(rows: pl.DataFrame) -> pl.DataFrame:
    credits = pl.col(TrackField.ARTIST_NAMES).list.join(" ", ignore_nulls=True)
    names = pl.concat_str(TrackField.TRACK_NAME, credits, separator=" ", ignore_nulls=True)
    weight = 1.0 + pl.col(TrackField.POPULARITY).fill_null(0).cast(pl.Float64)
    each = rows.select(
        search_text(names).str.split(" ").list.unique().alias("word"), weight.alias("weight")
    )
    words = each.explode("word", empty_as_null=False, keep_nulls=False)
    return words.filter(pl.col("word") != "")


def _counted(words: pl.DataFrame) -> pl.DataFrame:
    return words.group_by("word").agg(pl.col("weight").sum())
