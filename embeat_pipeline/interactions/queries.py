"""Draw queries from held-out playlists: some tracks are seeds, the others are targets."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from embeat_pipeline.interactions.playlists import Playlists, mix

SEED_COUNTS = (1, 5, 25)
"""Numbers of seeds that are evaluated."""
MIN_TRACKS = 10
"""Distinct tracks of the catalogue that a playlist needs for a query."""
MIN_TARGETS = 5
"""Tracks that must remain as targets; beside ``MIN_TRACKS`` it matters for 25 seeds only."""

STRATA = {
    "popularity": ("head", "mid", "tail"),
    "vocabulary": ("in", "out"),
    "overlap": ("novel", "overlapping"),
}
"""Kind of stratum -> its values, in the order of the report."""


@dataclass(frozen=True)
class QuerySet:
    """One query per playlist, all with the same number of seeds."""

    playlists: NDArray[np.intp]
    """(q,) row of the playlist each query was drawn from."""
    keys: NDArray[np.uint64]
    """(q,) key of that playlist."""
    seeds: NDArray[np.int64]
    """(q, s) track codes."""
    targets: sparse.csr_array
    """(q, catalogue) binary, indices sorted."""

    def __len__(self) -> int:
        return len(self.playlists)

    def seed_matrix(self) -> sparse.csr_array:
        """The seeds as a (q, catalogue) float32 matrix of ones, indices sorted."""
        count, width = self.seeds.shape
        indptr = np.arange(count + 1) * width
        ones = np.ones(count * width, np.float32)
        matrix = sparse.csr_array((ones, self.seeds.ravel(), indptr), shape=self.targets.shape)
        matrix.sort_indices()
        return matrix

    def select(self, rows: NDArray[np.bool_] | NDArray[np.intp]) -> "QuerySet":
        """The queries of ``rows``: a mask or positions."""
        return QuerySet(self.playlists[rows], self.keys[rows], self.seeds[rows], self.targets[rows])


def draw_queries(
    playlists: Playlists, num_seeds: int, seed: int = 0, min_tracks: int = MIN_TRACKS
) -> QuerySet:
    """Draw ``num_seeds`` tracks from each playlist that has enough.

    The draw depends on the playlist and on ``seed`` alone, not on the other playlists. The seeds of
    a smaller ``num_seeds`` are among those of a larger one.
    """
    sizes = playlists.sizes
    usable = np.flatnonzero((sizes >= min_tracks) & (sizes >= num_seeds + MIN_TARGETS))
    drawn = playlists.select(usable)
    matrix = drawn.tracks
    rows = np.repeat(np.arange(len(drawn)), drawn.sizes)
    lots = mix(mix(drawn.keys, seed)[rows] + mix(matrix.indices.astype(np.uint64)))
    order = np.lexsort((lots, rows))
    position = np.arange(len(rows)) - matrix.indptr[rows]
    codes = matrix.indices[order].astype(np.int64)
    is_seed = position < num_seeds
    remaining = ~is_seed
    targets = sparse.csr_array(
        (np.ones(remaining.sum(), np.float32), (rows[remaining], codes[remaining])),
        shape=matrix.shape,
    )
    targets.sort_indices()
    return QuerySet(usable, drawn.keys, codes[is_seed].reshape(-1, num_seeds), targets)


def strata(
    queries: QuerySet, frequency: NDArray[np.int64], is_novel: NDArray[np.bool_]
) -> dict[str, NDArray[np.str_]]:
    """Put each query into one stratum of each kind.

    Args:
        queries: q queries.
        frequency: (catalogue,) number of training playlists each track is in.
        is_novel: (n,) by playlist row, see ``split.novel``.

    Returns:
        Kind of ``STRATA`` -> (q,) values. The most frequent tracks that make up a third of all
        training entries are the *head*, the least frequent that do are the *tail*; the median
        frequency of its seeds puts a query there. Seeds are *in* the vocabulary if at least one of
        them is in a training playlist.
    """
    tail_below, head_from = frequency_thirds(frequency)
    seed_frequency = frequency[queries.seeds]
    typical = np.median(seed_frequency, axis=1)
    head, mid, tail = STRATA["popularity"]
    inside, outside = STRATA["vocabulary"]
    new, overlapping = STRATA["overlap"]
    return {
        "popularity": np.where(
            typical >= head_from, head, np.where(typical < tail_below, tail, mid)
        ),
        "vocabulary": np.where(seed_frequency.any(axis=1), inside, outside),
        "overlap": np.where(is_novel[queries.playlists], new, overlapping),
    }


def frequency_thirds(frequency: NDArray[np.int64]) -> tuple[int, int]:
    """Frequencies below which one third and two thirds of all playlist entries lie."""
    ordered = np.sort(frequency[frequency > 0])
    if not ordered.size:
        return 1, 1
    below = np.cumsum(ordered) / ordered.sum()
    return int(ordered[np.searchsorted(below, 1 / 3)]), int(ordered[np.searchsorted(below, 2 / 3)])
