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
    neighbours: int = 1_000
    """Number of tracks closest to a seed that get a score."""
    popularity: float = 0.0
    """Exponent of the candidate's frequency, which its similarity is multiplied by."""


class ItemKnn:
    """Recommend tracks that occur in playlists together with the seeds, by cosine.

    Sarwar, Karypis, Konstan & Riedl (2001), "Item-based collaborative filtering recommendation
    algorithms". Rows of the similarity matrix are computed for the seeds of a query only.
    """

    def __init__(self, train: sparse.csr_array, options: ItemKnnOptions = ItemKnnOptions()):
        self.options = options
        self.vocabulary = tracks_in_playlists(train)
        self._playlists = train[:, self.vocabulary].tocsr()
        self._tracks = self._playlists.T.tocsr()
        self._frequency = np.diff(self._tracks.indptr).astype(np.float32)

    def scores(self, seeds: sparse.csr_array) -> NDArray[np.float32]:
        """Sum of the similarities to the seeds, see ``Scorer.scores``."""
        in_vocabulary = seeds[:, self.vocabulary].tocsr()
        distinct = np.unique(in_vocabulary.indices)
        similarity = self._similarity(distinct)
        total = (in_vocabulary[:, distinct] @ similarity).toarray()
        return np.where(total > 0, total, np.float32(-np.inf))

    def _similarity(self, items: NDArray[np.integer]) -> sparse.csr_array:
        together = (self._tracks[items] @ self._playlists).tocoo()
        row, column = together.row, together.col
        frequency = self._frequency
        cosine = together.data / (
            np.sqrt(frequency[items[row]] * frequency[column]) + self.options.shrinkage
        )
        value = cosine * frequency[column] ** self.options.popularity
        # Place of each neighbour in its seed's list, to cut the lists off.
        order = np.lexsort((column, -value, row))
        starts = np.searchsorted(row[order], np.arange(len(items)))
        near = order[np.arange(len(order)) - starts[row[order]] < self.options.neighbours + 1]
        return sparse.csr_array((value[near], (row[near], column[near])), shape=together.shape)
