"""What one evaluation asks: options, queries and the strata of them."""

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from embeat_pipeline.evaluate.systems.upstream import UpstreamOptions
from embeat_pipeline.interactions.playlists import Playlists, uniform
from embeat_pipeline.interactions.queries import SEED_COUNTS, QuerySet, draw_queries, strata
from embeat_pipeline.interactions.split import SplitOptions, novel
from embeat_serve.errors import PipelineError


@dataclass(frozen=True)
class EvaluationOptions:
    """What is measured, and how thoroughly."""

    seed: int = 0
    """Of the split, the queries and the bootstrap."""
    k: int = 100
    seed_counts: tuple[int, ...] = SEED_COUNTS
    max_queries: int = 1_000
    """Per number of seeds."""
    max_seeds: int = 7_500
    """Also per number of seeds, since what a query costs grows with them: 300 queries of 25."""
    quick: bool = False
    """Fewer queries, one and five seeds, and neither baselines nor sound nor genres."""
    upstream: UpstreamOptions = field(default_factory=UpstreamOptions)
    workers: int = 0
    """Processes that ask; 0 is one per core. Changes nothing but the time."""

    def reduced(self) -> "EvaluationOptions":
        """What ``quick`` stands for."""
        if not self.quick:
            return self
        few = min(self.max_queries, 200)
        return replace(self, seed_counts=self.seed_counts[:2], max_queries=few)

    @property
    def split(self) -> SplitOptions:
        """How the playlists are split."""
        return SplitOptions(seed=self.seed)


@dataclass(frozen=True)
class Questions:
    """What is asked, and the strata of it."""

    queries: dict[int, QuerySet]
    """By number of seeds."""
    train: Playlists
    is_novel: NDArray[np.bool_]
    """By playlist row."""

    def strata(self, count: int) -> dict[str, NDArray[np.str_]]:
        """See ``queries.strata``."""
        return strata(self.queries[count], self.train.frequency(), self.is_novel)


def ask_about(test: Playlists, train: Playlists, options: EvaluationOptions) -> Questions:
    """Draw the queries; where there are more than ``options`` allow, by lot.

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
    return Questions(queries, train, novel(test, train))
