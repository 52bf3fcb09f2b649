"""The examples that the trees learn from: candidates of queries, with features and hits."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from embeat_serve.ranking.tree_ranker import FEATURES_WITH_TITLE


@dataclass(frozen=True)
class TrainingSet:
    """Candidates of q queries, n in all, in the order of the queries."""

    features: NDArray[np.float32]
    """(n, 37), see ``tree_ranker.FEATURES_WITH_TITLE``."""
    hits: NDArray[np.bool_]
    """(n,) whether the rest of the playlist holds a candidate."""
    sizes: NDArray[np.int64]
    """(q,) candidates of each query, at least one."""
    playlists: NDArray[np.uint64]
    """(q,) key of the playlist that each query was drawn from."""
    seeds: NDArray[np.int64]
    """(q,) number of seeds."""
    targets: NDArray[np.int64]
    """(q,) tracks in the rest of the playlist."""

    def __len__(self) -> int:
        return len(self.sizes)

    @property
    def starts(self) -> NDArray[np.int64]:
        """(q,) where the candidates of each query start."""
        return np.cumsum(self.sizes) - self.sizes

    def select(self, queries: NDArray[np.bool_]) -> "TrainingSet":
        """The queries of a mask (q,)."""
        candidates = np.repeat(queries, self.sizes)
        return TrainingSet(
            self.features[candidates],
            self.hits[candidates],
            self.sizes[queries],
            self.playlists[queries],
            self.seeds[queries],
            self.targets[queries],
        )

    def of_candidates(self, mask: NDArray[np.bool_]) -> "TrainingSet":
        """The candidates of a mask (n,); queries without any are left out."""
        query = np.repeat(np.arange(len(self)), self.sizes)
        sizes = np.bincount(query[mask], minlength=len(self))
        is_left = sizes > 0
        return TrainingSet(
            self.features[mask],
            self.hits[mask],
            sizes[is_left],
            self.playlists[is_left],
            self.seeds[is_left],
            self.targets[is_left],
        )

    @classmethod
    def concatenate(cls, parts: Sequence["TrainingSet"]) -> "TrainingSet":
        """Several sets, end to end; an empty one for none."""
        empty = cls(
            np.zeros((0, len(FEATURES_WITH_TITLE)), np.float32),
            np.zeros(0, bool),
            *(np.zeros(0, np.int64), np.zeros(0, np.uint64)),
            *(np.zeros(0, np.int64), np.zeros(0, np.int64)),
        )
        columns = zip(*(vars(part).values() for part in (empty, *parts)), strict=True)
        return cls(*(np.concatenate(column) for column in columns))
