"""Clean rows of tracks. ``tracks.sql`` then merges the rows of each id into one track."""

import polars as pl

from embeat_pipeline.ingest.cleaning import policy
from embeat_pipeline.ingest.cleaning.recording_key import with_recording_key
from embeat_pipeline.ingest.session import ROW

_TYPES = {
    "popularity": pl.UInt8,
    "release_year": pl.Int16,
    "duration_ms": pl.Int32,
    "key": pl.Int8,
    "mode": pl.Int8,
    "time_signature": pl.Int8,
    **dict.fromkeys(policy.DECIMALS, pl.Float32),
}
_TEXTS = ("track_name", "album_name")

STAGED = {
    **ROW,
    "track_id": pl.String,
    "given_id": pl.String,
    "reason": pl.String,
    "track_name": pl.String,
    "recording_key": pl.String,
    "artist_ids": pl.List(pl.String),
    "artist_names": pl.List(pl.String),
    "album_id": pl.String,
    "album_name": pl.String,
    "isrc": pl.String,
    "year_of_date": pl.Int16,
    "explicit": pl.Boolean,
    **_TYPES,
}

REPORTED = ("track_name", "album_id", "album_name", "isrc", "explicit", *_TYPES)
"""Columns whose nulled values are counted for the report."""


def clean_tracks(frame: pl.LazyFrame, file: str, scale: policy.PopularityScale) -> pl.LazyFrame:
    """Clean canonical columns into those of ``STAGED``; see ``staging.Cleaner``."""
    percent = policy.to_percent(pl.col("popularity"), scale)
    track_id = pl.col("track_id")
    identified = frame.with_columns(
        policy.identifier(track_id, "track"), given_id=track_id
    ).with_columns(reason=policy.refusal(track_id, "track"))
    refused = pl.col("reason").is_not_null()
    cleaned = identified.with_columns(
        pl.when(refused).then(policy.excerpt(pl.col("given_id"))).alias("given_id"),
        policy.identifier(pl.col("album_id"), "album").alias("album_id"),
        policy.isrc(pl.col("isrc")).alias("isrc"),
        policy.year_of(pl.col("release_date")).alias("year_of_date").cast(pl.Int16),
        policy.in_range("popularity", percent).cast(pl.UInt8).alias("popularity"),
        *(policy.text(pl.col(name)).alias(name) for name in _TEXTS),
        *(
            policy.in_range(name, pl.col(name)).cast(dtype).alias(name)
            for name, dtype in _TYPES.items()
            if name != "popularity"
        ),
    )
    return with_recording_key(_with_credits(cleaned), "track_name", "album_name", "recording_key")


def _with_credits(frame: pl.LazyFrame) -> pl.LazyFrame:
    """Clean ids and names of the credited artists; a list without any value becomes null.

    - Several ids with one name: the name is split at commas. If that gives one name per id, both
      lists are kept, else only the ids.
    - Other lists of different lengths: nobody knows which id belongs to which name. Only the names
      are kept, and resolved like those of tracks without ids.
    """
    # In several steps, since an expression over lists is evaluated again wherever it is used.
    ids, names = pl.col("artist_ids"), pl.col("artist_names")
    name_parts = names.list.first().str.split(",")
    marked = frame.with_columns(
        ids.list.eval(policy.usable_identifier(pl.element(), "artist")),
        is_enumeration=(
            (ids.list.len() > 1)
            & (names.list.len() == 1)
            & names.list.first().str.contains(",", literal=True)
        ).fill_null(False),
    )
    split = marked.with_columns(pl.when("is_enumeration").then(name_parts).otherwise(names))
    cleaned = split.with_columns(names.list.eval(policy.text(pl.element())))
    judged = cleaned.with_columns(
        is_paired=(ids.list.len() == names.list.len()).fill_null(False),
        has_id=(ids.list.drop_nulls().list.len() > 0).fill_null(False),
        has_name=(names.list.drop_nulls().list.len() > 0).fill_null(False),
    ).with_columns(has_name=pl.col("has_name") & (pl.col("is_paired") | ~pl.col("is_enumeration")))
    return judged.with_columns(
        pl.when("has_name").then(names),
        pl.when(pl.col("has_id") & (pl.col("is_paired") | ~pl.col("has_name"))).then(ids),
    )
