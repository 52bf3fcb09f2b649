"""Genre quality: a fifth of the labelled artists lose their labels; are they found again?"""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from embeat_pipeline.common.atomic import link
from embeat_pipeline.common.parquet import write_table
from embeat_pipeline.common.schemas import ARTISTS
from embeat_pipeline.common.stage_cache import made_metadata
from embeat_pipeline.evaluate.metrics import bootstrap
from embeat_pipeline.evaluate.ranking_model.holdout_release import INPUTS, evaluation_lake
from embeat_pipeline.evaluate.systems.genre_votes import playlist_vote, related_vote
from embeat_pipeline.genres.assign import assign_genres
from embeat_pipeline.genres.calibration import calibration
from embeat_pipeline.genres.config import GenreOptions
from embeat_pipeline.genres.spelling_variants import spelling_variants
from embeat_pipeline.interactions.playlists import uniform
from embeat_serve.contract.lake import LakePaths

HIDDEN_SHARE = 0.2
SEEDS = 5
"""Times that labels are hidden, each time of other artists."""

MODEL = "model"
BASELINES = {"related artists": related_vote, "playlist neighbours": playlist_vote}
METRICS = ("covered", "top_1", "top_3", "f1")


def evaluate_genres(lake: LakePaths, seed: int = 0, seeds: int = SEEDS) -> dict[str, Any]:
    """Hide labels, assign genres again, and compare, ``seeds`` times.

    Returns:
        ``hidden`` artists, summed over ``seeds``; intervals of ``covered`` (share with any
        prediction), ``top_1`` (the best predicted genre is one they list), ``top_3`` (one of the
        best three is) and ``f1`` (of the set predicted against the set listed), all over hidden
        artists, where no prediction counts as 0; ``macro_f1``, the mean over genres of their F1,
        and ``ece``, the expected calibration error of the best genre's confidence, both means
        over seeds; ``top_1_covered`` over those with a prediction; ``reliability``, the bins
        behind the error, all seeds together; ``most_frequent_top_1``, what the genre most
        artists list would get; ``by_seed``, each seed's figures; ``baselines``, the same figures
        of plain votes, with ``gain``, the interval of the model's F1 minus theirs, and
        ``macro_f1_ratio``; ``tracks``, how many the lake has, with a listed and with a
        predicted genre. Everything but ``hidden`` is missing where nobody is labelled.

        Intervals resample cases; an artist hidden under two seeds counts as two.
    """
    rounds = [found for number in range(seeds) if (found := _round(lake, seed + number))]
    if not rounds:
        return {"hidden": 0}
    judged = {name: pl.concat([found[name] for found in rounds]) for name in (MODEL, *BASELINES)}
    values = {name: _values(frame) for name, frame in judged.items()}
    summary = {name: _summary(frame, values[name], seed) for name, frame in judged.items()}
    for name, baseline in summary.items():
        baseline["macro_f1"] = float(np.mean([found["macro_f1"][name] for found in rounds]))
        if name != MODEL:
            gain = bootstrap.difference(values[MODEL]["f1"], values[name]["f1"], seed)
            baseline["gain"] = asdict(gain)
    for name in BASELINES:
        summary[name]["macro_f1_ratio"] = _ratio(
            summary[MODEL]["macro_f1"], summary[name]["macro_f1"]
        )
    by_seed = [_seed_figures(found) for found in rounds]
    covered = judged[MODEL].filter("covered")
    right = covered["top_1"].to_numpy().astype(np.float64)
    _, bins = calibration(covered["confidence"].to_numpy().astype(np.float64), right)
    errors = [found["ece"] for found in by_seed if found["ece"] is not None]
    return {
        "hidden": judged[MODEL].height,
        "seeds": len(rounds),
        **summary[MODEL],
        "top_1_covered": asdict(bootstrap.intervals(right[None, :], seed)[0]),
        "most_frequent_top_1": float(np.mean([found["most_frequent"] for found in rounds])),
        "ece": float(np.mean(errors)) if errors else None,
        "reliability": bins,
        "by_seed": by_seed,
        "baselines": {name: summary[name] for name in BASELINES},
        "tracks": _tracks(lake),
    }


