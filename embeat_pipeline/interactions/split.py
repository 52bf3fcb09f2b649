"""Split playlists into train, validation and test, and find near-copies of training playlists.

People copy playlists, so a random split alone rewards a model that remembers. There are two
remedies. A test playlist is *novel* if no training playlist resembles it, and the headline figures
are of novel playlists. And no validation playlist resembles a training playlist.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from embeat_pipeline.interactions.playlists import Playlists, uniform

BLOCK = 512
"""Playlists that are compared with all others at a time; limits the memory of the counts."""


@dataclass(frozen=True)
class SplitOptions:
    """How playlists are split. Shares are of all playlists; Jaccard thresholds are exclusive."""

    test_share: float = 0.15
    validation_share: float = 0.05
    max_test: int = 20_000
    """Largest number of test playlists; with more, intervals hardly get narrower."""
    max_validation: int = 5_000
    duplicate_jaccard: float = 0.2
    """Above this similarity two playlists are never one in train and one in validation."""
    novel_jaccard: float = 0.2
    """A test playlist is novel if no training playlist is above this similarity."""
    seed: int = 0


@dataclass(frozen=True)
class Split:
    """Masks over the playlists, each (n,) bool; every playlist is in exactly one part."""

    train: NDArray[np.bool_]
    validation: NDArray[np.bool_]
    test: NDArray[np.bool_]


def split_playlists(playlists: Playlists, options: SplitOptions = SplitOptions()) -> Split:
    """Split by a seeded hash of each playlist's key, which does not depend on other playlists.

    A playlist drawn for validation goes to train if a training playlist is more similar than
    ``duplicate_jaccard``. This is repeated until no such pair is left.
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
    """(n,) whether no training playlist has a Jaccard index above ``threshold`` with a playlist."""
    alike, _, _ = alike_pairs(playlists.tracks, train.tracks, threshold)
    result = np.ones(len(playlists), bool)
    result[alike] = False
    return result


def alike_pairs(
    left: sparse.csr_array, right: sparse.csr_array, threshold: float
) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.float64]]:
    """Find pairs of rows of two binary matrices whose Jaccard index exceeds ``threshold``.

    Returns:
        Row in ``left``, row in ``right`` and Jaccard index of each pair, by row in ``left``.
    """
    left_sizes, right_sizes = np.diff(left.indptr), np.diff(right.indptr)
    transposed = right.T.tocsr()
    pairs: list[tuple[NDArray, NDArray, NDArray]] = []
    for start in range(0, left.shape[0], BLOCK):
        shared = (left[start : start + BLOCK] @ transposed).tocoo()
        rows, columns = shared.row + start, shared.col
        union = left_sizes[rows] + right_sizes[columns] - shared.data
        jaccard = shared.data / union
        above = jaccard > threshold
        pairs.append((rows[above], columns[above], jaccard[above]))
    if not pairs:
        nothing = np.empty(0, np.intp)
        return nothing, nothing, np.empty(0)
    rows, columns, jaccard = (np.concatenate(parts) for parts in zip(*pairs, strict=True))
    return rows.astype(np.intp), columns.astype(np.intp), jaccard.astype(np.float64)
