"""Fits the weights that ranking gives the channels' evidence, on validation playlists.

The twin, which has seen none of them, is asked what its channels find for tracks of these
playlists. The weights of each kind of seed are those under which the rest of the playlist is
likeliest to be picked from what was found (softmax over a query's candidates: the listwise loss
of Cao et al. 2007, "Learning to rank: from pairwise approach to listwise approach"). They are
kept where, fitted on the other folds, they are no worse than the default.
"""

from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

import embeat_serve
from embeat_pipeline.evaluate.inputs.catalogue import Catalogue
from embeat_pipeline.evaluate.inputs.release_client import published
from embeat_pipeline.evaluate.metrics import bootstrap
from embeat_pipeline.evaluate.ranking_model.training_data import (
    FitOptions,
    Material,
    fitting_queries,
    gather,
)
from embeat_pipeline.interactions.playlists import Playlists, uniform
from embeat_serve.contract.lake import LakePaths
from embeat_serve.contract.schema import CHANNELS
from embeat_serve.ranking.features import FEATURES
from embeat_serve.ranking.model import DEFAULT_MODEL, SEED_REGIMES, RankingModel

DEFAULT_OPTIONS = FitOptions()


def fit_fusion(
    twin: LakePaths,
    release: str | None,
    train: Playlists,
    validation: Playlists,
    catalogue: Catalogue,
    options: FitOptions = DEFAULT_OPTIONS,
) -> tuple[RankingModel, dict[str, Any]]:
    """Fit the fusion model.

    Args:
        twin: lake whose release is asked.
        release: its name; the published one where None.
        train: playlists that release was made from.
        validation: playlists it has not seen.
        catalogue: of that lake.
        options: how.

    Returns:
        The model, and for each kind of seed what was measured: queries, nDCG@20 of the default
        weights and of those fitted on other folds, the difference with its 95% interval over
        playlists, and whether the fitted ones are used.
    """
    queries = [*fitting_queries(train, validation, options)]
    with published(twin, release) as root, embeat_serve.open(lake=root) as recommender:
        material = gather(recommender, queries, catalogue, options)
    weights = DEFAULT_MODEL.weights.copy()
    measured: dict[str, Any] = {"options": asdict(options)}
    for position, name in enumerate(SEED_REGIMES):
        of_kind = material.select(material.kinds == position)
        found, kept = judge(of_kind, weights[position].ravel(), options)
        measured[name] = found
        if kept is not None:
            weights[position] = kept.reshape(len(CHANNELS), len(FEATURES))
    return RankingModel(weights), measured


def judge(
    material: Material, default: NDArray[np.float64], options: FitOptions
) -> tuple[dict[str, Any], NDArray[np.float64] | None]:
    """Fit one kind of seed, and measure on folds that the fit has not seen.

    Returns:
        What was measured, and the weights; None where the default is to be kept.
    """
    number = len(material.kinds)
    if number < options.min_queries:
        return {"queries": number, "fitted": False}, None
    folds = (uniform(material.playlists, options.seed + 1) * options.folds).astype(np.int64)
    scores = np.zeros(len(material.hits))
    of_candidate = np.repeat(folds, np.diff(material.starts))
    for fold in range(options.folds):
        weights = fit(material.select(folds != fold), default, options)
        asked = of_candidate == fold
        scores[asked] = material.features[asked] @ weights
    before, after = ndcg(material, material.features @ default), ndcg(material, scores)
    gain = bootstrap.difference(
        by_playlist(after, material.playlists),
        by_playlist(before, material.playlists),
        options.seed,
    )
    fitted = bool(gain.mean >= 0)
    found = {
        "queries": number,
        "default": float(before.mean()),
        "cross_validated": float(after.mean()),
        "difference": [gain.mean, gain.low, gain.high],
        "fitted": fitted,
    }
    return found, fit(material, default, options) if fitted else None


def fit(material: Material, start: NDArray[np.float64], options: FitOptions) -> NDArray[np.float64]:
    """(channels * features,) weights, none negative, that minimise the listwise loss."""
    starts, sizes = material.starts[:-1], np.diff(material.starts)
    full = sizes > 0
    starts = starts[full]
    query = np.repeat(np.arange(full.sum()), sizes[full])
    hits = material.hits.astype(np.float64)
    found = np.bincount(query, hits, minlength=len(starts))
    counted = (found > 0) / max((found > 0).sum(), 1)
    wanted = hits / np.maximum(found, 1)[query] * counted[query]

    def loss(weights: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        scores = material.features @ weights
        scores -= np.maximum.reduceat(scores, starts)[query]
        odds = np.exp(scores)
        total = np.add.reduceat(odds, starts)
        value = -(wanted * (scores - np.log(total)[query])).sum()
        chance = odds / total[query] * counted[query]
        gradient = material.features.T @ (chance - wanted)
        penalty = options.l2
        return (
            float(value + penalty * (weights**2).sum()),
            gradient + 2 * penalty * weights,
        )

    least = np.zeros((len(CHANNELS), len(FEATURES)))
    least[:, FEATURES.index("place")] = options.least_place
    bounds = [(low, None) for low in least.ravel()]
    begun = np.maximum(start, least.ravel())
    return np.asarray(minimize(loss, begun, jac=True, method="L-BFGS-B", bounds=bounds).x)


def ndcg(material: Material, scores: NDArray[np.float64], k: int = 20) -> NDArray[np.float64]:
    """(q,) nDCG@k of each query's candidates ordered by ``scores``, ties as they stand."""
    sizes = np.diff(material.starts)
    query = np.repeat(np.arange(len(sizes)), sizes)
    order = np.lexsort((-scores, query))
    place = np.arange(len(query)) - material.starts[query]
    gains = material.hits[order] * (place < k) / np.log2(place + 2)
    reached = np.bincount(query, gains, minlength=len(sizes))
    ideal = np.cumsum(1 / np.log2(np.arange(k) + 2))
    return reached / ideal[np.minimum(np.maximum(material.targets, 1), k) - 1]


def by_playlist(values: NDArray[np.float64], playlists: NDArray[np.uint64]) -> NDArray[np.float64]:
    """Means over the queries of each playlist, which are what an interval is taken over."""
    _, place = np.unique(playlists, return_inverse=True)
    return np.bincount(place, values) / np.bincount(place)
