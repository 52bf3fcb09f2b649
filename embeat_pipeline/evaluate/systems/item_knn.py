"""Baselines that count: popularity, and item-based nearest neighbours by co-occurrence."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from embeat_pipeline.evaluate.systems.base import tracks_in_playlists


class Popularity:
    """Recommend the tracks in most training playlists, whatever the seeds."""

    def __init__(self, train: sparse.csr_array):
        self.vocabulary = tracks_in_playlists(train)
        self._frequency = np.bincount(train.indices)[self.vocabulary].astype(np.float32)

    def scores(self, seeds: sparse.csr_array) -> NDArray[np.float32]:
        """Score the vocabulary, see ``Scorer.scores``."""
        return np.tile(self._frequency, (seeds.shape[0], 1))


@dataclass(frozen=True)
class ItemKnnOptions:
    """Parameters of ``ItemKnn``."""

    shrinkage: float = 5.0
    """Added to the cosine's denominator: lowers pairs that occur together only a few times."""
    neighbours: int = 10_000
    """Number of tracks closest to a seed that get a score."""
    popularity: float = 0.0
    """Exponent of the candidate's frequency, which its similarity is multiplied by."""
    length: float = 0.0
    """An entry of a playlist of n tracks weighs n^-length, since long playlists say less."""


class ItemKnn:
    """Recommend tracks that occur in playlists together with the seeds, by cosine.

    Sarwar, Karypis, Konstan & Riedl (2001), "Item-based collaborative filtering recommendation
    algorithms". The similarity of a seed s and a candidate t, in c_s and c_t playlists, is
    (sum over common playlists of n^-length) / (sqrt(c_s c_t) + shrinkage) * c_t^popularity.
    Rows of the similarity matrix are computed for the seeds of a query only.
    """

    def __init__(self, train: sparse.csr_array, options: ItemKnnOptions = ItemKnnOptions()):
        self.options = options
        self.vocabulary = tracks_in_playlists(train)
        playlists = train[:, self.vocabulary].tocsr()
        self._tracks = playlists.T.tocsr()
        self._frequency = np.diff(self._tracks.indptr).astype(np.float32)
        sizes = np.diff(playlists.indptr)
        weight = np.maximum(sizes, 1).astype(np.float32) ** np.float32(-options.length)
        self._weighted = playlists.copy()
        self._weighted.data = playlists.data * np.repeat(weight, sizes)

    def scores(self, seeds: sparse.csr_array) -> NDArray[np.float32]:
        """Sum of the similarities to the seeds, see ``Scorer.scores``."""
        in_vocabulary = seeds[:, self.vocabulary].tocsr()
        distinct = np.unique(in_vocabulary.indices)
        similarity = self._similarity(distinct)
        total = (in_vocabulary[:, distinct] @ similarity).toarray()
        return np.where(total > 0, total, np.float32(-np.inf))

    def _similarity(self, items: NDArray[np.integer]) -> sparse.csr_array:
        """Rows (items, v) of the similarity matrix, each with its highest values only."""
        similarity = (self._tracks[items] @ self._weighted).tocsr()
        similarity.sort_indices()
        number = np.diff(similarity.indptr)
        column, frequency = similarity.indices, self._frequency
        root = np.sqrt(np.repeat(frequency[items], number) * frequency[column])
        boost = frequency ** np.float32(self.options.popularity)
        similarity.data *= boost[column] / (root + np.float32(self.options.shrinkage))
        # A seed is its own neighbour, and is not counted as one.
        similarity.data[beyond_rank(similarity, self.options.neighbours + 1)] = 0
        similarity.eliminate_zeros()
        return similarity


def beyond_rank(matrix: sparse.csr_array, kept: int) -> NDArray[np.intp]:
    """Positions in ``matrix.data`` of all but the ``kept`` highest of each row, ties by column.

    Args:
        matrix: its indices sorted.
        kept: values of a row.
    """
    number = np.diff(matrix.indptr)
    is_longer = number > kept
    entries = np.flatnonzero(np.repeat(is_longer, number))
    longer = number[is_longer]
    row = np.repeat(np.arange(len(longer)), longer)
    order = entries[np.lexsort((-matrix.data[entries], row))]
    rank = np.arange(len(order)) - np.repeat(np.cumsum(longer) - longer, longer)
    return order[rank >= kept]
