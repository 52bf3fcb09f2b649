"""Clean rows of playlists. ``playlist_writer.py`` then looks up their tracks."""

import polars as pl

from embeat_pipeline.ingest.cleaning import policy
from embeat_pipeline.ingest.session import ROW

STAGED = {
    **ROW,
    "playlist_id": pl.String,
    "name": pl.String,
    "source": pl.String,
    "num_followers": pl.Int64,
    "track_ids": pl.List(pl.String),
}

REPORTED = ("name", "num_followers")


def clean_playlists(frame: pl.LazyFrame, file: str, scale: policy.PopularityScale) -> pl.LazyFrame:
    """Clean canonical columns into those of ``STAGED``; see ``staging.Cleaner``."""
    followers = pl.col("num_followers")
    playlist_id = policy.identifier(pl.col("playlist_id"), "playlist")
    number = pl.format("{}:{}", pl.lit(file), pl.col("row"))
    return frame.with_columns(
        pl.coalesce(playlist_id, number).alias("playlist_id"),
        policy.text(pl.col("name")).alias("name"),
        policy.text(pl.col("source")).fill_null(file).alias("source"),
        pl.when(followers.is_between(0, 1e12))
        .then(followers)
        .cast(pl.Int64)
        .alias("num_followers"),
        pl.col("track_ids").list.eval(policy.identifier(pl.element(), "track").fill_null("")),
    )
