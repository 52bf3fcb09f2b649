"""Clean rows of the genre map. ``genre_map.sql`` then assigns a code to every genre."""

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


def clean_genre_map(frame: pl.LazyFrame, file: str, scale: policy.PopularityScale) -> pl.LazyFrame:
    """Clean canonical columns into those of ``STAGED``; see ``staging.Cleaner``.

    If coordinates are not within 0..1, they are taken for pixels and scaled, each axis by itself.
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
    finite = pl.when(values.is_finite()).then(values)
    scaled = (finite - finite.min()) / (finite.max() - finite.min())
    is_scaled = (finite.min() >= 0) & (finite.max() <= 1)
    return pl.when(is_scaled).then(finite).otherwise(pl.when(scaled.is_finite()).then(scaled))
