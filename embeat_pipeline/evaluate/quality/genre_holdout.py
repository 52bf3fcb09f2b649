"""Measure genre prediction: hide the labels of a fifth of the labelled artists, predict them."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from embeat_pipeline.common.atomic import link
from embeat_pipeline.common.parquet import write_table
from embeat_pipeline.common.schemas import ARTISTS
from embeat_pipeline.common.stage_cache import made_metadata
from embeat_pipeline.evaluate.holdout.release import INGEST_TABLES, evaluation_lake
from embeat_pipeline.evaluate.systems.genre_votes import playlist_vote, related_vote
from embeat_pipeline.genres.assign import assign_genres
from embeat_pipeline.genres.calibration import calibration
from embeat_pipeline.genres.config import GenreOptions
from embeat_pipeline.genres.spelling_variants import spelling_variants
from embeat_pipeline.interactions import bootstrap
from embeat_pipeline.interactions.playlists import uniform
from embeat_serve.contract.lake import LakePaths

HIDDEN_SHARE = 0.2
"""Share of the labelled artists whose labels are hidden."""
SEEDS = 5
"""Number of rounds; each hides the labels of other artists."""

MODEL = "model"
BASELINES = {"related artists": related_vote, "playlist neighbours": playlist_vote}
METRICS = ("covered", "top_1", "top_3", "f1")


@dataclass(frozen=True)
class Round:
    """Predictions for the artists that were hidden under one seed."""

    outcomes: dict[str, pl.DataFrame]
    """Name of what predicted -> see ``prediction_outcomes``."""
    macro_f1: dict[str, float]
    most_frequent_share: float
    """Share of the hidden artists that list the genre most of them list."""


def evaluate_genres(lake: LakePaths, seed: int = 0, seeds: int = SEEDS) -> dict[str, Any]:
    """Hide labels of artists, assign genres again, and compare, ``seeds`` times.

    Returns:
        ``hidden`` artists, summed over ``seeds``; intervals of ``covered`` (share with any
        prediction), ``top_1`` (the best predicted genre is one they list), ``top_3`` (one of the
        best three is) and ``f1`` (of the predicted set against the listed set), all over hidden
        artists, where no prediction counts as 0; ``macro_f1``, the mean over genres of their F1,
        and ``ece``, the expected calibration error of the best genre's confidence, both means
        over seeds; ``top_1_covered``, over those with a prediction; ``reliability``, the bins
        behind the error, of all seeds together; ``most_frequent_top_1``, what predicting the most
        frequent genre would get; ``by_seed``, each seed's figures; ``baselines``, the same figures
        of plain votes, with ``gain``, the interval of the model's F1 minus theirs, and
        ``macro_f1_ratio``; ``tracks``, how many the lake has, with a listed and with a predicted
        genre. Everything but ``hidden`` is missing where no artist is labelled.

        Intervals resample cases; an artist hidden under two seeds counts as two.
    """
    rounds = [one for number in range(seeds) if (one := _round(lake, seed + number))]
    if not rounds:
        return {"hidden": 0}
    names = (MODEL, *BASELINES)
    outcomes = {name: pl.concat([one.outcomes[name] for one in rounds]) for name in names}
    values = {name: _values(frame) for name, frame in outcomes.items()}
    figures = {name: _figures(name, values, rounds, seed) for name in names}
    by_seed = [_seed_figures(one) for one in rounds]
    covered = outcomes[MODEL].filter("covered")
    right = covered["top_1"].to_numpy().astype(np.float64)
    _, bins = calibration(covered["confidence"].to_numpy().astype(np.float64), right)
    errors = [of_seed["ece"] for of_seed in by_seed if of_seed["ece"] is not None]
    return {
        "hidden": outcomes[MODEL].height,
        "seeds": len(rounds),
        **figures[MODEL],
        "top_1_covered": asdict(bootstrap.intervals(right[None, :], seed)[0]),
        "most_frequent_top_1": float(np.mean([one.most_frequent_share for one in rounds])),
        "ece": float(np.mean(errors)) if errors else None,
        "reliability": bins,
        "by_seed": by_seed,
        "baselines": {name: figures[name] for name in BASELINES},
        "tracks": _tracks(lake),
    }


def _round(lake: LakePaths, seed: int) -> Round | None:
    """Hide labels under one seed and predict them; None where no artist is hidden."""
    hidden = hide_labels(lake, seed)
    if hidden.is_empty():
        return None
    blind = genre_lake(lake)
    assign_genres(blind)
    artists, genres = hidden["artist_code"], GenreOptions().predicted_genres
    predicted = {MODEL: pl.read_parquet(blind.table("artist_genres"))}
    predicted |= {name: vote(blind, artists, genres) for name, vote in BASELINES.items()}
    listed = hidden["genre_codes"].explode()
    return Round(
        {name: prediction_outcomes(hidden, frame) for name, frame in predicted.items()},
        {name: macro_f1(hidden, frame) for name, frame in predicted.items()},
        float(listed.value_counts()["count"].to_numpy().max() / hidden.height),
    )


def _values(outcomes: pl.DataFrame) -> dict[str, NDArray[np.float64]]:
    return {name: outcomes[name].to_numpy().astype(np.float64) for name in METRICS}


def _figures(
    name: str,
    values: Mapping[str, Mapping[str, NDArray[np.float64]]],
    rounds: Sequence[Round],
    seed: int,
) -> dict[str, Any]:
    """Figures of the model or of a baseline; those of a baseline are compared with the model."""
    intervals = bootstrap.intervals(np.stack([values[name][metric] for metric in METRICS]), seed)
    figures: dict[str, Any] = {
        metric: asdict(interval) for metric, interval in zip(METRICS, intervals, strict=True)
    }
    figures["macro_f1"] = float(np.mean([one.macro_f1[name] for one in rounds]))
    if name != MODEL:
        gain = bootstrap.difference(values[MODEL]["f1"], values[name]["f1"], seed)
        of_model = float(np.mean([one.macro_f1[MODEL] for one in rounds]))
        own = figures["macro_f1"]
        figures |= {"gain": asdict(gain), "macro_f1_ratio": of_model / own if own > 0 else None}
    return figures


def _seed_figures(one: Round) -> dict[str, Any]:
    outcomes = one.outcomes[MODEL]
    covered = outcomes.filter("covered")
    confidence = covered["confidence"].to_numpy().astype(np.float64)
    error, _ = calibration(confidence, covered["top_1"].to_numpy().astype(np.float64))
    return {
        "hidden": outcomes.height,
        **{name: float(column.mean()) for name, column in _values(outcomes).items()},
        "macro_f1": one.macro_f1[MODEL],
        "ece": error if covered.height else None,
    }


def _tracks(lake: LakePaths) -> dict[str, int]:
    """Number of tracks of the lake, with a listed and with a predicted genre, where recorded."""
    made = made_metadata(lake.table("artist_genres"))
    names = {"all": "tracks", "listed": "tracks_listed", "predicted": "tracks_predicted"}
    return {name: made[key] for name, key in names.items() if key in made}


def genre_lake(lake: LakePaths) -> LakePaths:
    """The lake in which hidden artists have no labels."""
    return LakePaths(evaluation_lake(lake).root / "genres")


def hide_labels(lake: LakePaths, seed: int) -> pl.DataFrame:
    """Copy the lake's tables to ``genre_lake`` without the labels of a share of the artists.

    Returns:
        ``artist_code`` and true ``genre_codes`` of the hidden artists, spelling variants replaced
        by the genres they stand for.
    """
    blind = genre_lake(lake)
    for name in (*INGEST_TABLES, "playlists"):
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


def prediction_outcomes(hidden: pl.DataFrame, assigned: pl.DataFrame) -> pl.DataFrame:
    """Compare predictions with the hidden labels, one row for each hidden artist.

    Args:
        hidden: ``artist_code`` and ``genre_codes``, see ``hide_labels``.
        assigned: ``artist_code``, ``genre_code``, ``position`` and ``confidence``.

    Returns:
        ``covered``, ``top_1``, ``top_3``, ``f1`` and ``confidence``, see ``evaluate_genres``.
    """
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
    listed, guess = pl.col("genre_codes"), pl.col("predicted")
    hits = guess.list.set_intersection(listed).list.len()
    return joined.select(
        covered=guess.list.len() > 0,
        top_1=guess.list.head(1).list.set_intersection(listed).list.len() > 0,
        top_3=guess.list.head(3).list.set_intersection(listed).list.len() > 0,
        f1=2 * hits / (guess.list.len() + listed.list.len()),
        confidence="confidence",
    )


def macro_f1(hidden: pl.DataFrame, assigned: pl.DataFrame) -> float:
    """Mean over genres of their F1; genres that hidden artists list or are predicted to have."""
    pair = ["artist_code", "genre_code"]
    listed = (
        hidden.select("artist_code", genre_code=pl.col("genre_codes").list.unique())
        .explode("genre_code")
        .drop_nulls()
    )
    predicted = assigned.select(pair).join(hidden, on="artist_code", how="semi")
    hits = listed.join(predicted, on=pair)
    counts = [
        frame.group_by("genre_code").agg(pl.len().alias(name))
        for frame, name in ((listed, "listed"), (predicted, "predicted"), (hits, "hits"))
    ]
    joined = counts[0].join(counts[1], on="genre_code", how="full", coalesce=True)
    joined = joined.join(counts[2], on="genre_code", how="left").fill_null(0)
    scores = joined.select(2 * pl.col("hits") / (pl.col("listed") + pl.col("predicted")))
    # Summed in one order: a mean must not depend on how rows were grouped.
    return float(np.mean(np.sort(scores.to_series().to_numpy())))
