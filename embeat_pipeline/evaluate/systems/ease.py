"""Baseline that predicts each track from the others of a playlist by a linear model (EASE)."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from embeat_pipeline.evaluate.systems.base import tracks_in_playlists
from embeat_pipeline.playlists.neighbours.ease import explained_by_inverse, ridge_inverse

MAX_PLAYLISTS = 20_000
"""Largest number of playlists for which their inverse is computed: 1.6 GB as float32."""


@dataclass(frozen=True)
class EaseOptions:
    """Parameters of ``Ease``."""

    ridge: float = 1_000.0
    """Penalty on the squared coefficients: lambda of the paper."""


class Ease:
    """Score tracks by x B, where B minimises |X - X B|^2 + ridge |B|^2 and its diagonal is 0.

    Steck (2019), "Embarrassingly shallow autoencoders for sparse data". For playlists X (p, v) the
    paper inverts X^T X + ridge I, a (v, v) matrix. Playlists are fewer than tracks, and the
    smaller K = (X X^T + ridge I)^-1 gives the same coefficients by the Woodbury identity:
    B_st = x_s^T K x_t / (1 - x_t^T K x_t), where x_t is the column of track t.
    """

    def __init__(self, train: sparse.csr_array, options: EaseOptions = EaseOptions()):
        self.options = options
        self.vocabulary = tracks_in_playlists(train)
        playlists = train[:, self.vocabulary].tocsr()
        self._tracks = playlists.T.tocsr()
        self._inverse = ridge_inverse(playlists, options.ridge)
        self._explained = explained_by_inverse(self._tracks, self._inverse)

    def scores(self, seeds: sparse.csr_array) -> NDArray[np.float32]:
        """Score the vocabulary, see ``Scorer.scores``."""
        in_vocabulary = seeds[:, self.vocabulary].tocsr()
        product = (in_vocabulary @ self._tracks) @ self._inverse
        scores = np.ascontiguousarray((self._tracks @ product.T).T)
        # The diagonal of B is 0: a seed says nothing of itself.
        row = np.repeat(np.arange(seeds.shape[0]), np.diff(in_vocabulary.indptr))
        scores[row, in_vocabulary.indices] -= self._explained[in_vocabulary.indices]
        scores /= 1 - self._explained
        scores[np.diff(in_vocabulary.indptr) == 0] = -np.inf
        return scores
