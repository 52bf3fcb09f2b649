"""Each track foretold from all others of a playlist: a ridge regression in closed form."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import sparse

from embeat_pipeline.playlists.config import NeighbourConfig
from embeat_pipeline.playlists.neighbours.item_knn import (
    Candidates,
    NeighbourInputs,
    ScoreAccumulator,
)

ROWS_AT_ONCE = 1_000


class RegressionSource:
    """Weights of the linear model x -> x B with a diagonal of 0 (EASE; Steck 2019).

    With P = (X^T X + ridge I)^-1 for playlists X (p, v), B_st = -P_st / P_tt. Where playlists are
    few, P follows from the smaller K = (X X^T + ridge I)^-1 (Woodbury): off the diagonal
    -ridge P_st = x_s^T K x_t, on it ridge P_tt = 1 - x_t^T K x_t. Where they are many, X has the
    tracks in most playlists alone, and the others neither say nor are told anything.
    """

    def __init__(self, material: NeighbourInputs, candidates: Candidates, config: NeighbourConfig):
        columns = candidates.columns
        self._few = material.playlists.shape[0] <= config.max_regressed
        if self._few:
            self._tracks = material.by_track
            self._candidates = candidates.playlists
            self._inverse = inverse(material.playlists, config.ridge)
            self._own = 1 - self._explained(columns)
            return
        counts = material.counts[columns]
        chosen = np.sort(np.argsort(-counts, kind="stable")[: config.max_regressed])
        self._columns = chosen
        """(h,) candidates in the regression, ascending."""
        self._place = np.full(len(material.track_codes), -1)
        self._place[columns[chosen]] = np.arange(len(chosen))
        self._inverse = inverse(material.by_track[columns[chosen]], config.ridge)
        self._own = np.diagonal(self._inverse).copy()

    def add_to(self, sinks: Sequence[ScoreAccumulator], words: NDArray[np.intp]) -> None:
        """Add what speaks for every candidate as a neighbour of ``words`` (b,).

        What speaks against one is added, too; at the words themselves anything may be added.
        """
        if self._few:
            said = (self._candidates.T @ (self._tracks[words] @ self._inverse).T).T / self._own
            rows, columns = slice(None), slice(None)
        else:
            place = self._place[words]
            found = np.flatnonzero(place >= 0)
            said = self._inverse[place[found]] / -self._own
            rows, columns = found[:, None], self._columns
        for blend, scores in sinks:
            if blend.regression_weight:
                scores[rows, columns] += np.float32(blend.regression_weight) * said

    def _explained(self, columns: NDArray[np.intp]) -> NDArray[np.float32]:
        """(c,) x_t^T K x_t of every candidate."""
        found = np.empty(len(columns), np.float32)
        for start in range(0, len(columns), ROWS_AT_ONCE):
            held = self._tracks[columns[start : start + ROWS_AT_ONCE]]
            product = held @ self._inverse
            row = np.repeat(np.arange(held.shape[0]), np.diff(held.indptr))
            values = held.data * product[row, held.indices]
            found[start : start + held.shape[0]] = np.bincount(row, values, held.shape[0])
        return found


def inverse(matrix: sparse.csr_array, ridge: float) -> NDArray[np.float32]:
    """(M M^T + ridge I)^-1 of a matrix M (n, m), (n, n) float32."""
    number = matrix.shape[0]
    product = np.empty((number, number), np.float32)
    transposed = matrix.T.tocsr()
    for start in range(0, number, ROWS_AT_ONCE):
        rows = slice(start, start + ROWS_AT_ONCE)
        product[rows] = (matrix[rows] @ transposed).toarray()
    product[np.diag_indices(number)] += np.float32(ridge)
    # Positive definite, since ridge is above 0; LAPACK works within the matrix it is given.
    factor = torch.linalg.cholesky(torch.from_numpy(product))
    return torch.cholesky_inverse(factor).numpy()
