"""Train, validation and test playlists, and which test playlists are copies of training ones.

Playlists copy one another, so a random split alone rewards remembering. Two remedies:
a test playlist is *novel* where no training playlist resembles it, and the headline figures are
on those; and what is tuned on validation cannot be tuned on copies of the training set.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from embeat_pipeline.interactions.playlists import Playlists, uniform

BLOCK = 512
"""Playlists compared with all others at a time; bounds the memory of the counts."""


@dataclass(frozen=True)
class SplitOptions:
    """Shares are of all playlists; Jaccard thresholds are exclusive."""

    test_share: float = 0.15
    validation_share: float = 0.05
    max_test: int = 20_000
    """Beyond that many the intervals are narrow enough and only time is lost."""
    max_validation: int = 5_000
    duplicate_jaccard: float = 0.2
    """More alike than that, two playlists are never one in train and one in validation."""
    novel_jaccard: float = 0.2
    """A test playlist is novel if no training playlist is more alike than that."""
    seed: int = 0


@dataclass(frozen=True)
class Split:
    """Masks over the playlists, each (n,) bool; every playlist is in exactly one part."""

    train: NDArray[np.bool_]
    validation: NDArray[np.bool_]
    test: NDArray[np.bool_]


def split_playlists(playlists: Playlists, options: SplitOptions = SplitOptions()) -> Split:
    """Split by a seeded hash of each playlist's key, so that growth of the lake moves nothing.

    A playlist drawn for validation goes to train if one that is more alike than
    ``duplicate_jaccard`` is there; that is repeated until no such pair straddles the two.
    """
    count = max(len(playlists), 1)
    test_share = min(options.test_share, options.max_test / count)
    validation_share = min(options.validation_share, options.max_validation / count)
    draw = uniform(playlists.keys, options.seed)
    test = draw < test_share
    validation = ~test & (draw < test_share + validation_share)

    drawn, others = np.flatnonzero(validation), np.flatnonzero(~test)
    left, right, _ = alike_pairs(
        playlists.tracks[drawn], playlists.tracks[others], options.duplicate_jaccard
    )
    left, right = drawn[left], others[right]
    while (straddles := left[validation[left] & ~validation[right]]).size:
        validation[straddles] = False
    return Split(train=~test & ~validation, validation=validation, test=test)


def novel(
    playlists: Playlists, train: Playlists, threshold: float = SplitOptions.novel_jaccard
) -> NDArray[np.bool_]:
    """(n,) whether no training playlist has a Jaccard index above ``threshold`` with each."""
    alike, _, _ = alike_pairs(playlists.tracks, train.tracks, threshold)
    result = np.ones(len(playlists), bool)
    result[alike] = False
    return result


def alike_pairs(
    left: sparse.csr_array, right: sparse.csr_array, threshold: float
) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.float64]]:
    """Pairs of rows of two binary matrices whose Jaccard index exceeds ``threshold``.

    Returns:
        Row in ``left``, row in ``right`` and the index of each pair, ordered by row in ``left``.
    """
    left_sizes, right_sizes = np.diff(left.indptr), np.diff(right.indptr)
    transposed = right.T.tocsr()
    found: list[tuple[NDArray, NDArray, NDArray]] = []
    for start in range(0, left.shape[0], BLOCK):
        shared = (left[start : start + BLOCK] @ transposed).tocoo()
        rows, columns = shared.row + start, shared.col
        union = left_sizes[rows] + right_sizes[columns] - shared.data
        jaccard = shared.data / union
        kept = jaccard > threshold
        found.append((rows[kept], columns[kept], jaccard[kept]))
    if not found:
        nothing = np.empty(0, np.intp)
        return nothing, nothing, np.empty(0)
    rows, columns, jaccard = (np.concatenate(parts) for parts in zip(*found, strict=True))
    return rows.astype(np.intp), columns.astype(np.intp), jaccard.astype(np.float64)
