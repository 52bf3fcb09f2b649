"""Tune every baseline on the validation playlists, and rank the test queries with it."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, replace
from functools import partial
from typing import Any

from embeat_pipeline.evaluate.systems.base import Scorer, System, SystemGroup, rank
from embeat_pipeline.evaluate.systems.baselines import BASELINES, Baseline, BaselineInputs
from embeat_pipeline.evaluate.systems.tuning import coordinate_search, validation_queries
from embeat_pipeline.interactions.playlists import Playlists
from embeat_pipeline.interactions.queries import QuerySet


def tuned_baselines(
    inputs: BaselineInputs, validation: Playlists, *, queries: Mapping[int, QuerySet], k: int
) -> Iterator[System]:
    """Fit every baseline that applies to the training playlists and rank every query.

    Parameters are tuned on the validation playlists, for each number of seeds by itself. Each
    system knows what it reached there, so that the best one is known without the test queries.

    Args:
        inputs: what the baselines are fitted to.
        validation: playlists that parameters are chosen on.
        queries: number of seeds -> queries.
        k: length of the lists.
    """
    tuning = validation_queries(validation, queries, inputs.seed)
    for baseline in BASELINES.values():
        if baseline.applies(inputs):
            yield tuned_system(baseline, inputs, tuning, queries=queries, k=k)


def tuned_system(
    baseline: Baseline,
    inputs: BaselineInputs,
    tuning: Mapping[int, QuerySet],
    *,
    queries: Mapping[int, QuerySet],
    k: int,
) -> System:
    """Tune one baseline on the queries ``tuning``, and rank ``queries`` with it.

    A number of seeds without validation queries gets the options that the search starts from.
    """
    start, fit = baseline.start(inputs.seed), partial(baseline.fit, inputs)
    tuned = coordinate_search(start, baseline.axes, fit, tuning)
    ranked, parameters = {}, {}
    models: dict[Any, Scorer] = {}
    for count, query_set in queries.items():
        options = tuned[count].options if count in tuned else start
        if options not in models:
            models[options] = fit(options)
        ranked[count] = rank(models[options], query_set, k)
        if options is not None:
            parameters[_key(count)] = asdict(options)
    reached = {count: choice.quality for count, choice in tuned.items()}
    return System(baseline.name, SystemGroup.BASELINE, ranked, parameters, reached)


def refit(system: System, inputs: BaselineInputs, count: int) -> Scorer:
    """Fit the baseline of a system of ``tuned_system`` again, as tuned for a number of seeds."""
    baseline = BASELINES[system.name]
    options = baseline.start(inputs.seed)
    if options is not None:
        options = replace(options, **system.parameters[_key(count)])
    return baseline.fit(inputs, options)


def _key(count: int) -> str:
    return f"{count} seeds"
