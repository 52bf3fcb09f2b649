"""Fit the weights of the ranking model on validation playlists.

The channels of the holdout release, which has not seen these playlists, are queried with some
tracks of each. For each kind of seed the weights are those under which the rest of the playlist is
most likely among the candidates: a softmax over the candidates of a query, the listwise loss of
Cao et al. (2007), "Learning to rank: from pairwise approach to listwise approach". Fitted weights
are used where they are no worse than the default in cross-validation.
"""

from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

import embeat_serve
from embeat_pipeline.evaluate.inputs.catalogue import read_catalogue
from embeat_pipeline.evaluate.inputs.release_client import single_release_lake
from embeat_pipeline.evaluate.metrics import bootstrap
from embeat_pipeline.evaluate.ranking_model.holdout_release import HoldoutRelease
from embeat_pipeline.evaluate.ranking_model.training_data import (
    FitOptions,
    TrainingData,
    collect_training_data,
    fitting_queries,
)
from embeat_pipeline.interactions.playlists import Playlists, uniform
from embeat_serve.contract.schema import CHANNELS
from embeat_serve.ranking.features import FEATURES
from embeat_serve.ranking.model import DEFAULT_MODEL, SEED_REGIMES, RankingModel

DEFAULT_OPTIONS = FitOptions()


def fit_ranking_model(
    holdout: HoldoutRelease,
    train: Playlists,
    validation: Playlists,
    options: FitOptions = DEFAULT_OPTIONS,
) -> tuple[RankingModel, dict[str, Any]]:
    """Fit the ranking model for each kind of seed.

    Args:
        holdout: the release whose channels are queried.
        train: playlists that it was trained on.
        validation: playlists that it has not seen.
        options: see ``FitOptions``.

    Returns:
        The model, and what was measured: ``options``, and for each kind of seed the ``queries``,
        nDCG@20 with the ``default`` weights and ``cross_validated``, their ``difference`` with
        its 95% interval over playlists, and whether the ``fitted`` weights are used.

    Raises:
        Unavailable: the holdout release cannot be queried.
    """
    queries = [*fitting_queries(train, validation, options)]
    catalogue = read_catalogue(holdout.lake)
    with (
        single_release_lake(holdout.lake, holdout.release) as root,
        embeat_serve.open(lake=root) as recommender,
    ):
        data = collect_training_data(recommender, queries, catalogue, options)
    weights = DEFAULT_MODEL.weights.copy()
    measured: dict[str, Any] = {"options": asdict(options)}
    for position, name in enumerate(SEED_REGIMES):
        of_kind = data.select(data.kinds == position)
        measured[name], fitted = cross_validate(of_kind, weights[position].ravel(), options)
        if fitted is not None:
            weights[position] = fitted.reshape(len(CHANNELS), len(FEATURES))
    return RankingModel(weights), measured


def cross_validate(
    data: TrainingData, default: NDArray[np.float64], options: FitOptions
) -> tuple[dict[str, Any], NDArray[np.float64] | None]:
    """Fit one kind of seed, and compare with the default on folds that the fit has not seen.

    Args:
        data: queries of that kind.
        default: (channels * features,) weights.
        options: see ``FitOptions``.

    Returns:
        What was measured, see ``fit_ranking_model``, and the fitted weights; None where the
        default serves.
    """
    number = len(data.kinds)
    if number < options.min_queries:
        return {"queries": number, "fitted": False}, None
    folds = (uniform(data.playlists, options.seed + 1) * options.folds).astype(np.int64)
    scores = np.zeros(len(data.hits))
    candidate_folds = np.repeat(folds, np.diff(data.starts))
    for fold in range(options.folds):
        weights = fit_weights(data.select(folds != fold), default, options)
        in_fold = candidate_folds == fold
        scores[in_fold] = data.features[in_fold] @ weights
    before, after = ndcg_at_k(data, data.features @ default), ndcg_at_k(data, scores)
    gain = bootstrap.difference(
        playlist_means(after, data.playlists),
        playlist_means(before, data.playlists),
        options.seed,
    )
    fitted = bool(gain.mean >= options.least_gain)
    measured = {
        "queries": number,
        "default": float(before.mean()),
        "cross_validated": float(after.mean()),
        "difference": [gain.mean, gain.low, gain.high],
        "fitted": fitted,
    }
    return measured, fit_weights(data, default, options) if fitted else None


def fit_weights(
    data: TrainingData, start: NDArray[np.float64], options: FitOptions
) -> NDArray[np.float64]:
    """Minimise the listwise loss by L-BFGS-B, with no negative weight.

    Args:
        data: queries to fit to.
        start: (channels * features,) weights to begin from.
        options: see ``FitOptions``.

    Returns:
        (channels * features,) weights.
    """
    starts, sizes = data.starts[:-1], np.diff(data.starts)
    has_candidates = sizes > 0
    starts = starts[has_candidates]
    query = np.repeat(np.arange(has_candidates.sum()), sizes[has_candidates])
    hits = data.hits.astype(np.float64)
    hits_of_query = np.bincount(query, hits, minlength=len(starts))
    share = (hits_of_query > 0) / max((hits_of_query > 0).sum(), 1)
    target = hits / np.maximum(hits_of_query, 1)[query] * share[query]

    def loss(weights: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        scores = data.features @ weights
        scores -= np.maximum.reduceat(scores, starts)[query]
        odds = np.exp(scores)
        total = np.add.reduceat(odds, starts)
        value = -(target * (scores - np.log(total)[query])).sum()
        probability = odds / total[query] * share[query]
        gradient = data.features.T @ (probability - target)
        penalty = options.l2
        return (
            float(value + penalty * (weights**2).sum()),
            gradient + 2 * penalty * weights,
        )

    least = np.zeros((len(CHANNELS), len(FEATURES)))
    least[:, FEATURES.index("place")] = options.least_place
    bounds = [(low, None) for low in least.ravel()]
    begin = np.maximum(start, least.ravel())
    return np.asarray(minimize(loss, begin, jac=True, method="L-BFGS-B", bounds=bounds).x)


def ndcg_at_k(data: TrainingData, scores: NDArray[np.float64], k: int = 20) -> NDArray[np.float64]:
    """nDCG@k of each query's candidates in the order of ``scores``; ties keep their order.

    Args:
        data: q queries.
        scores: one for each candidate.
        k: depth of the list.

    Returns:
        (q,) values.
    """
    sizes = np.diff(data.starts)
    query = np.repeat(np.arange(len(sizes)), sizes)
    order = np.lexsort((-scores, query))
    place = np.arange(len(query)) - data.starts[query]
    gains = data.hits[order] * (place < k) / np.log2(place + 2)
    reached = np.bincount(query, gains, minlength=len(sizes))
    ideal = np.cumsum(1 / np.log2(np.arange(k) + 2))
    return reached / ideal[np.minimum(np.maximum(data.targets, 1), k) - 1]


def playlist_means(
    values: NDArray[np.float64], playlists: NDArray[np.uint64]
) -> NDArray[np.float64]:
    """Mean over the queries of each playlist; intervals are over playlists, not over queries."""
    _, place = np.unique(playlists, return_inverse=True)
    return np.bincount(place, values) / np.bincount(place)
