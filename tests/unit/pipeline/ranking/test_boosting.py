from dataclasses import replace

import lightgbm
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from embeat_pipeline.ranking.boosting import grow, round_down, to_ensemble
from embeat_pipeline.ranking.config import RankingConfig
from embeat_pipeline.ranking.judgement import ndcg
from embeat_pipeline.ranking.training_set import TrainingSet
from embeat_serve.ranking.title_features import TITLE_FEATURES
from embeat_serve.ranking.tree_features import FEATURES
from embeat_serve.ranking.tree_ranker import GROUPS

CONFIG = RankingConfig(trees=60, min_leaf=5, patience=60)


def examples(queries: int, seed: int) -> TrainingSet:
    """Queries of 20 candidates, of which those of high strength and genre similarity are hits."""
    rng = np.random.default_rng(seed)
    features = rng.random((20 * queries, len(FEATURES))).astype(np.float32)
    features[:, FEATURES.index("seeds")] = np.repeat(rng.integers(1, 25, queries), 20)
    odds = features[:, FEATURES.index("strength")] + features[:, FEATURES.index("genre_similarity")]
    hits = odds + rng.normal(0, 0.1, len(odds)) > 1.4
    return TrainingSet(
        features,
        hits,
        np.full(queries, 20),
        np.arange(queries, dtype=np.uint64),
        np.ones(queries, np.int64),
        np.maximum(hits.reshape(queries, 20).sum(axis=1), 1),
    )


def test_trees_with_a_prior_see_the_title_and_add_what_the_prior_lacks(boosted):
    def with_title(queries: int, seed: int) -> TrainingSet:
        plain = examples(queries, seed)
        fits = np.random.default_rng(seed).random((len(plain.hits), 1)).astype(np.float32)
        others = np.zeros((len(plain.hits), len(TITLE_FEATURES) - 1), np.float32)
        hits = plain.hits & (fits[:, 0] > 0.5)
        columns = [plain.features, fits, others]
        return replace(plain, features=np.concatenate(columns, axis=1), hits=hits)

    training, judging = with_title(120, 7), with_title(40, 8)
    grown = grow(training, judging, CONFIG, prior=boosted.ensemble)
    assert next(iter(grown.importances)) == "title_fit"
    before = boosted.ensemble.scores(judging.features)
    after = before + grown.ensemble.scores(judging.features)
    assert ndcg(judging, after).mean() > ndcg(judging, before).mean() + 0.05
    title = np.abs(grown.ensemble.contributions(judging.features))[:, GROUPS[-1]]
    assert title.mean() > 0.1


@pytest.fixture(scope="module")
def boosted():
    return grow(examples(120, 1), examples(40, 2), CONFIG)


def booster_of(objective: str, rounds: int, leaves: int) -> lightgbm.Booster:
    data = examples(60, 3)
    parameters = {
        "objective": objective,
        "num_leaves": leaves,
        "min_data_in_leaf": 2,
        "verbose": -1,
        "use_missing": False,
        "num_threads": 1,
    }
    dataset = lightgbm.Dataset(data.features, data.hits.astype(int), group=data.sizes)
    return lightgbm.train(parameters, dataset, rounds)


@pytest.mark.parametrize("leaves", [2, 7, 16])
@pytest.mark.parametrize("objective", ["lambdarank", "binary", "regression"])
def test_serving_scores_as_lightgbm_does(objective: str, leaves: int):
    booster = booster_of(objective, 50, leaves)
    trees = [tree["tree_structure"] for tree in booster.dump_model()["tree_info"]]
    # Thresholds lie between values of the examples; these are hit exactly.
    rows = examples(40, 4).features
    rows[: len(trees), 0] = [tree.get("threshold", 0.0) for tree in trees]
    expected = booster.predict(rows, raw_score=True)
    assert to_ensemble(trees).scores(rows) == pytest.approx(expected, abs=1e-6)


def test_a_tree_that_is_one_leaf_adds_it_to_the_base():
    ensemble = to_ensemble([{"leaf_value": 0.25}])
    assert ensemble.scores(np.zeros((3, len(FEATURES)), np.float32)).tolist() == [0.25] * 3


def test_contributions_and_base_sum_to_the_score(boosted):
    rows = examples(5, 5).features
    parts = boosted.ensemble.contributions(rows)
    assert boosted.ensemble.base + parts.sum(axis=1) == pytest.approx(boosted.ensemble.scores(rows))


def test_a_feature_contributes_to_its_own_channel_alone(boosted):
    """Hits depend on strength and genre similarity, so other channels have little to say."""
    parts = np.abs(boosted.ensemble.contributions(examples(20, 6).features)).mean(axis=0)
    acoustic, genre_popular, same_artist, related_artist, playlist, title = parts
    assert min(playlist, genre_popular) > 3 * max(acoustic, same_artist, related_artist)
    assert title == 0


def test_what_decides_has_the_greatest_importance(boosted):
    assert set(list(boosted.importances)[:2]) == {"strength", "genre_similarity"}
    assert sum(boosted.importances.values()) == pytest.approx(1)


def test_as_many_trees_are_kept_as_were_best(boosted):
    assert len(boosted.curve) <= CONFIG.trees
    assert len(boosted.ensemble) == np.argmax(boosted.curve) + 1


def test_same_examples_give_same_trees(boosted):
    again = grow(examples(120, 1), examples(40, 2), CONFIG)
    assert again.curve == boosted.curve
    assert np.array_equal(again.ensemble.leaves, boosted.ensemble.leaves)


@given(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6, width=32))
def test_a_rounded_threshold_parts_the_same_numbers(threshold: float, value: float):
    assert (np.float32(value) > round_down(threshold)) == (value > threshold)
