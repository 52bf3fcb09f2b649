"""Aggregate the neighbour lists of several seeds: which tracks do they speak for together."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from embeat_serve.contract.neighbour_codec import NeighbourList

HALF_WAY = 8
"""Further seeds at which both kinds of strength count alike."""


class AggregatedNeighbours(NamedTuple):
    """Tracks of one neighbour list that are among the best of all lists: n of them."""

    codes: NDArray[np.uint32]
    """(n,) best first, equals in the list's order."""
    strengths: NDArray[np.float32]
    """(n,) 0..1, as ``interpolate_strengths`` has them."""
    shared: NDArray[np.integer] | None
    """(n,) see ``NeighbourList.shared``."""
    als: NDArray[np.float32] | None = None
    """(n,) see ``NeighbourList.als``."""
    log_counts: NDArray[np.float32] | None = None
    """(n,) see ``NeighbourList.log_counts``."""

    def select(self, rows: NDArray[np.intp] | NDArray[np.bool_]) -> "AggregatedNeighbours":
        """Some of the tracks."""
        return AggregatedNeighbours(
            self.codes[rows],
            self.strengths[rows],
            None if self.shared is None else self.shared[rows],
            None if self.als is None else self.als[rows],
            None if self.log_counts is None else self.log_counts[rows],
        )


_NO_NEIGHBOURS = AggregatedNeighbours(np.zeros(0, np.uint32), np.zeros(0, np.float32), None)


def interpolate_strengths(neighbours: NeighbourList, seeds: int) -> NDArray[np.float32]:
    """(n,) strengths of a list that is one of ``seeds`` lists.

    They lie between the strengths for a single seed and those for one of many, half way at
    ``HALF_WAY`` further seeds.
    """
    share = (seeds - 1) / (seeds - 1 + HALF_WAY)
    mixed = (1 - share) * neighbours.strengths + share * neighbours.several
    return mixed.astype(np.float32)


def aggregate_neighbours(
    lists: Sequence[NeighbourList | None], excluded: Sequence[int], limit: int
) -> list[AggregatedNeighbours]:
    """Choose the tracks that all lists together speak for most.

    A track's strength is its sum over the lists that hold it, so two seeds that agree outweigh
    one that insists.

    Args:
        lists: of each seed; None where a seed has none.
        excluded: codes that are no answer.
        limit: most tracks of all lists together.

    Returns:
        For each list, those of its tracks that are chosen.
    """
    seeds = sum(one is not None for one in lists)
    by_strength = [_by_strength(one, seeds) if one else _NO_NEIGHBOURS for one in lists]
    codes, row = np.unique(np.concatenate([one.codes for one in by_strength]), return_inverse=True)
    strengths = np.concatenate([one.strengths for one in by_strength])
    totals = np.bincount(row, strengths, minlength=len(codes))
    totals[np.isin(codes, np.asarray(excluded, np.int64))] = 0
    best = np.lexsort((codes, -totals))[:limit]
    is_chosen = np.zeros(len(codes), bool)
    is_chosen[best[totals[best] > 0]] = True
    ends = np.cumsum([len(one.codes) for one in by_strength])[:-1]
    masks = np.split(is_chosen[row], ends)
    return [one.select(mask) for one, mask in zip(by_strength, masks, strict=True)]


def _by_strength(neighbours: NeighbourList, seeds: int) -> AggregatedNeighbours:
    """Tracks of a list that have any strength, strongest first."""
    strengths = interpolate_strengths(neighbours, seeds)
    order = np.argsort(-strengths, kind="stable")
    order = order[strengths[order] > 0]
    return AggregatedNeighbours(
        neighbours.codes, strengths, neighbours.shared, neighbours.als, neighbours.log_counts
    ).select(order)
