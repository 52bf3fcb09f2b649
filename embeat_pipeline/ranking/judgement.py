"""Decide what a release ranks by: the trees, or the neighbour lists where trees are worse.

Both order the candidates of validation playlists, which neither was made from; only the number of
trees was chosen on them. A list must not be worse
than its best part, so the trees are dropped where they are no better on the whole, or significantly
worse for a number of seeds or for seeds that playlists know little or much of.
"""

from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from embeat_pipeline.interactions import bootstrap
from embeat_pipeline.ranking.boosting import Boosted
from embeat_pipeline.ranking.config import RankingConfig
from embeat_pipeline.ranking.training_set import TrainingSet
from embeat_serve.contract.schema import EVIDENCE_CHANNELS
from embeat_serve.ranking.tree_ensemble import MAX_LEAVES, TreeEnsemble
from embeat_serve.ranking.tree_features import FEATURES
from embeat_serve.ranking.tree_ranker import GROUPS, CalibratedTrees, TreeRanker, no_trees

PLACES = 20
"""Depth of the lists that are compared."""

STEPS = 256
"""Trees that stand for the order of the neighbour lists; strengths have as many levels."""

CONFIDENCE_BANDS = {"no playlist": (-1.0, 0.0), "few": (0.0, 0.25), "many": (0.25, 1.0)}
"""Stratum -> bounds of the mean confidence in the seeds, the lower one exclusive."""


class Judgement(NamedTuple):
    """What a release ranks by, and why."""

    ranker: TreeRanker
    measured: dict[str, Any]
    """``lists`` and ``trees_ndcg``: nDCG@20 by stratum; ``worse``: strata in which trees are
    significantly worse; ``ranks_by``: ``trees`` or ``lists``."""


def judge(
    boosted: Boosted,
    validation: TrainingSet,
    genre_vectors: NDArray[np.float32],
    config: RankingConfig,
) -> Judgement:
    """Compare the trees with the neighbour lists, and make scores of the better probabilities."""
    scores = boosted.ensemble.scores(validation.features)
    of_lists = validation.features[:, FEATURES.index("strength")]
    comparison = compare(validation, of_lists.astype(np.float64), scores, config)
    ensemble = boosted.ensemble if comparison.is_better else order_of_lists(of_lists)
    trees = calibrated(ensemble, ensemble.scores(validation.features), validation.hits)
    measured = {
        "ranks_by": "trees" if comparison.is_better else "lists",
        "lists": comparison.before,
        "trees_ndcg": comparison.after,
        "worse": comparison.worse,
    }
    return Judgement(TreeRanker(trees, CalibratedTrees(), genre_vectors), measured)


def judge_title_trees(
    boosted: Boosted, ranker: TreeRanker, validation: TrainingSet, config: RankingConfig
) -> Judgement:
    """Compare the trees that see the title with those that do not; keep them where they pay.

    Args:
        boosted: trees that are added to those of ``ranker``.
        ranker: has no title trees yet.
        validation: queries with titles.
        config: least number of playlists of a stratum.
    """
    of_trees = ranker.trees.ensemble.scores(validation.features)
    scores = of_trees + boosted.ensemble.scores(validation.features)
    comparison = compare(validation, of_trees, scores, config)
    ensemble = boosted.ensemble if comparison.is_better else no_trees()
    title_trees = calibrated(ensemble, scores, validation.hits)
    measured = {
        "title_trees": len(ensemble),
        "without_title": comparison.before,
        "with_title": comparison.after,
        "worse_with_title": comparison.worse,
    }
    return Judgement(replace(ranker, title_trees=title_trees), measured)


class Comparison(NamedTuple):
    """nDCG@20 of two orders of the same candidates."""

    before: dict[str, float]
    """By stratum."""
    after: dict[str, float]
    worse: list[str]
    """Strata in which the second order is significantly worse."""
    is_better: bool
    """Whether the second order is better on the whole, and in no stratum worse."""


