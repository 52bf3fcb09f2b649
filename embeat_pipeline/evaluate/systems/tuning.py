"""Choose the parameters of the baselines on the validation playlists."""

from collections.abc import Callable, Iterable, Mapping
from itertools import product
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from embeat_pipeline.evaluate.systems.base import Scorer, rank
from embeat_pipeline.evaluate.systems.content import ArtistCooccurrence, ArtistOptions
from embeat_pipeline.evaluate.systems.item_knn import ItemKnn, ItemKnnOptions
from embeat_pipeline.evaluate.systems.matrix_factorization import (
    Als,
    AlsOptions,
    SvdOptions,
    TruncatedSvd,
)
from embeat_pipeline.interactions.playlists import Playlists
from embeat_pipeline.interactions.queries import QuerySet, draw_queries
from embeat_pipeline.interactions.ranking_metrics import ranking_metrics

MAX_QUERIES = 250
"""Largest number of validation queries for each number of seeds."""

SHRINKAGES = (0.0, 5.0, 10.0, 20.0)
NEIGHBOURS = (100, 1_000, 10_000)
POPULARITIES = (0.0, 0.1, 0.2, 0.3)
FACTORS = (64, 128, 256)
ALPHAS = (3.0, 10.0, 30.0)
REGULARIZATIONS = (0.1, 10.0)
ARTIST_SHRINKAGES = (0.0, 5.0, 20.0)
ARTIST_POPULARITIES = (0.3, 0.5, 0.7)

Options = TypeVar("Options")


def validation_queries(
    validation: Playlists, seed_counts: Iterable[int], seed: int = 0
) -> dict[int, QuerySet]:
    """Draw the queries that parameters are chosen by: number of seeds -> queries."""
    queries = {}
    for count in seed_counts:
        drawn = draw_queries(validation, count, seed)
        queries[count] = drawn.select(np.arange(min(len(drawn), MAX_QUERIES)))
    return {count: drawn for count, drawn in queries.items() if len(drawn)}


def quality(model: Scorer, queries: QuerySet) -> float:
    """Mean nDCG@20 of a model over the queries."""
    ranked = rank(model, queries, 20)
    return float(ranking_metrics(ranked, queries.targets)["ndcg@20"].mean())


def best(
    candidates: Iterable[Options],
    fit: Callable[[Options], Scorer],
    queries: Mapping[int, QuerySet],
) -> dict[int, Options]:
    """Choose the options with the highest quality for each number of seeds, the first of equals.

    Each number of seeds has a choice of its own, since the best weight of frequency depends on it.

    Args:
        candidates: options to try; each is fitted once.
        fit: fits a model under some options.
        queries: number of seeds -> validation queries.
    """
    best_so_far: dict[int, tuple[float, Options]] = {}
    for options in candidates:
        model = fit(options)
        for count, drawn in queries.items():
            reached = quality(model, drawn)
            if count not in best_so_far or reached > best_so_far[count][0]:
                best_so_far[count] = reached, options
    return {count: options for count, (_, options) in best_so_far.items()}


def tune_item_knn(
    train: sparse.csr_array, queries: Mapping[int, QuerySet]
) -> dict[int, ItemKnnOptions]:
    """Tune shrinkage and popularity together, as both depend on frequency; then the neighbours."""

    def fit(options: ItemKnnOptions) -> Scorer:
        return ItemKnn(train, options)

    default = ItemKnnOptions().neighbours
    grid = [ItemKnnOptions(s, default, p) for s, p in product(SHRINKAGES, POPULARITIES)]
    chosen = {}
    for count, weighting in best(grid, fit, queries).items():
        sizes = [ItemKnnOptions(weighting.shrinkage, n, weighting.popularity) for n in NEIGHBOURS]
        chosen |= best(sizes, fit, {count: queries[count]})
    return chosen


def tune_svd(
    train: sparse.csr_array, queries: Mapping[int, QuerySet], seed: int = 0
) -> dict[int, SvdOptions]:
    """Tune the number of factors."""
    grid = [SvdOptions(factors, seed) for factors in FACTORS]
    return best(grid, lambda options: TruncatedSvd(train, options), queries)


def tune_als(
    train: sparse.csr_array, queries: Mapping[int, QuerySet], seed: int = 0
) -> dict[int, AlsOptions]:
    """Tune the confidence in an entry and the regularization.

    Raises:
        ImportError: ``implicit`` is not installed (extra ``evaluate``).
    """
    grid = [
        AlsOptions(regularization=regularization, alpha=alpha, seed=seed)
        for regularization, alpha in product(REGULARIZATIONS, ALPHAS)
    ]
    return best(grid, lambda options: Als(train, options), queries)


def tune_artists(
    train: sparse.csr_array, main_artist: NDArray[np.int64], queries: Mapping[int, QuerySet]
) -> dict[int, ArtistOptions]:
    """Tune the shrinkage between artists and the weight of popularity."""
    grid = [ArtistOptions(s, p) for s, p in product(ARTIST_SHRINKAGES, ARTIST_POPULARITIES)]
    return best(grid, lambda options: ArtistCooccurrence(train, main_artist, options), queries)
