"""Paired bootstrap over playlists (Efron & Tibshirani 1993, percentile intervals).

All systems are resampled with the same playlists, so the difference of two of them has an
interval of its own, much narrower than either's.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

SAMPLES = 2_000
LEVEL = 0.95
BLOCK_VALUES = 1 << 23
"""Resampling weights held at a time: 64 MB."""


@dataclass(frozen=True)
class Interval:
    """A mean and its percentile interval."""

    mean: float
    low: float
    high: float
    count: int
    """Queries behind it."""

    @property
    def excludes_zero(self) -> bool:
        """Whether zero lies outside: for a difference, whether it is significant."""
        return self.low > 0 or self.high < 0


def intervals(
    values: NDArray[np.float64], seed: int = 0, samples: int = SAMPLES, level: float = LEVEL
) -> list[Interval]:
    """Interval of the mean of each row.

    Args:
        values: (m, n), row = system or metric, column = playlist. All rows are resampled alike.
        seed: of the resampling.
        samples: number of resamples.
        level: coverage of the interval.
    """
    rows, count = values.shape
    if not count:
        return [Interval(float("nan"), float("nan"), float("nan"), 0)] * rows
    means = resampled_means(values, seed, samples)
    low, high = np.quantile(means, [(1 - level) / 2, (1 + level) / 2], axis=0)
    centre = values.mean(axis=1)
    return [Interval(float(centre[i]), float(low[i]), float(high[i]), count) for i in range(rows)]


def difference(
    first: NDArray[np.float64], second: NDArray[np.float64], seed: int = 0, samples: int = SAMPLES
) -> Interval:
    """Interval of the mean of ``first - second``, both (n,) over the same playlists."""
    return intervals((first - second)[None, :], seed, samples)[0]


def ratio(
    first: NDArray[np.float64], second: NDArray[np.float64], seed: int = 0, samples: int = SAMPLES
) -> Interval:
    """Interval of mean ``first`` / mean ``second``, both (n,); NaN where ``second`` is all 0."""
    values = np.stack([first, second])
    means = np.concatenate([values.mean(axis=1)[None], resampled_means(values, seed, samples)])
    # A resample without anything found says nothing of the ratio.
    found = means[means[:, 1] > 0]
    if not len(found):
        return Interval(float("nan"), float("nan"), float("nan"), len(first))
    quotient = found[:, 0] / found[:, 1]
    low, high = np.quantile(quotient[1:], [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return Interval(float(quotient[0]), float(low), float(high), len(first))


def resampled_means(values: NDArray[np.float64], seed: int, samples: int) -> NDArray[np.float64]:
    """(samples, m) means of each row over resampled columns."""
    count = values.shape[1]
    random = np.random.default_rng(seed)
    block = max(1, min(samples, BLOCK_VALUES // count))
    share = np.full(count, 1.0 / count)
    means = [
        random.multinomial(count, share, size=min(block, samples - start)) @ values.T / count
        for start in range(0, samples, block)
    ]
    return np.concatenate(means)
