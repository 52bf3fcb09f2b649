"""Genre quality: a fifth of the labelled artists lose their labels; are they found again?"""

from dataclasses import asdict
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from embeat_pipeline.evaluate import bootstrap
from embeat_pipeline.evaluate.interactions import uniform
from embeat_pipeline.evaluate.twin import INPUTS, evaluation_lake, link
from embeat_pipeline.genres.assign import assign_genres
from embeat_pipeline.tables import ARTISTS, write_table
from embeat_serve.contract import LakePaths

HIDDEN_SHARE = 0.2
BINS = 10


def evaluate_genres(lake: LakePaths, seed: int = 0) -> dict[str, Any]:
    """Hide labels, assign genres again, and compare.

    Returns:
        ``hidden`` artists; intervals of ``covered`` (share with any prediction), ``top_1`` (the
        best predicted genre is one they list), ``top_3`` (one of the best three is) and ``f1``
        (of the set predicted against the set listed), all over hidden artists, where no
        prediction counts as 0; ``top_1_covered`` over those with one; ``most_frequent_top_1``,
        what the genre most artists list would get; ``ece``, the expected calibration error of
        the best genre's confidence (Naeini et al. 2015, 10 bins), and ``reliability``, the bins
        behind it. Everything but ``hidden`` is missing where nobody is labelled.
    """
    hidden = hide_labels(lake, seed)
    if hidden.is_empty():
        return {"hidden": 0}
    blind = genre_lake(lake)
    assign_genres(blind)
    judged = judge(hidden, pl.read_parquet(blind.table("artist_genres")))
    values = {
        name: judged[name].to_numpy().astype(np.float64)
        for name in ("covered", "top_1", "top_3", "f1")
    }
    found = bootstrap.intervals(np.stack(list(values.values())), seed)
    covered = judged.filter("covered")
    right = covered["top_1"].to_numpy().astype(np.float64)
    error, bins = calibration(covered["confidence"].to_numpy().astype(np.float64), right)
    listed = hidden["genre_codes"].explode()
    return {
        "hidden": judged.height,
        **{name: asdict(interval) for name, interval in zip(values, found, strict=True)},
        "top_1_covered": asdict(bootstrap.intervals(right[None, :], seed)[0]),
        "most_frequent_top_1": float(listed.value_counts()["count"].max() / judged.height),  # type: ignore[operator]
        "ece": error,
        "reliability": bins,
    }


def genre_lake(lake: LakePaths) -> LakePaths:
    """Lake whose hidden artists have no labels."""
    return LakePaths(evaluation_lake(lake).root / "genres")


def hide_labels(lake: LakePaths, seed: int) -> pl.DataFrame:
    """Fill ``genre_lake`` with the lake's tables, the labels of a share of the artists emptied.

    Returns:
        ``artist_code`` and true ``genre_codes`` of the hidden artists.
    """
    blind = genre_lake(lake)
    for name in (*INPUTS, "playlists"):
        link(lake.table(name), blind.table(name))
    artists = pl.read_parquet(lake.table("artists"))
    labelled = artists["genre_codes"].list.len().fill_null(0).to_numpy() > 0
    keys = artists["artist_code"].to_numpy().astype(np.uint64)
    is_hidden = labelled & (uniform(keys, seed) < HIDDEN_SHARE)
    emptied = artists.with_columns(
        genre_codes=pl.when(pl.Series(is_hidden))
        .then(pl.lit([], pl.List(pl.UInt32)))
        .otherwise("genre_codes")
    )
    write_table(blind.table("artists"), ARTISTS, [emptied])
    return artists.filter(pl.Series(is_hidden)).select("artist_code", "genre_codes")


def judge(hidden: pl.DataFrame, assigned: pl.DataFrame) -> pl.DataFrame:
    """One row per hidden artist: ``covered``, ``top_1``, ``top_3``, ``f1``, ``confidence``."""
    predicted = (
        assigned.sort("artist_code", "position")
        .group_by("artist_code", maintain_order=True)
        .agg(predicted="genre_code", confidence=pl.col("confidence").first())
    )
    nothing = pl.lit([], pl.List(pl.UInt32))
    joined = hidden.join(predicted, on="artist_code", how="left", maintain_order="left")
    joined = joined.with_columns(
        pl.col("genre_codes").list.unique(), pl.col("predicted").fill_null(nothing)
    )
    listed, found = pl.col("genre_codes"), pl.col("predicted")
    hits = found.list.set_intersection(listed).list.len()
    return joined.select(
        covered=found.list.len() > 0,
        top_1=found.list.head(1).list.set_intersection(listed).list.len() > 0,
        top_3=found.list.head(3).list.set_intersection(listed).list.len() > 0,
        f1=2 * hits / (found.list.len() + listed.list.len()),
        confidence="confidence",
    )


def calibration(
    confidence: NDArray[np.float64], right: NDArray[np.float64]
) -> tuple[float, list[dict[str, float]]]:
    """Expected calibration error, and mean confidence, share right and size of each bin."""
    if not len(confidence):
        return float("nan"), []
    place = np.minimum((confidence * BINS).astype(np.intp), BINS - 1)
    number = np.bincount(place, minlength=BINS)
    filled = np.flatnonzero(number)
    stated = np.bincount(place, confidence, BINS)[filled] / number[filled]
    actual = np.bincount(place, right, BINS)[filled] / number[filled]
    error = float(np.abs(stated - actual) @ number[filled] / len(confidence))
    bins = [
        {"confidence": float(s), "right": float(a), "count": int(n)}
        for s, a, n in zip(stated, actual, number[filled], strict=True)
    ]
    return error, bins
