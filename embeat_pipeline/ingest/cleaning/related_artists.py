"""Clean rows of related artists. ``related_artists.sql`` then resolves them to codes."""

import polars as pl

from embeat_pipeline.ingest.cleaning import policy
from embeat_pipeline.ingest.session import ROW

STAGED = {
    **ROW,
    "artist_id": pl.String,
    "artist_name": pl.String,
    "related_artist_id": pl.String,
    "related_artist_name": pl.String,
    "rank": pl.Int16,
}

REPORTED = ("rank",)

MAX_RANK = 32_767


def clean_related_artists(
    frame: pl.LazyFrame, file: str, scale: policy.PopularityScale
) -> pl.LazyFrame:
    """Clean canonical columns into those of ``STAGED``; see ``staging.Cleaner``."""
    ids, names = ("artist_id", "related_artist_id"), ("artist_name", "related_artist_name")
    rank = pl.col("rank").round()
    return frame.with_columns(
        *(policy.usable_identifier(pl.col(column), "artist").alias(column) for column in ids),
        *(policy.text(pl.col(column)).alias(column) for column in names),
        pl.when(rank.is_between(0, MAX_RANK)).then(rank).cast(pl.Int16).alias("rank"),
    )
