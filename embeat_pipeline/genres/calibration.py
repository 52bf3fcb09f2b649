"""Measure whether stated confidence is how often predictions are right."""

import numpy as np
from numpy.typing import NDArray

BINS = 10


def calibration(
    confidence: NDArray[np.float64], right: NDArray[np.float64]
) -> tuple[float, list[dict[str, float]]]:
    """Expected calibration error with 10 bins (Naeini et al. 2015), and the bins behind it.

    Args:
        confidence: (n,) stated probability, 0..1.
        right: (n,) 1 where the prediction is right, else 0.

    Returns:
        The error, NaN for n = 0; and mean ``confidence``, share ``right`` and ``count`` of each
        bin that is not empty.
    """
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
