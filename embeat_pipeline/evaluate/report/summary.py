"""Compute every metric of every system, overall and by stratum, with intervals."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from embeat_pipeline.evaluate.inputs.catalogue import Catalogue
from embeat_pipeline.evaluate.systems.base import System
from embeat_pipeline.interactions import bootstrap
from embeat_pipeline.interactions import ranking_metrics as metrics
from embeat_pipeline.interactions.queries import STRATA, QuerySet

HEADLINE = "ndcg@20"
"""The metric that differences, charts and the publishing check are of."""
ALL = "all"
NOVEL, OVERLAPPING = STRATA["overlap"]

Values = dict[str, dict[str, NDArray[np.float64]]]
"""System -> metric -> (q,) values."""


def query_values(
    systems: Sequence[System],
    queries: QuerySet,
    catalogue: Catalogue,
    vectors: NDArray[np.float32],
) -> Values:
    """Metrics of every system for each query of one query set.

    Args:
        systems: what is measured.
        queries: q queries, all with the same number of seeds.
        catalogue: of the lake.
        vectors: (n, d) acoustic vectors, see ``similarity_at_20``.
    """
    values: Values = {}
    for system in systems:
        ranked = system.ranked[queries.seeds.shape[1]]
        values[system.name] = {
            **metrics.ranking_metrics(ranked, queries.targets),
            "artists@5": metrics.artists_at_5(ranked, catalogue.main_artist),
            "similarity@20": metrics.similarity_at_20(ranked, vectors),
        }
    return values


def masks(strata: Mapping[str, NDArray[np.str_]]) -> dict[str, NDArray[np.bool_]]:
    """Masks of each stratum: all, novel, overlapping, and the strata of seeds within novel.

    Args:
        strata: see ``interactions.queries.strata``.

    Returns:
        Stratum -> (q,) mask.
    """
    overlap = strata["overlap"]
    is_novel = overlap == NOVEL
    rows = {ALL: np.ones(len(overlap), bool), NOVEL: is_novel, OVERLAPPING: ~is_novel}
    for kind in ("popularity", "vocabulary"):
        rows |= {value: is_novel & (strata[kind] == value) for value in STRATA[kind]}
    return rows


def table(
    values: Values, rows: Mapping[str, NDArray[np.bool_]], seed: int = 0
) -> dict[str, dict[str, dict[str, dict[str, float]]]]:
    """Intervals of one query set: system -> stratum -> metric -> interval.

    Args:
        values: of ``query_values``.
        rows: of ``masks``.
        seed: of the bootstrap, which resamples all systems and metrics alike.
    """
    cells = [(system, metric) for system, metrics_of in values.items() for metric in metrics_of]
    matrix = np.stack([values[system][metric] for system, metric in cells])
    result: dict[str, Any] = {system: {} for system in values}
    for stratum, mask in rows.items():
        for (system, metric), interval in zip(
            cells, bootstrap.intervals(matrix[:, mask], seed), strict=True
        ):
            if interval.count:
                result[system].setdefault(stratum, {})[metric] = asdict(interval)
    return result


def differences(
    values: Values,
    reference: str,
    rows: Mapping[str, NDArray[np.bool_]],
    seed: int = 0,
    level: float = bootstrap.LEVEL,
) -> dict[str, dict[str, dict[str, float]]]:
    """Intervals of the headline metric minus the reference's: system -> stratum -> interval."""
    others = [system for system in values if system != reference]
    matrix = np.stack([values[name][HEADLINE] - values[reference][HEADLINE] for name in others])
    result: dict[str, Any] = {system: {} for system in others}
    for stratum, mask in rows.items():
        for system, interval in zip(
            others, bootstrap.intervals(matrix[:, mask], seed, level=level), strict=True
        ):
            if interval.count:
                result[system][stratum] = asdict(interval)
    return result


def ratios(
    values: Values, reference: str, rows: Mapping[str, NDArray[np.bool_]], seed: int = 0
) -> dict[str, dict[str, dict[str, float]]]:
    """Intervals of the headline metric over the reference's: system -> stratum -> interval.

    Strata in which the reference reaches nothing are left out.
    """
    others = [system for system in values if system != reference]
    matrix = np.stack([values[name][HEADLINE] for name in others])
    result: dict[str, Any] = {system: {} for system in others}
    for stratum, mask in rows.items():
        denominator = values[reference][HEADLINE][mask]
        for system, interval in zip(
            others, bootstrap.ratios(matrix[:, mask], denominator, seed), strict=True
        ):
            if math.isfinite(interval.mean):
                result[system][stratum] = asdict(interval)
    return result


def agreement(systems: Sequence[System], num_seeds: int, depth: int = 20) -> list[list[float]]:
    """Mean share of a system's first ``depth`` tracks that another lists too, for every pair.

    The share is of the row's list. Queries for which that list is empty are left out.
    """
    tops = [system.ranked[num_seeds][:, :depth] for system in systems]
    return [[_shared(row, column) for column in tops] for row in tops]


def _shared(one: NDArray[np.int64], other: NDArray[np.int64]) -> float:
    is_track = one != metrics.PADDING
    in_both = (one[:, :, None] == other[:, None, :]).any(axis=2) & is_track
    length = is_track.sum(axis=1)
    rows = length > 0
    return float((in_both.sum(axis=1)[rows] / length[rows]).mean()) if rows.any() else 0.0
