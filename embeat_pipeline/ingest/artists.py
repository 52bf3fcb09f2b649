"""Artists: clean every row. ``artists.sql`` then tells apart everyone the dump names.

By id, and by name only where there is no id: such a name is taken for the artist with an id who
has exactly that name, where there is only one; otherwise it is an artist known by name only. Two
artists who share a name stay two.
"""

import polars as pl

from embeat_pipeline.ingest import policy
from embeat_pipeline.ingest.sources import Source
from embeat_pipeline.ingest.workplace import LOCATION, Workplace

STAGED = {
    **LOCATION,
    "artist_id": pl.String,
    "artist_name": pl.String,
    "reason": pl.String,
    "genres": pl.List(pl.String),
    "popularity": pl.UInt8,
    "followers": pl.Int64,
}

REPORTED = ("artist_name", "popularity", "followers")


def stage_artists(place: Workplace, source: Source) -> dict[str, int]:
    """Clean the rows of one file into the staged table.

    Returns:
        Column -> values present before cleaning.
    """
    frame = source.frame
    given = frame.select(
        pl.col(REPORTED).count(), fraction=policy.is_fraction(pl.col("popularity"))
    )
    counts = given.collect(engine="streaming").row(0, named=True)
    percent = policy.to_percent(pl.col("popularity"), counts.pop("fraction"))
    followers = pl.col("followers")
    cleaned = frame.with_row_index("row").with_columns(
        pl.col("row").cast(pl.Int64),
        policy.identifier(pl.col("artist_id"), "artist").alias("artist_id"),
        policy.text(pl.col("artist_name")).alias("artist_name"),
        pl.col("genres").list.eval(policy.genre(pl.element())).list.drop_nulls(),
        policy.in_range("popularity", percent).cast(pl.UInt8).alias("popularity"),
        pl.when(followers.is_between(0, 1e12)).then(followers).cast(pl.Int64).alias("followers"),
    )
    artist_id, name = pl.col("artist_id"), pl.col("artist_name")
    reason = (
        pl.when(artist_id.is_null() & name.is_null())
        .then(pl.lit(policy.NO_NAME))
        .when(~policy.is_identifier(artist_id))
        .then(pl.lit(policy.bad_id("artist")))
    )
    place.stage(source, cleaned.with_columns(reason=reason))
    return counts
