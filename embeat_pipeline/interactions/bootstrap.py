"""Confidence intervals by a paired bootstrap over playlists.

Percentile intervals of Efron & Tibshirani (1993), "An Introduction to the Bootstrap". All systems
are resampled with the same playlists, so the interval of a difference between two systems is much
narrower than the interval of either.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

SAMPLES = 2_000
"""Number of resamples."""
LEVEL = 0.95
"""Coverage of an interval."""
BLOCK_VALUES = 1 << 23
"""Resampling weights in memory at a time: 64 MB."""


@dataclass(frozen=True)
class Interval:
    """A mean and its percentile interval."""

    mean: float
    low: float
    high: float
    count: int
    """Number of values it was computed from."""


def intervals(
    values: NDArray[np.float64], seed: int = 0, samples: int = SAMPLES, level: float = LEVEL
) -> list[Interval]:
    """Intervals of the means of the rows; all rows are resampled alike.

    Args:
        values: (m, n), a row for each system or metric, a column for each playlist.
        seed: of the resampling.
        samples: number of resamples.
        level: coverage of the intervals.
    """
    rows, count = values.shape
    if not count:
        return [Interval(float("nan"), float("nan"), float("nan"), 0)] * rows
    means = resampled_means(values, seed, samples)
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2], axis=0)
    centre = values.mean(axis=1)
    return [Interval(float(centre[i]), float(low[i]), float(high[i]), count) for i in range(rows)]


def intervals_of_known(
    values: NDArray[np.float64], seed: int = 0, samples: int = SAMPLES
) -> list[Interval]:
    """Intervals of the means of the rows of (m, n) ``values``; what is NaN in a row is left out.

    All rows are resampled alike. ``count`` is how many values of a row are known; where none is,
    the interval is NaN.
    """
    is_known = ~np.isnan(values)
    count = is_known.sum(axis=1)
    found = [Interval(float("nan"), float("nan"), float("nan"), 0)] * len(values)
    rows = np.flatnonzero(count)
    if not rows.size:
        return found
    known, filled = is_known[rows].astype(np.float64), np.where(is_known, values, 0.0)[rows]
    means = resampled_means(np.concatenate([filled, known]), seed, samples)
    total, share = means[:, : len(rows)], means[:, len(rows) :]
    # A resample may hold nothing that is known of a row; each row itself holds something.
    means = np.divide(total, share, out=np.full(total.shape, np.nan), where=share > 0)
    low, high = np.nanquantile(means, [(1 - LEVEL) / 2, (1 + LEVEL) / 2], axis=0)
    centre = filled.sum(axis=1) / known.sum(axis=1)
    for place, row in enumerate(rows.tolist()):
        found[row] = Interval(
            float(centre[place]), float(low[place]), float(high[place]), int(count[row])
        )
    return found


def difference(
    first: NDArray[np.float64], second: NDArray[np.float64], seed: int = 0, samples: int = SAMPLES
) -> Interval:
    """Interval of the mean of ``first - second``, both (n,) over the same playlists."""
    return intervals((first - second)[None, :], seed, samples)[0]


def ratio(
    first: NDArray[np.float64], second: NDArray[np.float64], seed: int = 0, samples: int = SAMPLES
) -> Interval:
    """Interval of mean ``first`` / mean ``second``, both (n,); NaN where ``second`` is all 0."""
    return ratios(first[None, :], second, seed, samples)[0]


def ratios(
    values: NDArray[np.float64], second: NDArray[np.float64], seed: int = 0, samples: int = SAMPLES
) -> list[Interval]:
    """Intervals of the means of the rows of (m, n) ``values`` over the mean of ``second`` (n,).

    NaN where ``second`` is empty or all 0.
    """
    rows, count = values.shape
    if not second.any():
        return [Interval(float("nan"), float("nan"), float("nan"), count)] * rows
    means = resampled_means(np.concatenate([values, second[None, :]]), seed, samples)
    # The ratio is not defined in a resample whose denominator is 0.
    means = means[means[:, -1] > 0]
    low, high = np.quantile(
        means[:, :-1] / means[:, -1:], [(1 - LEVEL) / 2, (1 + LEVEL) / 2], axis=0
    )
    centre = values.mean(axis=1) / second.mean()
    return [Interval(float(centre[i]), float(low[i]), float(high[i]), count) for i in range(rows)]


def resampled_means(values: NDArray[np.float64], seed: int, samples: int) -> NDArray[np.float64]:
    """Means of the rows of (m, n) ``values`` over resampled columns: (samples, m)."""
    count = values.shape[1]
    random = np.random.default_rng(seed)
    block = max(1, min(samples, BLOCK_VALUES // count))
    share = np.full(count, 1.0 / count)
    means = [
        random.multinomial(count, share, size=min(block, samples - start)) @ values.T / count
        for start in range(0, samples, block)
    ]
    return np.concatenate(means)