def _round(lake: LakePaths, seed: int) -> dict[str, Any]:
    """Judgements of one seed's hidden artists, by name of what predicted; empty: nobody hidden."""
    hidden = hide_labels(lake, seed)
    if hidden.is_empty():
        return {}
    blind = genre_lake(lake)
    assign_genres(blind)
    asked, keep = hidden["artist_code"], GenreOptions().predicted_genres
    predicted = {MODEL: pl.read_parquet(blind.table("artist_genres"))}
    predicted |= {name: vote(blind, asked, keep) for name, vote in BASELINES.items()}
    listed = hidden["genre_codes"].explode()
    return {
        **{name: judge(hidden, frame) for name, frame in predicted.items()},
        "macro_f1": {name: macro_f1(hidden, frame) for name, frame in predicted.items()},
        "most_frequent": float(listed.value_counts()["count"].to_numpy().max() / hidden.height),
    }


def _values(judged: pl.DataFrame) -> dict[str, NDArray[np.float64]]:
    return {name: judged[name].to_numpy().astype(np.float64) for name in METRICS}


def _summary(
    judged: pl.DataFrame, values: Mapping[str, NDArray[np.float64]], seed: int
) -> dict[str, Any]:
    found = bootstrap.intervals(np.stack(list(values.values())), seed)
    return {name: asdict(interval) for name, interval in zip(values, found, strict=True)}


def _seed_figures(found: Mapping[str, Any]) -> dict[str, Any]:
    judged = found[MODEL]
    covered = judged.filter("covered")
    confidence = covered["confidence"].to_numpy().astype(np.float64)
    error, _ = calibration(confidence, covered["top_1"].to_numpy().astype(np.float64))
    return {
        "hidden": judged.height,
        **{name: float(column.mean()) for name, column in _values(judged).items()},
        "macro_f1": found["macro_f1"][MODEL],
        "ece": error if covered.height else None,
    }


def _ratio(value: float, other: float) -> float | None:
    return value / other if other > 0 else None


def _tracks(lake: LakePaths) -> dict[str, int]:
    """Tracks of the lake in all, with a listed and with a predicted genre, where recorded."""
    made = made_metadata(lake.table("artist_genres"))
    names = {"all": "tracks", "listed": "tracks_listed", "predicted": "tracks_predicted"}
    return {name: made[key] for name, key in names.items() if key in made}


def genre_lake(lake: LakePaths) -> LakePaths:
    """Lake whose hidden artists have no labels."""
    return LakePaths(evaluation_lake(lake).root / "genres")


def hide_labels(lake: LakePaths, seed: int) -> pl.DataFrame:
    """Fill ``genre_lake`` with the lake's tables, the labels of a share of the artists emptied.

    Returns:
        ``artist_code`` and true ``genre_codes`` of the hidden artists, spelling variants as the
        genres they stand for.
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
    variants = spelling_variants(lake.table("genre_map"))
    meant = pl.element().replace(variants["variant_code"], variants["genre_code"])
    hidden = artists.filter(pl.Series(is_hidden)).select("artist_code", "genre_codes")
    return hidden.with_columns(pl.col("genre_codes").list.eval(meant))


def judge(hidden: pl.DataFrame, assigned: pl.DataFrame) -> pl.DataFrame:
    """One row per hidden artist: ``covered``, ``top_1``, ``top_3``, ``f1``, ``confidence``."""
    predicted = (
        assigned.sort("artist_code", "position")
        .group_by("artist_code", maintain_order=True)
        .agg(predicted="genre_code", confidence=pl.col("confidence").first().cast(pl.Float64))
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


def macro_f1(hidden: pl.DataFrame, assigned: pl.DataFrame) -> float:
    """Mean F1 of the genres that hidden artists list or are predicted to have."""
    pair = ["artist_code", "genre_code"]
    listed = (
        hidden.select("artist_code", genre_code=pl.col("genre_codes").list.unique())
        .explode("genre_code")
        .drop_nulls()
    )
    found = assigned.select(pair).join(hidden, on="artist_code", how="semi")
    hits = listed.join(found, on=pair)
    counts = [
        frame.group_by("genre_code").agg(pl.len().alias(name))
        for frame, name in ((listed, "listed"), (found, "found"), (hits, "hits"))
    ]
    joined = counts[0].join(counts[1], on="genre_code", how="full", coalesce=True)
    joined = joined.join(counts[2], on="genre_code", how="left").fill_null(0)
    scores = joined.select(2 * pl.col("hits") / (pl.col("listed") + pl.col("found")))
    # Summed in one order: a mean must not depend on how rows were grouped.
    return float(np.mean(np.sort(scores.to_series().to_numpy())))
