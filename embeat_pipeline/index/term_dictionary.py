"""Write the terms of the catalogue's names, with which serving completes and corrects text."""

from pathlib import Path

import numpy as np
import polars as pl
import pyarrow.parquet as pq

from embeat_pipeline.common.text_expressions import search_text
from embeat_pipeline.index.payload import SLICE
from embeat_serve.contract.lake import LakePaths
from embeat_serve.contract.schema import TrackField
from embeat_serve.text_index.term_dictionary import MAX_LENGTH, MIN_LENGTH, TermDictionary

MAX_TERMS = 2_000_000
"""Most terms to complete input with, those of the most popular songs: about 17 bytes each."""

MAX_CORRECTABLE = 500_000
"""Most terms to correct misspelt ones with, those of the most popular tracks and artists."""

BATCHES = 20
"""Slices of tracks that are counted before their counts are added up."""

_COUNTED = {
    "word": pl.String,
    "weight": pl.Float64,  # popularity, plus 1, of the songs whose title or credits hold it
    "popularity": pl.Int64,  # highest of the titles, artists and aliases that hold it
    "names": pl.UInt32,  # how many those are
}


def write_term_dictionary(lake: LakePaths, release: Path) -> int:
    """Write the terms of titles, credits, artists and aliases to the folder of a release.

    Returns:
        Number of terms.
    """
    totals, waiting = _artist_terms(lake), []
    columns = [TrackField.TRACK_NAME, TrackField.ARTIST_NAMES, TrackField.POPULARITY]
    for batch in pq.ParquetFile(lake.table("tracks")).iter_batches(SLICE, columns=columns):
        waiting.append(_track_terms(pl.DataFrame(batch)))
        if len(waiting) == BATCHES:
            totals, waiting = _add_up(pl.concat([totals, *waiting])), []
    terms = _select(_add_up(pl.concat([totals, *waiting])))
    terms.write(release)
    return len(terms)


def _select(counted: pl.DataFrame) -> TermDictionary:
    heaviest = counted.sort("weight", "word", descending=[True, False]).head(MAX_TERMS)
    length = pl.col("word").str.len_chars()
    order = ["popularity", "names", "word"]
    correctable = (
        counted.filter(pl.col("names") > 0, length.is_between(MIN_LENGTH, MAX_LENGTH))
        .sort(order, descending=[True, True, False])
        .head(MAX_CORRECTABLE)
        .with_row_index("rank")
    )
    # A term of an alias only has no weight, and may be completed all the same.
    all_terms = pl.concat([heaviest.select("word"), correctable.select("word")]).unique()
    kept = counted.join(all_terms, on="word", how="semi").sort("word").with_row_index("index")
    indexes = kept.join(correctable.select("word", "rank"), on="word").sort("rank")["index"]
    weights = kept["weight"].cast(pl.Float32).to_numpy()
    return TermDictionary.make(
        kept["word"].to_list(), weights, indexes.to_numpy().astype(np.uint32)
    )


def _artist_terms(lake: LakePaths) -> pl.DataFrame:
    artists = pl.scan_parquet(lake.table("artists")).filter(pl.col("num_tracks") > 0)
    names = pl.concat_list("artist_name", "aliases").list.join(" ", ignore_nulls=True)
    each = artists.select(_words(search_text(names)), _popularity()).collect(engine="streaming")
    return _add_up(_rows(each, weight=pl.lit(0.0), names=1))


def _track_terms(rows: pl.DataFrame) -> pl.DataFrame:
    credits = pl.col(TrackField.ARTIST_NAMES).list.join(" ", ignore_nulls=True)
    texts = rows.select(
        search_text(pl.col(TrackField.TRACK_NAME)).fill_null("").alias("title"),
        search_text(credits).fill_null("").alias("credits"),
        _popularity(),
    )
    titles = texts.select(_words(pl.col("title")), "popularity")
    whole = texts.select(_words(pl.col("title") + " " + pl.col("credits")), "popularity")
    return _add_up(
        pl.concat(
            [
                _rows(titles, weight=pl.lit(0.0), names=1),
                _rows(whole, weight=1.0 + pl.col("popularity"), names=0),
            ]
        )
    )


def _popularity() -> pl.Expr:
    return pl.col("popularity").fill_null(0).cast(pl.Int64).alias("popularity")


def _words(text: pl.Expr) -> pl.Expr:
    return text.str.split(" ").list.unique().alias("word")


def _rows(each: pl.DataFrame, weight: pl.Expr, names: int) -> pl.DataFrame:
    words = each.explode("word", empty_as_null=False, keep_nulls=False)
    popularity = pl.col("popularity") if names else pl.lit(0, pl.Int64).alias("popularity")
    counted = words.filter(pl.col("word") != "").select(
        "word",
        weight.cast(pl.Float64).alias("weight"),
        popularity,
        pl.lit(names, pl.UInt32).alias("names"),
    )
    return counted.select(pl.col(name).cast(kind) for name, kind in _COUNTED.items())


def _add_up(words: pl.DataFrame) -> pl.DataFrame:
    return words.group_by("word").agg(
        pl.col("weight").sum(), pl.col("popularity").max(), pl.col("names").sum()
    )