def compare(
    examples: TrainingSet,
    before: NDArray[np.float64],
    after: NDArray[np.float64],
    config: RankingConfig,
) -> Comparison:
    """Compare two scores (n,) of the candidates, by stratum."""
    first, second = ndcg(examples, before), ndcg(examples, after)
    masks = {name: mask for name, mask in strata(examples).items() if mask.any()}
    worse = [
        name
        for name, mask in masks.items()
        if _playlists(examples, mask) >= config.least_stratum
        and _difference(examples, second - first, mask, config.seed).high < 0
    ]
    return Comparison(
        {name: float(first[mask].mean()) for name, mask in masks.items()},
        {name: float(second[mask].mean()) for name, mask in masks.items()},
        worse,
        bool(second.mean() > first.mean()) and not worse,
    )


def strata(examples: TrainingSet) -> dict[str, NDArray[np.bool_]]:
    """Masks (q,) of the queries by number of seeds, and by how many playlists tell of them."""
    confidence = examples.features[examples.starts, FEATURES.index("confidence")]
    by_seeds = {
        f"{number} seed{'s' * (number > 1)}": examples.seeds == number
        for number in np.unique(examples.seeds).tolist()
    }
    return by_seeds | {
        name: (confidence > low) & (confidence <= high)
        for name, (low, high) in CONFIDENCE_BANDS.items()
    }


def order_of_lists(strengths: NDArray[np.float32]) -> TreeEnsemble:
    """Trees that order candidates by the strength that the neighbour lists give them.

    Args:
        strengths: (n,) of examples; their quantiles become the steps.
    """
    shares = np.linspace(0, 1, STEPS + 1)[:-1]
    steps = np.unique(np.quantile(strengths, shares)).astype(np.float32)
    place, shape = FEATURES.index("strength"), (MAX_LEAVES - 1, len(steps))
    features, thresholds = np.zeros(shape, np.int16), np.full(shape, np.inf, np.float32)
    kept_leaves = np.full(shape, (1 << MAX_LEAVES) - 1, np.uint16)
    # Whoever goes right loses the first leaf.
    features[0], thresholds[0], kept_leaves[0] = place, steps, (1 << MAX_LEAVES) - 2
    leaves = np.zeros((len(steps), MAX_LEAVES, len(EVIDENCE_CHANNELS)))
    leaves[:, 1, GROUPS[place]] = 1 / len(steps)
    return TreeEnsemble(features, thresholds, kept_leaves, leaves, 0.0)


def ndcg(examples: TrainingSet, scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """(q,) nDCG@20 of the candidates of each query in the order of ``scores`` (n,)."""
    query = np.repeat(np.arange(len(examples)), examples.sizes)
    order = np.lexsort((-scores, query))
    place = np.arange(len(query)) - np.repeat(examples.starts, examples.sizes)
    gains = examples.hits[order] * (place < PLACES) / np.log2(place + 2)
    reached = np.bincount(query, gains, len(examples))
    ideal = np.cumsum(1 / np.log2(np.arange(PLACES) + 2))
    return reached / ideal[np.clip(examples.targets, 1, PLACES) - 1]


def calibrated(
    ensemble: TreeEnsemble, scores: NDArray[np.float64], hits: NDArray[np.bool_]
) -> CalibratedTrees:
    """The trees, with what scores (n,) of them, or with them, mean."""
    return CalibratedTrees(ensemble, *platt_scaling(scores, hits))


def platt_scaling(scores: NDArray[np.float64], hits: NDArray[np.bool_]) -> tuple[float, float]:
    """Slope and intercept of the log-odds of a hit given a score (n,), by logistic regression."""
    from sklearn.linear_model import LogisticRegression

    fitted = LogisticRegression(C=1e6).fit(scores[:, None], hits)
    return float(fitted.coef_[0, 0]), float(fitted.intercept_[0])


def _playlists(examples: TrainingSet, mask: NDArray[np.bool_]) -> int:
    return len(np.unique(examples.playlists[mask]))


def _difference(
    examples: TrainingSet, values: NDArray[np.float64], mask: NDArray[np.bool_], seed: int
) -> bootstrap.Interval:
    """Interval of the mean over the playlists of a stratum; a playlist's queries are averaged."""
    _, place = np.unique(examples.playlists[mask], return_inverse=True)
    means = np.bincount(place, values[mask]) / np.bincount(place)
    return bootstrap.difference(means, np.zeros_like(means), seed)
