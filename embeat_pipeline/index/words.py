"""The words of the catalogue, which serving looks to when something is misspelt."""

from pathlib import Path

import polars as pl

from embeat_pipeline.text import search_text
from embeat_serve.contract import LakePaths
from embeat_serve.vocabulary import MIN_LENGTH, dump

MAX_WORDS = 500_000
"""Words kept: those of the most popular tracks and artists. About 7 bytes each."""

MAX_LENGTH = 32
"""Letters of the longest word kept."""


def write_words(lake: LakePaths, path: Path) -> int:
    """Write the words of titles, names and aliases, best known first; returns how many."""
    tracks, artists = pl.scan_parquet(lake.table("tracks")), pl.scan_parquet(lake.table("artists"))
    popularity = pl.col("popularity").fill_null(0).alias("popularity")
    names = pl.concat_list(pl.col("artist_name"), pl.col("aliases")).list.join(" ")
    texts = pl.concat(
        [
            tracks.select(pl.col("track_name").alias("text"), popularity),
            artists.filter(pl.col("num_tracks") > 0).select(names.alias("text"), popularity),
        ]
    )
    words = (
        texts.select(search_text(pl.col("text")).str.split(" ").alias("word"), "popularity")
        .explode("word")
        .filter(pl.col("word").str.len_chars().is_between(MIN_LENGTH, MAX_LENGTH))
        .group_by("word")
        .agg(pl.col("popularity").max(), pl.len().alias("times"))
    )
    order = ["popularity", "times", "word"]
    best = words.sort(order, descending=[True, True, False]).head(MAX_WORDS)
    kept = best.select("word").collect(engine="streaming")["word"].to_list()
    path.write_bytes(dump(kept))
    return len(kept)
