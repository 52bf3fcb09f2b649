"""Artists that sound alike: cells of their mean audio features.

Cells are clusters found by Lloyd's k-means (1982) on standardised features. An artist belongs to
its nearest few, so neighbours across a border still meet.
"""

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

SAMPLE = 20_000
"""Artists the clusters are found on."""
PASSES = 8
NEAREST = 4
BLOCK = 4_096
PER_CELL = 8
"""Fewest artists per cell."""


def sound_cells(
    artist: NDArray[np.uint32], features: NDArray[np.float32], cells: int, seed: int
) -> pa.Table:
    """Cells of each artist.

    Args:
        artist: (n,) codes.
        features: (n, d) mean audio features in any units; NaN: not known, taken as the mean.
        cells: clusters, fewer where artists are few.
        seed: of the draw that starts them.

    Returns:
        ``cell`` and ``artist_code``, ``NEAREST`` rows per artist.
    """
    standard = standardised(features)
    count = min(cells, -(-len(standard) // PER_CELL))
    random = np.random.default_rng(seed)
    sample = standard[random.permutation(len(standard))[:SAMPLE]]
    centres = sample[:count].copy()
    for _ in range(PASSES if count else 0):
        cell = nearest(sample, centres, 1)[:, 0]
        size = np.bincount(cell, minlength=count)
        sums = [np.bincount(cell, column, count) for column in sample.T]
        filled = size > 0
        centres[filled] = (np.stack(sums, axis=1)[filled] / size[filled, None]).astype(np.float32)
    near = min(NEAREST, count)
    found = nearest(standard, centres, near)
    return pa.table(
        {
            "cell": found.ravel().astype(np.uint64),
            "artist_code": np.repeat(artist.astype(np.uint32), near),
        }
    )


def standardised(features: NDArray[np.float32]) -> NDArray[np.float32]:
    """Columns brought to mean 0 and deviation 1; unknown values to 0, constant columns too."""
    known = np.isfinite(features)
    count = np.maximum(known.sum(axis=0), 1)
    filled = np.where(known, features, 0).astype(np.float64)
    centred = np.where(known, filled - filled.sum(axis=0) / count, 0)
    deviation = np.sqrt((centred**2).sum(axis=0) / count)
    return (centred / np.where(deviation > 1e-9, deviation, 1)).astype(np.float32)


def nearest(
    points: NDArray[np.float32], centres: NDArray[np.float32], count: int
) -> NDArray[np.intp]:
    """(n, count) rows of the closest centres, in no order."""
    squares = (centres**2).sum(axis=1)
    found = np.empty((len(points), count), np.intp)
    for start in range(0, len(points), BLOCK):
        distance = squares - 2 * points[start : start + BLOCK] @ centres.T
        if count == 1:
            found[start : start + BLOCK, 0] = distance.argmin(axis=1)
        elif count < len(centres):
            found[start : start + BLOCK] = np.argpartition(distance, count, axis=1)[:, :count]
        else:
            found[start : start + BLOCK] = np.arange(count)
    return found
