"""Choose the parameters of the baselines on the validation playlists."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Generic, TypeVar

import numpy as np
from scipy import sparse

from embeat_pipeline.evaluate.systems.base import Scorer, rank
from embeat_pipeline.interactions.playlists import Playlists
from embeat_pipeline.interactions.queries import QuerySet, draw_queries
from embeat_pipeline.interactions.ranking_metrics import ranking_metrics

MAX_PLAYLISTS = 250
"""Largest number of validation playlists that queries are drawn from."""
DRAWS = {1: 3, 5: 2}
"""Number of seeds -> how often each playlist is queried with other seeds; others once.

The fewer the seeds, the more a choice depends on which they are.
"""
MAX_ROUNDS = 2
"""Largest number of times that each axis is searched."""

Options = TypeVar("Options", bound=Any)
Axes = Mapping[str, Sequence[float]]
"""Name of a parameter -> values to try, ascending."""


@dataclass(frozen=True)
class Tuned(Generic[Options]):
    """The options chosen for one number of seeds."""

    options: Options
    quality: float
    """Mean nDCG@20 on the validation queries."""


def validation_queries(
    validation: Playlists, seed_counts: Iterable[int], seed: int = 0
) -> dict[int, QuerySet]:
    """Draw the queries that parameters are chosen by: number of seeds -> queries."""
    queries = {}
    for count in seed_counts:
        draws = [
            draw_queries(validation, count, seed + draw) for draw in range(DRAWS.get(count, 1))
        ]
        rows = np.arange(min(len(draws[0]), MAX_PLAYLISTS))
        if len(rows):
            queries[count] = _joined([drawn.select(rows) for drawn in draws])
    return queries


def quality(model: Scorer, queries: QuerySet) -> float:
    """Mean nDCG@20 of a model over the queries."""
    ranked = rank(model, queries, 20)
    return float(ranking_metrics(ranked, queries.targets)["ndcg@20"].mean())


def coordinate_search(
    start: Options,
    axes: Axes,
    fit: Callable[[Options], Scorer],
    queries: Mapping[int, QuerySet],
) -> dict[int, Tuned[Options]]:
    """Choose the options with the highest quality for each number of seeds, the first of equals.

    One parameter is changed at a time, from the best options so far of each number of seeds: first
    to each of its values, in further rounds to the next lower and the next higher one, until
    nothing new is left to try. A grid of three parameters would take ten times as many fits.

    Args:
        start: where the search starts; its parameters are among the values of ``axes``.
        axes: parameters that are searched, in that order; without any, ``start`` is measured.
        fit: fits a model under some options; called once for each.
        queries: number of seeds -> validation queries; every model answers all of them.
    """
    reached: dict[Options, dict[int, float]] = {}

    def measure(options: Options) -> None:
        if options not in reached:
            model = fit(options)
            reached[options] = {count: quality(model, drawn) for count, drawn in queries.items()}

    def best() -> dict[int, Options]:
        return {
            count: max(reached, key=lambda options: reached[options][count]) for count in queries
        }

    if queries:
        measure(start)
    for search_round in range(MAX_ROUNDS):
        tried = len(reached)
        for name, values in axes.items():
            for centre in dict.fromkeys(best().values()):
                for value in _nearby(values, getattr(centre, name), whole=search_round == 0):
                    measure(replace(centre, **{name: value}))
        if len(reached) == tried:
            break
    return {count: Tuned(options, reached[options][count]) for count, options in best().items()}


def _nearby(values: Sequence[float], value: float, *, whole: bool) -> Sequence[float]:
    """All values of an axis, or those next to a value of it."""
    place = values.index(value)
    return values if whole else values[max(place - 1, 0) : place + 2]


def _joined(parts: Sequence[QuerySet]) -> QuerySet:
    return QuerySet(
        *(np.concatenate([getattr(part, name) for part in parts]) for name in _ARRAYS),
        targets=sparse.csr_array(sparse.vstack([part.targets for part in parts], format="csr")),
    )


_ARRAYS = ("playlists", "keys", "seeds")
