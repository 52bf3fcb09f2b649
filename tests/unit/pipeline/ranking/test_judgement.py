from dataclasses import replace

import numpy as np
import pytest

from embeat_pipeline.ranking.boosting import Boosted
from embeat_pipeline.ranking.config import RankingConfig
from embeat_pipeline.ranking.judgement import judge, judge_title_trees, ndcg, order_of_lists
from embeat_pipeline.ranking.training_set import TrainingSet
from embeat_serve.ranking.tree_features import FEATURES
from embeat_serve.ranking.tree_ranker import FEATURES_WITH_TITLE
from tests.support.trees import NO_GENRE_VECTORS, ranker_by, trees_by

CONFIG = RankingConfig()


def training_set(strengths: list[float], hits: list[bool], sizes: list[int]) -> TrainingSet:
    features = np.zeros((len(hits), len(FEATURES_WITH_TITLE)), np.float32)
    features[:, FEATURES.index("strength")] = strengths
    features[:, FEATURES.index("genre_similarity")] = hits
    number = len(sizes)
    targets = np.add.reduceat(hits, np.cumsum([0, *sizes[:-1]]))
    return TrainingSet(
        features,
        np.array(hits),
        np.array(sizes),
        np.arange(number, dtype=np.uint64),
        np.ones(number, np.int64),
        targets,
    )


EXAMPLES = training_set([0.9, 0.5, 0.1, 0.3, 0.2], [False, True, False, False, True], [3, 2])


def boosted(feature: str, sign: float = 1.0) -> Boosted:
    return Boosted(trees_by(feature, [0.15, 0.25, 0.4], sign).ensemble, [0.5], {feature: 1.0})


def test_trees_that_are_better_than_the_lists_are_kept():
    ranker, measured = judge(boosted("genre_similarity"), EXAMPLES, NO_GENRE_VECTORS, CONFIG)
    assert measured["ranks_by"] == "trees"
    assert len(ranker.trees.ensemble) == 3
    assert measured["trees_ndcg"]["1 seed"] == 1 > measured["lists"]["1 seed"]


def test_trees_that_are_no_better_give_way_to_the_order_of_the_lists():
    ranker, measured = judge(
        boosted("genre_similarity", sign=-1.0), EXAMPLES, NO_GENRE_VECTORS, CONFIG
    )
    assert measured["ranks_by"] == "lists"
    strength = EXAMPLES.features[:, FEATURES.index("strength")]
    order = np.argsort(-ranker.trees.ensemble.scores(EXAMPLES.features))
    assert order.tolist() == np.argsort(-strength).tolist()


def many(number: int, seeds: int, *, trees_are_right: bool) -> TrainingSet:
    """Queries of two candidates, of which either the lists or the trees know the right one."""
    hits = [trees_are_right, not trees_are_right] * number
    strengths = [0.2, 0.8] * number
    examples = training_set(strengths, hits, [2] * number)
    features = examples.features.copy()
    features[:, FEATURES.index("genre_similarity")] = [1, 0] * number
    keys = np.arange(number, dtype=np.uint64) + np.uint64(1_000 * seeds)
    return replace(examples, features=features, seeds=np.full(number, seeds), playlists=keys)


@pytest.mark.parametrize(("five", "ranks_by"), [(60, "lists"), (40, "trees")])
def test_trees_must_not_be_worse_for_any_number_of_seeds_with_enough_playlists(
    five: int, ranks_by: str
):
    examples = TrainingSet.concatenate(
        [many(300, 1, trees_are_right=True), many(five, 5, trees_are_right=False)]
    )
    _, measured = judge(boosted("genre_similarity"), examples, NO_GENRE_VECTORS, CONFIG)
    assert measured["ranks_by"] == ranks_by
    assert measured["worse"] == (["5 seeds"] if ranks_by == "lists" else [])


@pytest.mark.parametrize(("sign", "kept"), [(1.0, 3), (-1.0, 0)])
def test_trees_that_see_the_title_are_kept_where_they_pay(sign: float, kept: int):
    """Without the title nobody knows the right one of two candidates."""
    examples = many(100, 1, trees_are_right=False)
    features = np.zeros_like(examples.features)
    features[:, FEATURES_WITH_TITLE.index("title_fit")] = examples.hits
    examples = replace(examples, features=features)
    before = ranker_by("strength", [0.5])
    ranker, measured = judge_title_trees(boosted("title_fit", sign), before, examples, CONFIG)
    assert len(ranker.title_trees.ensemble) == measured["title_trees"] == kept
    assert ranker.trees is before.trees
    if kept:
        assert measured["with_title"]["1 seed"] == 1 > measured["without_title"]["1 seed"]
        scores = ranker.title_trees.ensemble.scores(features)
        probabilities = ranker.title_trees.probabilities(scores)
        assert probabilities[examples.hits].min() > 0.9
        assert probabilities[~examples.hits].max() < 0.1


def test_the_order_of_lists_is_that_of_strengths():
    rng = np.random.default_rng(1)
    features = np.zeros((500, len(FEATURES_WITH_TITLE)), np.float32)
    strengths = (rng.integers(0, 200, 500) / 200).astype(np.float32)
    features[:, FEATURES.index("strength")] = strengths
    scores = order_of_lists(strengths).scores(features)
    order = np.argsort(strengths, kind="stable")
    assert (np.diff(scores[order]) >= 0).all()
    assert len(np.unique(scores)) > 150


def test_scores_of_trees_become_probabilities():
    rng = np.random.default_rng(0)
    hits = rng.random(4_000) < 0.2
    features = training_set([0.0] * 4_000, hits.tolist(), [4_000])
    ranker, _ = judge(boosted("genre_similarity"), features, NO_GENRE_VECTORS, CONFIG)
    probabilities = ranker.trees.probabilities(ranker.trees.ensemble.scores(features.features))
    assert probabilities.mean() == pytest.approx(hits.mean(), abs=0.01)
    assert probabilities[hits].min() > probabilities[~hits].max()


def test_ndcg_counts_targets_that_no_candidate_is():
    """Of the 4 targets one is found, in second place."""
    examples = replace(training_set([0.9, 0.5], [False, True], [2]), targets=np.array([4]))
    ideal = (1 / np.log2(np.arange(2, 6))).sum()
    scores = np.array([0.9, 0.5])
    assert ndcg(examples, scores) == pytest.approx([1 / np.log2(3) / ideal])
