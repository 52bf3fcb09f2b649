"""Fit alternating least squares on implicit feedback, by the package ``implicit``."""

from dataclasses import dataclass

from implicit.cpu.als import AlternatingLeastSquares
from scipy import sparse
from threadpoolctl import threadpool_limits


@dataclass(frozen=True)
class AlsOptions:
    """Parameters of ``fit_als``, as ``implicit`` names them."""

    factors: int = 64
    regularization: float = 0.1
    alpha: float = 10.0
    iterations: int = 15
    seed: int = 0


def fit_als(playlists: sparse.csr_array, options: AlsOptions) -> AlternatingLeastSquares:
    """Factorise a binary matrix of playlists (playlists, tracks); the same every time.

    Hu, Koren & Volinsky (2008), "Collaborative filtering for implicit feedback datasets".
    """
    # It solves for several users at once; a threaded BLAS below it would compete for the cores.
    with threadpool_limits(1, "blas"):
        model = AlternatingLeastSquares(
            factors=options.factors,
            regularization=options.regularization,
            alpha=options.alpha,
            iterations=options.iterations,
            random_state=options.seed,
        )
        model.fit(sparse.csr_matrix(playlists), show_progress=False)
    return model
