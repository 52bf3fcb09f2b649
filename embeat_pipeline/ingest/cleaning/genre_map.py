"""The genre map: clean every row. ``genre_map.sql`` then gives every genre a code."""

import polars as pl

from embeat_pipeline.ingest.cleaning import policy
from embeat_pipeline.ingest.session import ROW

STAGED = {
    **ROW,
    "genre": pl.String,
    "weight": pl.Float32,
    "x": pl.Float32,
    "y": pl.Float32,
    "color": pl.String,
}

REPORTED = ("weight", "x", "y", "color")


def clean_genre_map(frame: pl.LazyFrame, name: str, fraction: bool) -> pl.LazyFrame:
    """Columns of ``STAGED``; see ``staging.Step``.

    Places that are not within 0..1 are taken for pixels and scaled to it, each axis by itself.
    """
    weight, color = pl.col("weight"), pl.col("color").str.strip_chars().str.to_lowercase()
    color = pl.when(color.str.starts_with("#")).then(color).otherwise(pl.lit("#") + color)
    return frame.with_columns(
        policy.genre(pl.col("genre")),
        pl.when(weight.is_finite() & (weight > 0)).then(weight).cast(pl.Float32).alias("weight"),
        *(_axis(pl.col(axis)).cast(pl.Float32).alias(axis) for axis in ("x", "y")),
        pl.when(color.str.contains("^#[0-9a-f]{6}$")).then(color).alias("color"),
    )


def _axis(values: pl.Expr) -> pl.Expr:
    known = pl.when(values.is_finite()).then(values)
    scaled = (known - known.min()) / (known.max() - known.min())
    inside = (known.min() >= 0) & (known.max() <= 1)
    return pl.when(inside).then(known).otherwise(pl.when(scaled.is_finite()).then(scaled))
