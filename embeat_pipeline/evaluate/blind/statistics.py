"""Statistics of paired choices: exact intervals, the sign test, agreement of two judges."""

from collections.abc import Sequence
from dataclasses import dataclass

from scipy.stats import binomtest

LEVEL = 0.95
"""Coverage of an interval."""


@dataclass(frozen=True)
class Share:
    """A share of ``count`` cases, its interval, and a test of its being a half."""

    share: float | None
    """None where ``count`` is 0."""
    low: float
    high: float
    p_value: float
    """Of the two-sided sign test: how likely a share at least as far from a half is by chance."""
    count: int


def exact_share(hits: int, count: int) -> Share:
    """Share of hits with its 95% interval by Clopper & Pearson (1934) and the exact sign test.

    Both rest on the same tails, so the interval leaves out 0.5 exactly where p < 0.05.

    Args:
        hits: 0..``count``.
        count: independent cases; without any, nothing is known: [0, 1] and p = 1.
    """
    if not count:
        return Share(None, 0.0, 1.0, 1.0, 0)
    test = binomtest(hits, count, 0.5)
    interval = test.proportion_ci(LEVEL, method="exact")
    return Share(hits / count, float(interval.low), float(interval.high), float(test.pvalue), count)


def cohen_kappa(first: Sequence[object], second: Sequence[object]) -> float | None:
    """Agreement of two judges beyond chance: 1 always, 0 as by chance (Cohen 1960).

    Args:
        first: the first judge's choice for each case.
        second: the second judge's, as many.

    Returns:
        None where chance alone makes them agree, as when both choose the same every time.
    """
    count = len(first)
    if not count:
        return None
    observed = sum(one == other for one, other in zip(first, second, strict=True)) / count
    labels = {*first, *second}
    expected = sum(list(first).count(each) * list(second).count(each) for each in labels) / count**2
    return None if expected == 1 else (observed - expected) / (1 - expected)
