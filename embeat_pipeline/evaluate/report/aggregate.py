"""Turn the lists of all systems into the tables and charts' figures of one evaluation."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from embeat_pipeline.evaluate.inputs.catalogue import Catalogue, read_vectors
from embeat_pipeline.evaluate.metrics.catalogue_metrics import catalogue_metrics
from embeat_pipeline.evaluate.metrics.genre_shares import genre_shares
from embeat_pipeline.evaluate.options import (
    EvaluationMode,
    EvaluationOptions,
    EvaluationQueries,
)
from embeat_pipeline.evaluate.report import opponent, summary
from embeat_pipeline.evaluate.systems.base import PRODUCT, System
from embeat_pipeline.interactions.queries import QuerySet
from embeat_serve.contract.lake import LakePaths
from embeat_serve.contract.schema import CHANNELS


@dataclass(frozen=True)
class TableInputs:
    """What the tables of every number of seeds have in common."""

    systems: Sequence[System]
    catalogue: Catalogue
    vectors: NDArray[np.float32]
    """(n, 64) acoustic vectors, for the similarity within a list."""
    opponents: Mapping[int, str]
    """Number of seeds -> the best single model; see ``choose_opponents``."""
    seed: int
    """Seed of the bootstrap."""


def measure(
    lake: LakePaths,
    systems: Sequence[System],
    queries: EvaluationQueries,
    catalogue: Catalogue,
    options: EvaluationOptions,
) -> dict[str, Any]:
    """Tables of all systems, and the figures of the charts.

    Returns:
        ``systems``, ``headline`` (see ``opponent.headline``), ``seeds`` (number of seeds -> see
        ``measure_queries``), ``never_below`` (system -> number of seeds -> see
        ``opponent.never_below``), ``genre_map`` (see ``genre_shares``) and ``protocol``.
    """
    opponents = opponent.choose_opponents(systems, queries.queries)
    inputs = TableInputs(systems, catalogue, read_vectors(lake), opponents, options.seed)
    seeds = {
        str(count): measure_queries(inputs, query_set, queries.strata(count))
        for count, query_set in queries.queries.items()
    }
    guard = {count: measured.pop("never_below") for count, measured in seeds.items()}
    first = min(queries.queries)
    product = next(system for system in systems if system.name == PRODUCT)
    return {
        "systems": [
            {"name": system.name, "group": str(system.group), "parameters": system.parameters}
            for system in systems
        ],
        "headline": opponent.headline(systems, opponents, seeds),
        "seeds": seeds,
        "never_below": {
            name: {count: of_count[name] for count, of_count in guard.items()}
            for name in opponent.GUARDED
            if all(name in of_count for of_count in guard.values())
        },
        "genre_map": genre_shares(lake, catalogue, queries.queries[first], product.ranked[first]),
        "protocol": {
            "catalogue": len(catalogue),
            "seed": options.seed,
            "k": options.k,
            "quick": options.mode is EvaluationMode.QUICK,
        },
    }


def measure_queries(
    inputs: TableInputs, queries: QuerySet, strata: Mapping[str, NDArray[np.str_]]
) -> dict[str, Any]:
    """Tables of one set of queries.

    Args:
        inputs: systems, and what they are measured with.
        queries: q queries, all with the same number of seeds.
        strata: kind of stratum -> (q,) values.

    Returns:
        ``queries`` (by stratum), ``table``, ``reference`` (the opponent, or the product where
        there is none), ``differences`` and ``ratios`` (to the reference), ``never_below``,
        ``catalogue`` and ``agreement`` (of the channels).
    """
    count = queries.seeds.shape[1]
    values = summary.query_values(inputs.systems, queries, inputs.catalogue, inputs.vectors)
    rows = summary.masks(strata)
    reference = inputs.opponents.get(count, PRODUCT)
    channels = [system for system in inputs.systems if system.name in CHANNELS]
    return {
        "queries": {stratum: int(mask.sum()) for stratum, mask in rows.items()},
        "table": summary.table(values, rows, inputs.seed),
        "reference": reference,
        "differences": summary.differences(values, reference, rows, inputs.seed),
        "ratios": summary.ratios(values, reference, rows, inputs.seed),
        "never_below": opponent.never_below(values, rows, inputs.seed),
        "catalogue": {
            system.name: catalogue_metrics(system.ranked[count], len(inputs.catalogue))
            for system in inputs.systems
        },
        "agreement": {
            "systems": [system.name for system in channels],
            "share": summary.agreement(channels, count),
        },
    }
