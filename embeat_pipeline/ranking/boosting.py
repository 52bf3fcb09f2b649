"""Grow the trees by LambdaMART, and write them in the form that serving evaluates.

LambdaMART (Burges 2010) is gradient boosting whose gradients are the changes of nDCG that swapping
two candidates of a query would bring. LightGBM grows the trees.
"""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from embeat_pipeline.ranking.config import RankingConfig
from embeat_pipeline.ranking.training_set import TrainingSet
from embeat_serve.contract.schema import EVIDENCE_CHANNELS
from embeat_serve.ranking.tree_ensemble import MAX_LEAVES, TreeEnsemble
from embeat_serve.ranking.tree_features import FEATURES
from embeat_serve.ranking.tree_ranker import FEATURES_WITH_TITLE, GROUPS


class Boosted(NamedTuple):
    """Trees, and how they grew."""

    ensemble: TreeEnsemble
    curve: list[float]
    """nDCG@20 on the validation queries after each tree, among their candidates."""
    importances: dict[str, float]
    """Feature -> share of what all comparisons gained, greatest first."""


def grow(
    training: TrainingSet,
    validation: TrainingSet,
    config: RankingConfig,
    prior: TreeEnsemble | None = None,
) -> Boosted:
    """Grow trees on some queries, as many as are best on others.

    Args:
        training: queries to grow trees on.
        validation: queries to choose their number on.
        config: how they are grown.
        prior: trees over ``FEATURES`` whose scores these are added to; they see the title, too.

    Raises:
        OSError: the library that LightGBM needs for threads is not installed.
    """
    import lightgbm

    learning = _dataset(lightgbm, training, prior)
    judging = _dataset(lightgbm, validation, prior, reference=learning)
    history: dict[str, Any] = {}
    booster = lightgbm.train(
        _parameters(config),
        learning,
        num_boost_round=config.trees,
        valid_sets=[judging],
        valid_names=["validation"],
        callbacks=[
            lightgbm.early_stopping(config.patience, first_metric_only=True, verbose=False),
            lightgbm.record_evaluation(history),
        ],
    )
    best = booster.best_iteration
    gains = booster.feature_importance("gain", iteration=best)
    shares = gains / max(gains.sum(), 1e-12)
    names = _features(prior)
    ranked = sorted(zip(names, shares.tolist(), strict=True), key=lambda pair: -pair[1])
    trees = booster.dump_model(num_iteration=best)["tree_info"]
    ensemble = to_ensemble([tree["tree_structure"] for tree in trees])
    return Boosted(ensemble, [float(x) for x in history["validation"]["ndcg@20"]], dict(ranked))


def _parameters(config: RankingConfig) -> dict[str, Any]:
    return {
        "objective": "lambdarank",
        "metric": "ndcg",
        "eval_at": [20],
        "lambdarank_truncation_level": config.truncation,
        "num_leaves": config.leaves,
        "min_data_in_leaf": config.min_leaf,
        "learning_rate": config.learning_rate,
        "feature_fraction": config.feature_share,
        "bagging_fraction": config.candidate_share,
        "bagging_freq": 1,
        "use_missing": False,
        "seed": config.seed,
        "deterministic": True,
        "force_col_wise": True,
        "num_threads": config.threads,
        "verbose": -1,
    }


def _features(prior: TreeEnsemble | None) -> tuple[str, ...]:
    return FEATURES if prior is None else FEATURES_WITH_TITLE


def _dataset(
    lightgbm: Any, examples: TrainingSet, prior: TreeEnsemble | None, reference: Any = None
) -> Any:
    has_hit = np.logical_or.reduceat(examples.hits, examples.starts)
    useful = examples.select(has_hit)
    names = _features(prior)
    return lightgbm.Dataset(
        useful.features[:, : len(names)],
        useful.hits.astype(np.int8),
        group=useful.sizes,
        feature_name=list(names),
        init_score=None if prior is None else prior.scores(useful.features),
        reference=reference,
    )


@dataclass
class _Tree:
    """Arrays of one tree, filled while it is walked from left to right."""

    features: NDArray[np.int16]
    thresholds: NDArray[np.float32]
    kept_leaves: NDArray[np.uint16]
    leaves: NDArray[np.float64]
    nodes: int = 0
    number_of_leaves: int = 0

    @classmethod
    def empty(cls) -> "_Tree":
        inner = MAX_LEAVES - 1
        return cls(
            np.zeros(inner, np.int16),
            np.full(inner, np.inf, np.float32),
            np.full(inner, 0xFFFF, np.uint16),
            np.zeros((MAX_LEAVES, len(EVIDENCE_CHANNELS))),
        )

    def walk(self, node: dict[str, Any], parts: NDArray[np.float64]) -> None:
        """Add a node and all below it; ``parts`` (groups,) is what the way to it added."""
        if "left_child" not in node:
            self.leaves[self.number_of_leaves] = parts
            self.number_of_leaves += 1
            return
        place, first_leaf = self.nodes, self.number_of_leaves
        self.nodes += 1
        self.features[place] = node["split_feature"]
        self.thresholds[place] = round_down(node["threshold"])
        group = GROUPS[node["split_feature"]]
        self.walk(node["left_child"], _added(parts, group, node, "left_child"))
        left = (1 << self.number_of_leaves) - (1 << first_leaf)
        self.kept_leaves[place] = 0xFFFF & ~left
        self.walk(node["right_child"], _added(parts, group, node, "right_child"))


def to_ensemble(trees: list[dict[str, Any]]) -> TreeEnsemble:
    """The trees that LightGBM describes (``Booster.dump_model``), over ``FEATURES``."""
    walked: list[_Tree] = []
    base = 0.0
    for tree in trees:
        one = _Tree.empty()
        one.walk(tree, np.zeros(len(EVIDENCE_CHANNELS)))
        base += _value(tree)
        walked.append(one)
    return TreeEnsemble(
        np.array([one.features for one in walked]).reshape(-1, MAX_LEAVES - 1).T.copy(),
        np.array([one.thresholds for one in walked]).reshape(-1, MAX_LEAVES - 1).T.copy(),
        np.array([one.kept_leaves for one in walked]).reshape(-1, MAX_LEAVES - 1).T.copy(),
        np.array([one.leaves for one in walked]).reshape(-1, MAX_LEAVES, len(EVIDENCE_CHANNELS)),
        base,
    )


def round_down(threshold: float) -> np.float32:
    """Greatest single-precision number up to a threshold: it parts the same float32 values."""
    rounded = np.float32(threshold)
    is_above = float(rounded) > threshold  # NumPy would compare in single precision
    return np.nextafter(rounded, np.float32(-np.inf)) if is_above else rounded


def _added(
    parts: NDArray[np.float64], group: int, node: dict[str, Any], child: str
) -> NDArray[np.float64]:
    added = parts.copy()
    added[group] += _value(node[child]) - _value(node)
    return added


def _value(node: dict[str, Any]) -> float:
    """What a tree says of all examples that reach a node."""
    return float(node["internal_value"] if "left_child" in node else node["leaf_value"])
