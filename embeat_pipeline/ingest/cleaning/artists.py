"""Clean rows of artists. ``artists.sql`` then resolves every artist that the dump mentions.

An artist is identified by its id. A mention without an id stands for the artist with an id and
exactly that name, if there is only one; otherwise for an artist that has only a name. Two artists
with the same name stay two.

Other names of an id, from a column ``aliases`` or anywhere in the dump, become its aliases. Not so
names with a guest behind them ("50 Cent Featuring ..."), and names of another artist with an id:
now and then a track pairs an id with the name of someone else.
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


def clean_artists(frame: pl.LazyFrame, file: str, scale: policy.PopularityScale) -> pl.LazyFrame:
    """Clean canonical columns into those of ``STAGED``; see ``staging.Cleaner``."""
    percent = policy.to_percent(pl.col("popularity"), scale)
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
