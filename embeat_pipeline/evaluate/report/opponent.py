"""Choose the opponent of an evaluation, and compare the release and its channels with it.

The opponent is the best single model, for each number of seeds by itself: the baseline that reached
most on validation queries. Choosing it by the test queries would favour whichever was lucky there.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from embeat_pipeline.evaluate.report import summary
from embeat_pipeline.evaluate.report.summary import HEADLINE, NOVEL, Values
from embeat_pipeline.evaluate.systems.base import FUSED, PRODUCT, System, SystemGroup
from embeat_pipeline.interactions import bootstrap
from embeat_serve.contract.schema import CHANNELS

MIN_GUARD_QUERIES = 50
"""Smallest number of queries of a stratum in ``never_below``."""
GUARDED = (PRODUCT, FUSED)
"""Systems that should never be below the best of their own channels."""


def choose_opponents(systems: Sequence[System], seed_counts: Iterable[int]) -> dict[int, str]:
    """Name the best single model for each number of seeds.

    Without validation queries for a number of seeds, those of the nearest number decide.

    Args:
        systems: all systems; candidates are the baselines with figures of validation.
        seed_counts: numbers of seeds.

    Returns:
        Number of seeds -> name; the first of equals, and nothing where no baseline was tuned.
    """
    reached = {
        system.name: system.validation
        for system in systems
        if system.group is SystemGroup.BASELINE and system.validation
    }
    known = sorted({count for of_system in reached.values() for count in of_system})
    opponents = {}
    for count in seed_counts if known else ():
        nearest = min(known, key=lambda other: abs(other - count))
        opponents[count] = max(reached, key=lambda name: reached[name].get(nearest, -1.0))
    return opponents


def headline(
    systems: Sequence[System],
    opponents: Mapping[int, str],
    measured: Mapping[str, Mapping[str, Any]],
) -> dict[str, Any]:
    """The release and each of its channels against the opponent, on novel playlists.

    Args:
        systems: all systems.
        opponents: of ``choose_opponents``.
        measured: number of seeds -> see ``aggregate.measure_queries``.

    Returns:
        Number of seeds -> ``opponent`` (its name), ``validation`` (baseline -> nDCG@20 that it was
        chosen by) and ``systems`` (name -> nDCG@20, ``difference`` and ``ratio`` to the opponent,
        each an interval). Numbers of seeds without an opponent or a novel playlist are left out.
    """
    result = {}
    for count, opponent in opponents.items():
        of_count = measured[str(count)]
        if not of_count["queries"][NOVEL]:
            continue
        result[str(count)] = {
            "opponent": opponent,
            "validation": {
                system.name: system.validation[count]
                for system in systems
                if count in system.validation
            },
            "systems": {
                name: {
                    HEADLINE: of_count["table"][name][NOVEL][HEADLINE],
                    "difference": of_count["differences"].get(name, {}).get(NOVEL),
                    "ratio": of_count["ratios"].get(name, {}).get(NOVEL),
                }
                for name in _compared(systems, opponent)
            },
        }
    return result


def _compared(systems: Sequence[System], opponent: str) -> list[str]:
    compared = [PRODUCT, FUSED, *CHANNELS, opponent]
    names = [system.name for system in systems]
    return [name for name in compared if name in names]


def never_below(
    values: Values,
    rows: Mapping[str, NDArray[np.bool_]],
    seed: int = 0,
    level: float = bootstrap.LEVEL,
) -> dict[str, dict[str, Any]]:
    """Compare the product and the fused list with the best single channel of each stratum.

    The best channel is chosen by the queries of the stratum itself, which favours the channel.

    Args:
        values: of ``summary.query_values``.
        rows: of ``summary.masks``.
        seed: of the bootstrap.
        level: coverage of the intervals.

    Returns:
        System -> stratum with enough queries -> ``channel`` (its name), the interval of the
        difference to it (``mean``, ``low``, ``high``, ``count``), and ``is_below``: whether the
        whole interval is below 0.
    """
    channels = {name: values[name][HEADLINE] for name in CHANNELS if name in values}
    guarded = [name for name in GUARDED if name in values] if channels else []
    result: dict[str, dict[str, Any]] = {name: {} for name in guarded}
    for stratum, mask in rows.items():
        if not guarded or mask.sum() < MIN_GUARD_QUERIES:
            continue
        best = max(channels, key=lambda name: channels[name][mask].mean())
        of_stratum = {stratum: mask}
        gains = summary.differences(
            {name: values[name] for name in (*guarded, best)}, best, of_stratum, seed, level
        )
        for name in guarded:
            gain = gains[name][stratum]
            result[name][stratum] = {"channel": best, **gain, "is_below": gain["high"] < 0}
    return result
