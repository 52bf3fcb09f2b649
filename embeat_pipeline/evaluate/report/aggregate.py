"""From the lists of all systems to the tables and charts of one evaluation."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from embeat_pipeline.evaluate.inputs.catalogue import Catalogue, read_vectors
from embeat_pipeline.evaluate.options import EvaluationOptions, Questions
from embeat_pipeline.evaluate.quality.examples import genre_shares
from embeat_pipeline.evaluate.report import summary
from embeat_pipeline.evaluate.systems.base import ITEM_KNN, PRODUCT, System
from embeat_pipeline.interactions.queries import QuerySet
from embeat_serve.contract.lake import LakePaths
from embeat_serve.contract.schema import CHANNELS


def measure(
    lake: LakePaths,
    systems: Sequence[System],
    questions: Questions,
    catalogue: Catalogue,
    options: EvaluationOptions,
) -> dict[str, Any]:
    """Tables of all systems, and what the charts show."""
    reference = ITEM_KNN if any(system.name == ITEM_KNN for system in systems) else PRODUCT
    vectors = read_vectors(lake)
    seeds = {
        str(count): measure_set(
            systems, asked, questions.strata(count), catalogue, vectors, reference, options.seed
        )
        for count, asked in questions.queries.items()
    }
    first = min(questions.queries)
    product = next(system for system in systems if system.name == PRODUCT)
    genres = genre_shares(lake, catalogue, questions.queries[first], product.ranked[first])
    return {
        "systems": [
            {"name": s.name, "group": s.group, "parameters": s.parameters} for s in systems
        ],
        "reference": reference,
        "seeds": seeds,
        "genre_map": genres,
        "protocol": {
            "catalogue": len(catalogue),
            "seed": options.seed,
            "k": options.k,
            "quick": options.quick,
        },
    }


def measure_set(
    systems: Sequence[System],
    queries: QuerySet,
    query_strata: Mapping[str, NDArray[np.str_]],
    catalogue: Catalogue,
    vectors: NDArray[np.float32],
    reference: str,
    seed: int,
) -> dict[str, Any]:
    """Of one query set: ``queries``, ``table``, ``differences``, ``catalogue``, ``agreement``."""
    count = queries.seeds.shape[1]
    values = summary.query_values(systems, queries, catalogue, vectors)
    rows = summary.masks(query_strata)
    shown = [system for system in systems if system.name in CHANNELS]
    return {
        "queries": {name: int(chosen.sum()) for name, chosen in rows.items()},
        "table": summary.table(values, rows, seed),
        "differences": summary.differences(values, reference, rows, seed),
        "catalogue": {
            system.name: summary.catalogue_metrics(system.ranked[count], len(catalogue))
            for system in systems
        },
        "agreement": {
            "systems": [system.name for system in shown],
            "share": summary.agreement(shown, count),
        },
    }
