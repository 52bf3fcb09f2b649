"""Clean rows of albums. ``tracks.sql`` completes tracks with them that have only an album id."""

import polars as pl

from embeat_pipeline.ingest.cleaning import policy
from embeat_pipeline.ingest.session import ROW

STAGED = {
    **ROW,
    "album_id": pl.String,
    "reason": pl.String,
    "album_name": pl.String,
    "release_year": pl.Int16,
}

REPORTED = ("album_name", "release_year")


def clean_albums(frame: pl.LazyFrame, file: str, scale: policy.PopularityScale) -> pl.LazyFrame:
    """Clean canonical columns into those of ``STAGED``; see ``staging.Cleaner``."""
    year = policy.in_range("release_year", pl.col("release_year"))
    album_id = policy.identifier(pl.col("album_id"), "album")
    return frame.with_columns(
        album_id.alias("album_id"),
        policy.refusal(album_id, "album").alias("reason"),
        policy.text(pl.col("album_name")),
        pl.coalesce(year, policy.year_of(pl.col("release_date")))
        .cast(pl.Int16)
        .alias("release_year"),
    )
