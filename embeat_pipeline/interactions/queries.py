"""What is asked: some tracks of a held-out playlist as seeds, the rest as targets."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from embeat_pipeline.interactions.playlists import Playlists, mix

SEED_COUNTS = (1, 5, 25)
MIN_TRACKS = 10
"""Usable (known, distinct) tracks a playlist needs to be asked about."""
MIN_TARGETS = 5
"""Tracks that must remain; with ``MIN_TRACKS`` it bites at 25 seeds only."""

STRATA = {
    "popularity": ("head", "mid", "tail"),
    "vocabulary": ("in", "out"),
    "overlap": ("novel", "overlapping"),
}
"""Kind of stratum -> its values, in the order they are shown."""


@dataclass(frozen=True)
class QuerySet:
    """One query per playlist, all with the same number of seeds."""

    playlists: NDArray[np.intp]
    """(q,) row of the playlist each query was drawn from."""
    keys: NDArray[np.uint64]
    """(q,) that playlist's key."""
    seeds: NDArray[np.int64]
    """(q, s) track codes."""
    targets: sparse.csr_array
    """(q, catalogue) binary, indices sorted."""

    def __len__(self) -> int:
        return len(self.playlists)

    def seed_matrix(self) -> sparse.csr_array:
        """(q, catalogue) float32, 1 at each query's seeds."""
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

    The draw depends on the playlist and ``seed`` alone, not on which others are asked, and the
    seeds of a smaller ``num_seeds`` are among those of a larger one.
    """
    sizes = playlists.sizes
    usable = np.flatnonzero((sizes >= min_tracks) & (sizes >= num_seeds + MIN_TARGETS))
    chosen = playlists.select(usable)
    matrix = chosen.tracks
    rows = np.repeat(np.arange(len(chosen)), chosen.sizes)
    lots = mix(mix(chosen.keys, seed)[rows] + mix(matrix.indices.astype(np.uint64)))
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
    return QuerySet(usable, chosen.keys, codes[is_seed].reshape(-1, num_seeds), targets)


def strata(
    queries: QuerySet, frequency: NDArray[np.int64], is_novel: NDArray[np.bool_]
) -> dict[str, NDArray[np.str_]]:
    """Value of each kind of stratum for each query.

    Args:
        queries: q queries.
        frequency: (catalogue,) number of training playlists each track is in.
        is_novel: (n,) by playlist row, see ``split.novel``.

    Returns:
        Kind of ``STRATA`` -> (q,) values. A query is *head* if its seeds' median frequency is
        that of the most frequent tracks that make up a third of all training entries, *tail* if
        that of the least frequent that do; its seeds are *in* the vocabulary if at least one of
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
    """Frequencies at which one and two thirds of all entries lie below."""
    ordered = np.sort(frequency[frequency > 0])
    if not ordered.size:
        return 1, 1
    below = np.cumsum(ordered) / ordered.sum()
    return int(ordered[np.searchsorted(below, 1 / 3)]), int(ordered[np.searchsorted(below, 2 / 3)])
