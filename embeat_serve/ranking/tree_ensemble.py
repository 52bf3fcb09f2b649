"""Score candidates by gradient-boosted trees: the forward pass in numpy, and what each group says.

``embeat_pipeline.ranking`` trains the trees. All trees are evaluated at once, as in QuickScorer
(Lucchese et al. 2015): every comparison of every tree is made, each that fails strikes out the
leaves of its left branch, and the first leaf left is the answer.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MAX_LEAVES = 16
"""Most leaves of a tree: one bit of ``uint16`` for each."""

_FIRST_BIT = np.array(
    [(number & -number).bit_length() - 1 for number in range(1 << MAX_LEAVES)], np.intp
)
"""(65536,) position of the lowest bit that is set in 0, 1, 2...; -1 for 0, which never occurs."""

CHUNK_ROWS = 256
"""Candidates evaluated at a time: 300 trees make a million comparisons of them, 4 MB."""


@dataclass(frozen=True, eq=False)
class TreeEnsemble:
    """t trees of up to ``MAX_LEAVES`` leaves over f features, in g groups.

    A score is a sum of leaves, and a leaf a sum over groups, so what each group adds to a score can
    be read off. A group's part of a leaf is what the comparisons of its features change on the way
    from the root (Saabas 2014): after each, the mean of the training examples that went the
    same way.

    Attributes:
        features: (15, t) int16, the feature that each inner node compares; 0 where there is none.
        thresholds: (15, t) float32; a candidate goes right where its feature is greater.
        kept_leaves: (15, t) uint16, a bit for each leaf that is left where it goes right.
        leaves: (t, 16, g) float64, what each group adds in a leaf.
        base: mean score of the training examples.

    Raises:
        ValueError: the arrays do not fit together.
    """

    features: NDArray[np.int16]
    thresholds: NDArray[np.float32]
    kept_leaves: NDArray[np.uint16]
    leaves: NDArray[np.float64]
    base: float

    def __post_init__(self) -> None:
        shape = self.features.shape
        if len(shape) != 2 or not shape == self.thresholds.shape == self.kept_leaves.shape:
            raise ValueError(f"trees of different shapes: {shape} and {self.thresholds.shape}")
        if self.leaves.ndim != 3 or self.leaves.shape[:2] != (shape[1], MAX_LEAVES):
            raise ValueError(f"found leaves of shape {self.leaves.shape} for {shape[1]} trees")

    def __len__(self) -> int:
        return self.features.shape[1]

    def contributions(self, features: NDArray[np.float32]) -> NDArray[np.float64]:
        """(n, g) what each group adds to the scores of candidates with ``features`` (n, f)."""
        groups = self.leaves.shape[2]
        leaves = self.leaves.reshape(-1, groups)
        first_leaf = MAX_LEAVES * np.arange(len(self))[:, None]
        parts = [np.zeros((0, groups))]
        for start in range(0, len(features), CHUNK_ROWS):
            leaf = self._leaf(features[start : start + CHUNK_ROWS])
            parts.append(leaves.take(first_leaf + leaf, axis=0).sum(axis=0))
        return np.concatenate(parts)

    def scores(self, features: NDArray[np.float32]) -> NDArray[np.float64]:
        """(n,) scores: ``base`` and all contributions. Only their order has a meaning."""
        return self.base + self.contributions(features).sum(axis=1)

    def _leaf(self, features: NDArray[np.float32]) -> NDArray[np.intp]:
        """(t, n) position of the leaf that each candidate reaches in each tree."""
        goes_right = np.ascontiguousarray(features.T)[self.features] > self.thresholds[:, :, None]
        # All bits where it goes left: 0 - 1 wraps around. ``np.where`` takes ten times as long.
        all_if_left = goes_right.astype(np.uint16) - np.uint16(1)
        kept = all_if_left | self.kept_leaves[:, :, None]
        return _FIRST_BIT[np.bitwise_and.reduce(kept, axis=0)]
