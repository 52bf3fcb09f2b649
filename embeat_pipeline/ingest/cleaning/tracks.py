"""Tracks: clean every row. ``tracks.sql`` then lets the rows of one id make one track."""

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
"""Columns whose nulled values are counted."""


def clean_tracks(frame: pl.LazyFrame, name: str, fraction: bool) -> pl.LazyFrame:
    """Columns of ``STAGED``; see ``staging.Step``."""
    percent = policy.to_percent(pl.col("popularity"), fraction)
    track_id = pl.col("track_id")
    identified = frame.with_columns(
        policy.identifier(track_id, "track"), given_id=track_id
    ).with_columns(reason=policy.refusal(track_id, "track"))
    refused = pl.col("reason").is_not_null()
    cleaned = identified.with_columns(
        pl.when(refused).then(policy.shown(pl.col("given_id"))).alias("given_id"),
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
    """Ids and names of the credited artists cleaned; a list that says nothing is null.

    One name that commas make as many as there are ids is that many names; where they do not,
    several ids stand for themselves. Lists of different lengths otherwise cannot be told which
    id belongs to which name; names alone are kept then, and resolved like those of tracks that
    come without ids.
    """
    # Step by step: an expression over lists is evaluated anew wherever it is written.
    ids, names = pl.col("artist_ids"), pl.col("artist_names")
    apart = names.list.first().str.split(",")
    listed = frame.with_columns(
        ids.list.eval(policy.usable_identifier(pl.element(), "artist")),
        enumerated=(
            (ids.list.len() > 1)
            & (names.list.len() == 1)
            & names.list.first().str.contains(",", literal=True)
        ).fill_null(False),
    )
    split = listed.with_columns(pl.when("enumerated").then(apart).otherwise(names))
    cleaned = split.with_columns(names.list.eval(policy.text(pl.element())))
    told = cleaned.with_columns(
        paired=(ids.list.len() == names.list.len()).fill_null(False),
        known=(ids.list.drop_nulls().list.len() > 0).fill_null(False),
        named=(names.list.drop_nulls().list.len() > 0).fill_null(False),
    ).with_columns(named=pl.col("named") & (pl.col("paired") | ~pl.col("enumerated")))
    return told.with_columns(
        pl.when("named").then(names),
        pl.when(pl.col("known") & (pl.col("paired") | ~pl.col("named"))).then(ids),
    )
