"""Define a system under evaluation, and rank tracks by the scores of a fitted baseline."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from embeat_pipeline.interactions.queries import QuerySet
from embeat_pipeline.interactions.ranking_metrics import PADDING

PRODUCT = "product"
"""Name of the release with the options that users get by default."""
FUSED = "fused"
"""Name of the same without re-ranking by rules."""
ITEM_KNN = "item-kNN"

BLOCK_SCORES = 1 << 25
"""Scores in memory at a time: 128 MB as float32."""


class SystemGroup(StrEnum):
    """Group of rows of the report's tables, each with a colour in the charts."""

    RELEASE = "release"
    CHANNEL = "channel"
    BASELINE = "baseline"
    UPSTREAM = "upstream"


@dataclass(frozen=True)
class System:
    """One row of the report's tables: a name, and the lists it gave."""

    name: str
    group: SystemGroup
    ranked: dict[int, NDArray[np.int64]]
    """Number of seeds -> (q, k) track codes, best first, ``PADDING`` where a list ends early."""
    parameters: dict[str, Any] = field(default_factory=dict)
    """What was set or tuned, for the report."""
    validation: dict[int, float] = field(default_factory=dict)
    """Number of seeds -> mean nDCG@20 on validation queries, of a baseline that was tuned there."""


class Scorer(Protocol):
    """A baseline that was fitted to the training playlists."""

    vocabulary: NDArray[np.int64]
    """(v,) codes of the tracks it can recommend, ascending."""

    def scores(self, seeds: sparse.csr_array) -> NDArray[np.float32]:
        """Score the vocabulary for rows of seeds.

        Args:
            seeds: (b, catalogue) binary.

        Returns:
            (b, v) scores; ``-inf`` where the model has no evidence for a track.
        """
        ...


def rank(scorer: Scorer, queries: QuerySet, k: int = 100) -> NDArray[np.int64]:
    """Rank the vocabulary for each query, without its seeds.

    Returns:
        (q, k) track codes, best first, ``PADDING`` where a list ends early.
    """
    ranked = np.full((len(queries), k), PADDING, np.int64)
    seeds = queries.seed_matrix()
    width = len(scorer.vocabulary)
    block = max(1, BLOCK_SCORES // max(width, 1))
    column = np.full(seeds.shape[1], -1, np.int64)
    column[scorer.vocabulary] = np.arange(width)
    for start in range(0, len(queries), block):
        scores = scorer.scores(seeds[start : start + block])
        seed_columns = column[queries.seeds[start : start + block]]
        rows, places = np.nonzero(seed_columns >= 0)
        scores[rows, seed_columns[rows, places]] = -np.inf
        top = top_columns(scores, k)
        is_scored = np.take_along_axis(scores, top, axis=1) > -np.inf
        ranked[start : start + block, : top.shape[1]] = np.where(
            is_scored, scorer.vocabulary[top], PADDING
        )
    return ranked


def top_columns(scores: NDArray[np.float32], k: int) -> NDArray[np.intp]:
    """(b, min(k, v)) columns of the highest scores, best first, ties by ascending column."""
    k = min(k, scores.shape[1])
    top = np.sort(np.argpartition(-scores, k - 1, axis=1)[:, :k], axis=1)
    order = np.argsort(-np.take_along_axis(scores, top, axis=1), axis=1, kind="stable")
    return np.take_along_axis(top, order, axis=1)


def tracks_in_playlists(train: sparse.csr_array) -> NDArray[np.int64]:
    """Codes of the tracks that are in at least one playlist, ascending."""
    return np.flatnonzero(np.bincount(train.indices, minlength=train.shape[1]))
