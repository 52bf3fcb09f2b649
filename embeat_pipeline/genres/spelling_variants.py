"""Find spelling variants: genre labels without a place that mean a genre on the map.

Two labels mean the same if they have the same key. Keys ignore case, accents, punctuation, spaces,
"and", "n" and "&" ("Drum & Bass", "drum and bass", "drum'n'bass"; "R&B", "r & b"; "hip-hop",
"hiphop"). A label whose key no genre of the map has, or several have, stays a genre of its own.
Labels off the map with the same key are one genre, the first of them.
"""

from pathlib import Path

import polars as pl

from embeat_pipeline.common.text_expressions import name_key

JOINERS = r"\b(?:and|n)\b"
"""Words between two parts of a genre's name that are spelled in many ways or left out."""


def genre_key(name: pl.Expr) -> pl.Expr:
    """Key of a genre's name; its name key if nothing else would be left."""
    separated = name.str.replace_all("['’ʼ`]([nN])['’ʼ`]", " $1 ")
    plain = name_key(separated)
    key = plain.str.replace_all(JOINERS, " ").str.replace_all(" ", "")
    return pl.when(key != "").then(key).otherwise(plain)


def spelling_variants(genre_map: Path) -> pl.DataFrame:
    """Find the genre that each variant stands for.

    Args:
        genre_map: table ``genre_map``.

    Returns:
        ``variant_code``, ``genre_code``, ``variant``, ``genre``, one row per variant, by code.
    """
    genres = (
        pl.scan_parquet(genre_map)
        .select("genre_code", "genre", placed=pl.col("x").is_not_null() & pl.col("y").is_not_null())
        .drop_nulls("genre")
        .with_columns(key=genre_key(pl.col("genre")))
        .collect()
    )
    placed = genres.filter("placed")
    target = pl.concat(
        [
            placed.group_by("key").agg(genre_code=pl.col("genre_code").min(), several=pl.len() > 1),
            genres.filter(~pl.col("placed"))
            .join(placed, on="key", how="anti")
            .group_by("key")
            .agg(genre_code=pl.col("genre_code").min(), several=pl.lit(False)),
        ]
    ).join(genres.select("genre_code", "genre"), on="genre_code")
    return (
        genres.filter(~pl.col("placed"))
        .select(variant_code="genre_code", variant="genre", key="key")
        .join(target.filter(~pl.col("several")), on="key")
        .filter(pl.col("variant_code") != pl.col("genre_code"))
        .select("variant_code", "genre_code", "variant", "genre")
        .sort("variant_code")
    )
