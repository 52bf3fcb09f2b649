"""Score neighbours by matrix factorisation (ALS) where a track or an artist is the only seed."""

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from embeat_pipeline.interactions.implicit_als import AlsOptions, fit_als
from embeat_pipeline.playlists.config import NeighbourConfig
from embeat_pipeline.playlists.neighbours.inputs import UNKNOWN, NeighbourInputs
from embeat_pipeline.playlists.neighbours.source import Candidates


class AlsScores:
    """Scores of the candidates for a user who has one item (Hu, Koren & Volinsky 2008).

    With the factors Y of all tracks and A = (Y^T Y + regularization I)^-1, a user who has only the
    item of factors y has the factors u = alpha A y / (1 + (alpha - 1) y^T A y), by
    Sherman-Morrison; the score of a candidate c is u . y_c. An artist stands as one item: the mean
    of its tracks' factors, each weighted by the number of playlists that hold it.

    Only Y is kept, 256 MB for a million tracks, and the candidates' part of it, 77 MB. Fitting
    needs the factors of the playlists, too: 256 bytes each.
    """

    def __init__(self, inputs: NeighbourInputs, candidates: Candidates, config: NeighbourConfig):
        self._alpha = config.als_alpha
        self._items = _item_factors(inputs.playlists, config)
        self._candidates = np.ascontiguousarray(self._items[candidates.columns].T)
        gram = (self._items.T @ self._items).astype(np.float64)
        self._inverse = np.linalg.inv(gram + config.als_regularization * np.eye(len(gram)))
        self._tracks_of_artist = _weighted_tracks(inputs)

    def of_tracks(self, words: NDArray[np.intp]) -> NDArray[np.float32]:
        """Return (b, c) scores of the candidates for each track (b,), the track itself included."""
        return self._scores(self._items[words])

    def of_artists(self, artists: NDArray[np.integer]) -> NDArray[np.float32]:
        """Return (b, c) scores of the candidates for each artist (b,) of the catalogue.

        0 for an artist without a track in playlists.
        """
        return self._scores(np.asarray(self._tracks_of_artist[artists] @ self._items, np.float32))

    def _scores(self, items: NDArray[np.float32]) -> NDArray[np.float32]:
        solved = items @ self._inverse
        explained = np.einsum("bf,bf->b", solved, items)
        users = self._alpha * solved / (1 + (self._alpha - 1) * explained)[:, None]
        return users.astype(np.float32) @ self._candidates


def _item_factors(playlists: sparse.csr_array, config: NeighbourConfig) -> NDArray[np.float32]:
    """Return (v, f) factors of the tracks."""
    if playlists.nnz == 0:
        return np.zeros((playlists.shape[1], config.als_factors), np.float32)
    options = AlsOptions(
        factors=config.als_factors,
        regularization=config.als_regularization,
        alpha=config.als_alpha,
        iterations=config.als_iterations,
        seed=config.als_seed,
    )
    return np.asarray(fit_als(playlists, options).item_factors, np.float32)


def _weighted_tracks(inputs: NeighbourInputs) -> sparse.csr_array:
    """Return (artists of the catalogue, v) shares of each artist's tracks in its playlist count."""
    words = np.flatnonzero(inputs.artists != UNKNOWN)
    artists, counts = inputs.artists[words], inputs.counts[words]
    number = inputs.genres.shape[0]
    totals = np.bincount(artists, counts, number)
    shares = (counts / np.maximum(totals[artists], 1)).astype(np.float32)
    return sparse.csr_array((shares, (artists, words)), shape=(number, len(inputs.artists)))
