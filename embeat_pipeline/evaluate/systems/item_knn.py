"""Recommenders from the playlists alone that any system has to beat, and how they are asked.

Each is fitted to training playlists and scores a *vocabulary* of tracks for sparse rows of
seeds, a block of queries at a time; ``rank`` turns scores into lists.
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from embeat_pipeline.interactions.queries import QuerySet
from embeat_pipeline.interactions.ranking_metrics import PADDING

BLOCK_SCORES = 1 << 25
"""Scores held at a time: 128 MB as float32."""


class Scorer(Protocol):
    """A fitted recommender."""

    vocabulary: NDArray[np.int64]
    """(v,) ascending codes of the tracks it can recommend."""

    def scores(self, seeds: sparse.csr_array) -> NDArray[np.float32]:
        """(b, v) scores for (b, catalogue) binary seeds; ``-inf``: nothing speaks for it."""
        ...


def rank(scorer: Scorer, queries: QuerySet, k: int = 100) -> NDArray[np.int64]:
    """(q, k) best tracks of each query without its seeds, ``PADDING`` where a list ends early."""
    ranked = np.full((len(queries), k), PADDING, np.int64)
    seeds = queries.seed_matrix()
    width = len(scorer.vocabulary)
    block = max(1, BLOCK_SCORES // max(width, 1))
    column = np.full(seeds.shape[1], -1, np.int64)
    column[scorer.vocabulary] = np.arange(width)
    for start in range(0, len(queries), block):
        scores = scorer.scores(seeds[start : start + block])
        own = column[queries.seeds[start : start + block]]
        rows, places = np.nonzero(own >= 0)
        scores[rows, own[rows, places]] = -np.inf
        top = top_columns(scores, k)
        found = np.take_along_axis(scores, top, axis=1) > -np.inf
        ranked[start : start + block, : top.shape[1]] = np.where(
            found, scorer.vocabulary[top], PADDING
        )
    return ranked


def top_columns(scores: NDArray[np.float32], k: int) -> NDArray[np.intp]:
    """(b, min(k, v)) columns of the highest scores, best first, ties by ascending column."""
    k = min(k, scores.shape[1])
    top = np.sort(np.argpartition(-scores, k - 1, axis=1)[:, :k], axis=1)
    order = np.argsort(-np.take_along_axis(scores, top, axis=1), axis=1, kind="stable")
    return np.take_along_axis(top, order, axis=1)


def known_tracks(train: sparse.csr_array) -> NDArray[np.int64]:
    """Codes of the tracks that are in at least one playlist, ascending."""
    return np.flatnonzero(np.bincount(train.indices, minlength=train.shape[1]))


class Popularity:
    """The same list for everybody: how many training playlists hold the track."""

    def __init__(self, train: sparse.csr_array):
        self.vocabulary = known_tracks(train)
        self._frequency = np.bincount(train.indices)[self.vocabulary].astype(np.float32)

    def scores(self, seeds: sparse.csr_array) -> NDArray[np.float32]:
        """See ``Scorer``."""
        return np.tile(self._frequency, (seeds.shape[0], 1))


@dataclass(frozen=True)
class ItemKnnOptions:
    """Of ``ItemKnn``."""

    shrinkage: float = 5.0
    """Added to the cosine's denominator: doubts pairs seen together a few times only."""
    neighbours: int = 1_000
    """Closest tracks of each seed that get a score."""
    popularity: float = 0.0
    """Exponent of the candidate's frequency the similarity is multiplied with."""


class ItemKnn:
    """Item-based nearest neighbours (Sarwar et al. 2001): cosine of playlist co-occurrence.

    Rows of the similarity matrix are computed for the seeds asked about and never all held.
    """

    def __init__(self, train: sparse.csr_array, options: ItemKnnOptions = ItemKnnOptions()):
        self.options = options
        self.vocabulary = known_tracks(train)
        self._playlists = train[:, self.vocabulary].tocsr()
        self._tracks = self._playlists.T.tocsr()
        self._frequency = np.diff(self._tracks.indptr).astype(np.float32)

    def scores(self, seeds: sparse.csr_array) -> NDArray[np.float32]:
        """See ``Scorer``: the sum over seeds of their similarity to the candidate."""
        wanted = seeds[:, self.vocabulary].tocsr()
        distinct = np.unique(wanted.indices)
        similar = self._similarity(distinct)
        total = (wanted[:, distinct] @ similar).toarray()
        return np.where(total > 0, total, np.float32(-np.inf))

    def _similarity(self, items: NDArray[np.integer]) -> sparse.csr_array:
        together = (self._tracks[items] @ self._playlists).tocoo()
        row, column = together.row, together.col
        frequency = self._frequency
        cosine = together.data / (
            np.sqrt(frequency[items[row]] * frequency[column]) + self.options.shrinkage
        )
        value = cosine * frequency[column] ** self.options.popularity
        # Position of each neighbour in its seed's list, to cut the lists off.
        order = np.lexsort((column, -value, row))
        starts = np.searchsorted(row[order], np.arange(len(items)))
        near = order[np.arange(len(order)) - starts[row[order]] < self.options.neighbours + 1]
        return sparse.csr_array((value[near], (row[near], column[near])), shape=together.shape)
