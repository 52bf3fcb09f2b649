"""Aggregate the neighbour lists of several seeds into one list for each."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from embeat_serve.contract.neighbour_codec import NeighbourList

HALF_WAY = 8
"""Further seeds with which both kinds of strength count alike."""


def interpolate_strengths(found: NeighbourList, seeds: int) -> NDArray[np.float32]:
    """(n,) strengths of a list that is one of so many, between the two kinds."""
    share = (seeds - 1) / (seeds - 1 + HALF_WAY)
    mixed = (1 - share) * found.strengths + share * found.several
    return mixed.astype(np.float32)


class AggregatedNeighbours(NamedTuple):
    """What one list says of the tracks that all lists together speak for most."""

    codes: NDArray[np.uint32]
    """Best first, equals in the list's order."""
    strengths: NDArray[np.float32]
    shared: NDArray[np.integer] | None
    """See ``NeighbourList``."""


def aggregate_neighbours(
    lists: Sequence[NeighbourList | None], excluded: Sequence[int], limit: int
) -> list[AggregatedNeighbours]:
    """The tracks that all lists together speak for most, and what each list says of them.

    A track's strength is the sum over the lists that hold it, so two seeds that agree outweigh
    one that insists.

    Args:
        lists: of each seed; None where a seed has none.
        excluded: codes that are no answer.
        limit: tracks wanted.

    Returns:
        For each list those of its tracks that are among the best ``limit``.
    """
    none = AggregatedNeighbours(np.zeros(0, np.uint32), np.zeros(0, np.float32), None)
    seeds = sum(found is not None for found in lists)
    given = [_positive(found, seeds) if found else none for found in lists]
    codes, place = np.unique(np.concatenate([one.codes for one in given]), return_inverse=True)
    strengths = np.concatenate([one.strengths for one in given])
    total = np.bincount(place, strengths, minlength=len(codes))
    total[np.isin(codes, np.asarray(excluded, np.int64))] = 0
    order = np.lexsort((codes, -total))[:limit]
    kept = np.zeros(len(codes), bool)
    kept[order[total[order] > 0]] = True
    chosen = np.split(kept[place], np.cumsum([len(one.codes) for one in given])[:-1])
    return [_picked(one, mask) for one, mask in zip(given, chosen, strict=True)]


def _picked(found: AggregatedNeighbours, where: NDArray) -> AggregatedNeighbours:
    shared = None if found.shared is None else found.shared[where]
    return AggregatedNeighbours(found.codes[where], found.strengths[where], shared)


def _positive(found: NeighbourList, seeds: int) -> AggregatedNeighbours:
    strengths = interpolate_strengths(found, seeds)
    order = np.argsort(-strengths, kind="stable")
    order = order[strengths[order] > 0]
    return _picked(AggregatedNeighbours(found.codes, strengths, found.shared), order)
