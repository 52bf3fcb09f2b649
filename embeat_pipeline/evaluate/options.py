"""Options of an evaluation, and the queries that it draws from held-out playlists."""

from dataclasses import dataclass, field, replace
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from embeat_pipeline.evaluate.systems.upstream import UpstreamOptions
from embeat_pipeline.interactions.playlists import Playlists, uniform
from embeat_pipeline.interactions.queries import SEED_COUNTS, QuerySet, draw_queries, strata
from embeat_pipeline.interactions.split import SplitOptions, novel
from embeat_serve.errors import PipelineError

QUICK_QUERIES = 200
QUICK_SEED_COUNTS = 2


class EvaluationMode(StrEnum):
    """How much is measured."""

    QUICK = "quick"
    """The release alone, with fewer queries and the two smallest numbers of seeds."""
    FULL = "full"
    """Baselines, upstream's models, acoustic retrieval and genres as well."""


@dataclass(frozen=True)
class EvaluationOptions:
    """What an evaluation measures, and on how many queries."""

    seed: int = 0
    """Seed of the split, of the queries and of the bootstrap."""
    k: int = 100
    """Length of the lists that are scored."""
    seed_counts: tuple[int, ...] = SEED_COUNTS
    """Numbers of seed tracks, one set of queries each."""
    max_queries: int = 1_000
    """Largest number of queries for each number of seeds."""
    max_seeds: int = 7_500
    """Largest number of seeds in one set of queries. The time of a query grows with its seeds."""
    mode: EvaluationMode = EvaluationMode.FULL
    """``quick`` queries the release alone; ``full`` adds baselines and further sections."""
    upstream: UpstreamOptions = field(default_factory=UpstreamOptions)
    workers: int = 0
    """Processes that query the release; 0 is one per core. Results do not depend on it."""

    def reduced(self) -> "EvaluationOptions":
        """These options with the limits of the quick mode, where that is the mode."""
        if self.mode is EvaluationMode.FULL:
            return self
        return replace(
            self,
            seed_counts=self.seed_counts[:QUICK_SEED_COUNTS],
            max_queries=min(self.max_queries, QUICK_QUERIES),
        )

    @property
    def split(self) -> SplitOptions:
        """How the playlists are split into train, validation and test."""
        return SplitOptions(seed=self.seed)


@dataclass(frozen=True)
class EvaluationQueries:
    """Queries of one evaluation, and what is needed to put them into strata."""

    queries: dict[int, QuerySet]
    """Number of seeds -> queries."""
    train: Playlists
    """Playlists that the release was trained on."""
    is_novel: NDArray[np.bool_]
    """(playlists,) whether no training playlist resembles that test playlist."""

    def strata(self, count: int) -> dict[str, NDArray[np.str_]]:
        """Strata of the queries with ``count`` seeds; see ``interactions.queries.strata``."""
        return strata(self.queries[count], self.train.frequency(), self.is_novel)


def sample_queries(
    test: Playlists, train: Playlists, options: EvaluationOptions
) -> EvaluationQueries:
    """Draw the queries of an evaluation, at random where there are more than the limits.

    Raises:
        PipelineError: no playlist has enough usable tracks.
    """
    queries = {}
    for count in options.seed_counts:
        drawn = draw_queries(test, count, options.seed)
        lots = uniform(drawn.keys, options.seed + 1)
        number = min(options.max_queries, options.max_seeds // count)
        drawn = drawn.select(np.sort(np.argsort(lots)[:number]))
        if len(drawn):
            queries[count] = drawn
    if not queries:
        raise PipelineError(
            f"none of {len(test)} held-out playlists has 10 tracks of this catalogue; "
            "evaluation needs more or longer playlists"
        )
    return EvaluationQueries(queries, train, novel(test, train))
