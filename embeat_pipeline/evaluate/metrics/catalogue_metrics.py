"""Measure how much of the catalogue a system recommends, and how evenly."""

import numpy as np
from numpy.typing import NDArray

from embeat_pipeline.interactions import ranking_metrics as metrics


def catalogue_metrics(ranked: NDArray[np.int64], catalogue: int) -> dict[str, float]:
    """Coverage and Gini coefficient of the first 20 tracks of all lists together.

    Args:
        ranked: (q, k) lists of one system.
        catalogue: number of tracks there are.
    """
    return {
        "coverage@20": metrics.coverage(ranked, catalogue),
        "gini@20": metrics.gini(ranked, catalogue),
    }
