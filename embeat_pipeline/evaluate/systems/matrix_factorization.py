"""Baselines that factorise the playlist-track matrix: truncated SVD and implicit-feedback ALS."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.sparse.linalg import svds
from threadpoolctl import threadpool_limits

from embeat_pipeline.evaluate.systems.base import tracks_in_playlists
from embeat_pipeline.interactions.implicit_als import AlsOptions, fit_als


@dataclass(frozen=True)
class SvdOptions:
    """Parameters of ``TruncatedSvd``."""

    factors: int = 128
    seed: int = 0


class TruncatedSvd:
    """Project a row of seeds on the leading right singular vectors (PureSVD).

    Cremonesi, Koren & Turrin (2010), "Performance of recommender algorithms on top-n recommendation
    tasks".
    """

    def __init__(self, train: sparse.csr_array, options: SvdOptions = SvdOptions()):
        self.options = options
        self.vocabulary = tracks_in_playlists(train)
        matrix = train[:, self.vocabulary].tocsr()
        factors = min(options.factors, min(matrix.shape) - 1)
        _, _, right = svds(matrix, k=factors, rng=np.random.default_rng(options.seed))
        self._items = np.ascontiguousarray(right.T, dtype=np.float32)

    def scores(self, seeds: sparse.csr_array) -> NDArray[np.float32]:
        """Score the vocabulary, see ``Scorer.scores``."""
        in_vocabulary = seeds[:, self.vocabulary].tocsr()
        scores = (in_vocabulary @ self._items) @ self._items.T
        scores[np.diff(in_vocabulary.indptr) == 0] = -np.inf
        return scores


class Als:
    """Alternating least squares on implicit feedback, by the package ``implicit``.

    Hu, Koren & Volinsky (2008), "Collaborative filtering for implicit feedback datasets". The
    factors of a query are those of a user who has its seeds.
    """

    def __init__(self, train: sparse.csr_array, options: AlsOptions = AlsOptions()):
        self.options = options
        self.vocabulary = tracks_in_playlists(train)
        self._model = fit_als(train[:, self.vocabulary].tocsr(), options)

    def scores(self, seeds: sparse.csr_array) -> NDArray[np.float32]:
        """Score the vocabulary, see ``Scorer.scores``."""
        in_vocabulary = sparse.csr_matrix(seeds[:, self.vocabulary])
        queries = np.arange(in_vocabulary.shape[0])
        with threadpool_limits(1, "blas"):
            users = self._model.recalculate_user(queries, in_vocabulary)
        scores = np.asarray(users @ self._model.item_factors.T, np.float32)
        scores[np.diff(in_vocabulary.indptr) == 0] = -np.inf
        return scores
