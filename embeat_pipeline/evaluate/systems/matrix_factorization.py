"""Baselines that compress the playlist-track matrix: truncated SVD and implicit-feedback ALS."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.linalg import svds

from embeat_pipeline.evaluate.systems.item_knn import known_tracks


@dataclass(frozen=True)
class SvdOptions:
    """Of ``TruncatedSvd``."""

    factors: int = 128
    seed: int = 0


class TruncatedSvd:
    """PureSVD (Cremonesi et al. 2010): a seed row projected on the leading right vectors."""

    def __init__(self, train: sparse.csr_array, options: SvdOptions = SvdOptions()):
        self.options = options
        self.vocabulary = known_tracks(train)
        matrix = train[:, self.vocabulary].tocsr()
        factors = min(options.factors, min(matrix.shape) - 1)
        _, _, right = svds(matrix, k=factors, rng=np.random.default_rng(options.seed))
        self._items = np.ascontiguousarray(right.T, dtype=np.float32)

    def scores(self, seeds: sparse.csr_array) -> NDArray[np.float32]:
        """See ``baselines.Scorer``."""
        wanted = seeds[:, self.vocabulary].tocsr()
        scores = (wanted @ self._items) @ self._items.T
        scores[np.diff(wanted.indptr) == 0] = -np.inf
        return scores


@dataclass(frozen=True)
class AlsOptions:
    """Of ``Als``."""

    factors: int = 64
    regularization: float = 0.1
    alpha: float = 10.0
    iterations: int = 15
    seed: int = 0


class Als:
    """Alternating least squares on implicit feedback (Hu, Koren & Volinsky 2008).

    Fitted by the ``implicit`` package; a query's factors are solved for here, in one batch.

    Raises:
        ImportError: ``implicit`` is not installed (extra ``evaluate``).
    """

    def __init__(self, train: sparse.csr_array, options: AlsOptions = AlsOptions()):
        from implicit.cpu.als import AlternatingLeastSquares
        from threadpoolctl import threadpool_limits

        self.options = options
        self.vocabulary = known_tracks(train)
        # It works on several users at once; a threaded BLAS below it would fight over the cores.
        with threadpool_limits(1, "blas"):
            model = AlternatingLeastSquares(
                factors=options.factors,
                regularization=options.regularization,
                alpha=options.alpha,
                iterations=options.iterations,
                random_state=options.seed,
            )
            model.fit(sparse.csr_matrix(train[:, self.vocabulary]), show_progress=False)
        self._items = np.asarray(model.item_factors, dtype=np.float32)

    def scores(self, seeds: sparse.csr_array) -> NDArray[np.float32]:
        """See ``baselines.Scorer``."""
        wanted = seeds[:, self.vocabulary].tocsr()
        items, options = self._items, self.options
        size = items.shape[1]
        shared = items.T @ items + options.regularization * np.eye(size, dtype=np.float32)
        row = np.repeat(np.arange(wanted.shape[0]), np.diff(wanted.indptr))
        own = items[wanted.indices]
        outer = np.zeros((wanted.shape[0], size, size), np.float32)
        np.add.at(outer, row, own[:, :, None] * own[:, None, :])
        left = shared + (options.alpha - 1) * outer
        users = np.linalg.solve(left, (options.alpha * (wanted @ items))[:, :, None])[:, :, 0]
        scores = (users @ items.T).astype(np.float32)
        scores[np.diff(wanted.indptr) == 0] = -np.inf
        return scores
