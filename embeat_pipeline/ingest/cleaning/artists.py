"""Artists: clean every row. ``artists.sql`` then tells apart everyone the dump names.

By id, and by name only where there is no id: such a name is taken for the artist with an id who
has exactly that name, where there is only one; otherwise it is an artist known by name only. Two
artists who share a name stay two.

The other names that an id goes by, in an ``aliases`` column or anywhere in the dump, are its
aliases; but for those with a guest behind the name ("50 Cent Featuring ..."), and those that
another artist with an id goes by: now and then a track pairs an id with someone else's name.
"""

import polars as pl

from embeat_pipeline.ingest.cleaning import policy
from embeat_pipeline.ingest.session import ROW

STAGED = {
    **ROW,
    "artist_id": pl.String,
    "artist_name": pl.String,
    "aliases": pl.List(pl.String),
    "reason": pl.String,
    "genres": pl.List(pl.String),
    "genre_weights": pl.List(pl.Float32),
    "popularity": pl.UInt8,
    "followers": pl.Int64,
}

REPORTED = ("artist_name", "popularity", "followers")


def clean_artists(frame: pl.LazyFrame, name: str, fraction: bool) -> pl.LazyFrame:
    """Columns of ``STAGED``; see ``staging.Step``."""
    percent = policy.to_percent(pl.col("popularity"), fraction)
    followers = pl.col("followers")
    artist_id = policy.identifier(pl.col("artist_id"), "artist")
    artist_name = policy.text(pl.col("artist_name"))
    genres = pl.col("genres").list.eval(policy.genre(pl.element()))
    aliases = pl.col("aliases").list.eval(policy.text(pl.element()))
    weights = pl.col("genre_weights").list.eval(pl.element().cast(pl.Float32, strict=False))
    paired = (weights.list.len() == genres.list.drop_nulls().list.len()) & (
        weights.list.drop_nulls().list.min() > 0
    )
    return frame.with_columns(
        artist_id.alias("artist_id"),
        artist_name.alias("artist_name"),
        aliases.list.drop_nulls().list.unique(maintain_order=True).alias("aliases"),
        genres.list.drop_nulls().alias("genres"),
        pl.when(paired).then(weights).alias("genre_weights"),
        policy.in_range("popularity", percent).cast(pl.UInt8).alias("popularity"),
        pl.when(followers.is_between(0, 1e12)).then(followers).cast(pl.Int64).alias("followers"),
        reason=pl.when(artist_id.is_null() & artist_name.is_null())
        .then(pl.lit(policy.NO_NAME))
        .when(~policy.is_identifier(artist_id))
        .then(pl.lit(policy.bad_id("artist"))),
    )
