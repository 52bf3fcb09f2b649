"""Source: a linear model that predicts each track from the others of a playlist (EASE)."""

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import sparse

from embeat_pipeline.playlists.config import NeighbourConfig
from embeat_pipeline.playlists.neighbours.inputs import NeighbourInputs
from embeat_pipeline.playlists.neighbours.source import Candidates, ScoreAccumulator

ROWS_AT_ONCE = 1_000


class EaseSource:
    """Weights of the linear model x -> x B whose diagonal is 0 (Steck 2019).

    With P = (X^T X + ridge I)^-1 for playlists X (p, v), B_st = -P_st / P_tt. Where playlists are
    few, P follows from the smaller K = (X X^T + ridge I)^-1 (Woodbury identity): off the diagonal
    -ridge P_st = x_s^T K x_t, on it ridge P_tt = 1 - x_t^T K x_t. Where playlists are many, X
    holds only the tracks in most playlists, and all other tracks score 0.
    """

    weight_name: ClassVar[str] = "ease_weight"

    def __init__(self, inputs: NeighbourInputs, candidates: Candidates, config: NeighbourConfig):
        columns = candidates.columns
        self._over_playlists = inputs.playlists.shape[0] <= config.max_ease_tracks
        if self._over_playlists:
            self._tracks = inputs.by_track
            self._candidates = candidates.playlists
            self._inverse = ridge_inverse(inputs.playlists, config.ridge)
            self._diagonal = 1 - explained_by_inverse(self._tracks, self._inverse, columns)
            return
        counts = inputs.counts[columns]
        self._columns = np.sort(np.argsort(-counts, kind="stable")[: config.max_ease_tracks])
        """(h,) candidates in the model, ascending."""
        self._row_of_word = np.full(len(inputs.track_codes), -1)
        self._row_of_word[columns[self._columns]] = np.arange(len(self._columns))
        self._inverse = ridge_inverse(inputs.by_track[columns[self._columns]], config.ridge)
        self._diagonal = np.diagonal(self._inverse).copy()

    def add_to(self, accumulators: Sequence[ScoreAccumulator], words: NDArray[np.intp]) -> None:
        """Add the weighted coefficients to the rows of ``words`` (b,), negative ones too.

        A word's own score may change by anything.
        """
        if self._over_playlists:
            product = self._candidates.T @ (self._tracks[words] @ self._inverse).T
            coefficients = product.T / self._diagonal
            rows, columns = slice(None), slice(None)
        else:
            row_of_word = self._row_of_word[words]
            in_model = np.flatnonzero(row_of_word >= 0)
            coefficients = self._inverse[row_of_word[in_model]] / -self._diagonal
            rows, columns = in_model[:, None], self._columns
        for weights, scores in accumulators:
            if weights.ease_weight:
                scores[rows, columns] += np.float32(weights.ease_weight) * coefficients


def explained_by_inverse(
    tracks: sparse.csr_array, inverse: NDArray[np.float32], words: NDArray[np.intp] | None = None
) -> NDArray[np.float32]:
    """Return (n,) x_t^T K x_t for the rows x_t of ``tracks`` (v, p) and K = ``inverse`` (p, p).

    Args:
        tracks: playlists of each track.
        inverse: see ``ridge_inverse``.
        words: (n,) rows to compute; None for all.
    """
    words = np.arange(tracks.shape[0]) if words is None else words
    explained = np.empty(len(words), np.float32)
    for start in range(0, len(words), ROWS_AT_ONCE):
        rows = tracks[words[start : start + ROWS_AT_ONCE]]
        product = rows @ inverse
        row = np.repeat(np.arange(rows.shape[0]), np.diff(rows.indptr))
        values = rows.data * product[row, rows.indices]
        explained[start : start + rows.shape[0]] = np.bincount(row, values, rows.shape[0])
    return explained


def ridge_inverse(matrix: sparse.csr_array, ridge: float) -> NDArray[np.float32]:
    """Return (M M^T + ridge I)^-1 of a matrix M (n, m) as (n, n) float32."""
    number = matrix.shape[0]
    product = np.empty((number, number), np.float32)
    transposed = matrix.T.tocsr()
    for start in range(0, number, ROWS_AT_ONCE):
        rows = slice(start, start + ROWS_AT_ONCE)
        product[rows] = (matrix[rows] @ transposed).toarray()
    product[np.diag_indices(number)] += np.float32(ridge)
    # Positive definite, since ridge is above 0; LAPACK works within the matrix it is given.
    factor = torch.linalg.cholesky(torch.from_numpy(product))
    # LAPACK returns columns. The matrix is symmetric, so its transpose is the same in rows, as
    # products with a sparse matrix read it; otherwise each of them would copy it.
    return torch.cholesky_inverse(factor).numpy().T
