"""Related artists: clean every row. ``related.sql`` then puts codes for artists."""

import polars as pl

from embeat_pipeline.ingest import policy
from embeat_pipeline.ingest.sources import Source
from embeat_pipeline.ingest.workplace import LOCATION, Workplace

STAGED = {
    **LOCATION,
    "artist_id": pl.String,
    "artist_name": pl.String,
    "related_artist_id": pl.String,
    "related_artist_name": pl.String,
    "rank": pl.Int16,
}

REPORTED = ("rank",)

MAX_RANK = 32_767


def stage_related(place: Workplace, source: Source) -> dict[str, int]:
    """Clean the rows of one file into the staged table.

    Returns:
        Column -> values present before cleaning.
    """
    frame = source.frame
    counts = frame.select(pl.col(REPORTED).count()).collect(engine="streaming").row(0, named=True)
    ids, names = ("artist_id", "related_artist_id"), ("artist_name", "related_artist_name")
    rank = pl.col("rank").round()
    cleaned = frame.with_row_index("row").with_columns(
        pl.col("row").cast(pl.Int64),
        *(policy.usable_identifier(pl.col(name), "artist").alias(name) for name in ids),
        *(policy.text(pl.col(name)).alias(name) for name in names),
        pl.when(rank.is_between(0, MAX_RANK)).then(rank).cast(pl.Int16).alias("rank"),
    )
    place.stage(source, cleaned)
    return counts
