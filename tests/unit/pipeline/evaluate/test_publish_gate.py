import re
from dataclasses import replace

import polars as pl
import pytest

from embeat_pipeline.common.parquet import write_table
from embeat_pipeline.common.schemas import SCHEMAS
from embeat_pipeline.evaluate.holdout.registry import holdout_of
from embeat_pipeline.evaluate.holdout.release import build_holdout_release, evaluation_lake
from embeat_pipeline.evaluate.options import EvaluationOptions
from embeat_pipeline.evaluate.publish_gate import OVERRIDE, judge_release
from embeat_pipeline.evaluate.report import opponent
from embeat_pipeline.index import build
from embeat_pipeline.index.build import build_release
from embeat_pipeline.index.config import BuildOptions
from embeat_pipeline.index.publish import publish_release
from embeat_serve.stores.factory import current_release

OPTIONS = EvaluationOptions(seed_counts=(1, 5), max_queries=30, workers=1)


@pytest.fixture
def lake(evaluated_copy):
    return evaluated_copy


@pytest.fixture
def broken_trainer(monkeypatch):
    """Trains trees that put the worst song first."""
    from embeat_pipeline.ranking import ranking_model
    from embeat_pipeline.ranking.config import RankingConfig

    judge = ranking_model.judge

    def judge_reversed(*args):
        judgement = judge(*args)
        ensemble = judgement.ranker.trees.ensemble
        worst_first = replace(ensemble, leaves=-ensemble.leaves)
        trees = replace(judgement.ranker.trees, ensemble=worst_first)
        return judgement._replace(ranker=replace(judgement.ranker, trees=trees))

    monkeypatch.setattr(ranking_model, "judge", judge_reversed)
    # Another key, as another version of the code would have.
    other = RankingConfig(folds=1, fold_share=0.3, trees=20, min_playlists=20)
    monkeypatch.setattr(ranking_model.write_ranking_model, "__defaults__", (other, "cpu"))
    return ranking_model.write_ranking_model


def files_of(folder):
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*.parquet")}


def shuffle_neighbours(lake):
    """Give every track the neighbour list of another."""
    path = lake.table("track_neighbours")
    lists = pl.read_parquet(path)
    mixed = lists.with_columns(pl.struct(pl.exclude("track_code")).shuffle(seed=0).struct.unnest())
    write_table(path, SCHEMAS["track_neighbours"], [mixed])


def test_a_worse_release_is_not_published(lake, broken_trainer, monkeypatch):
    broken_trainer(lake)
    candidate = build_release(lake)["release"]
    assert candidate != current_release(lake)
    (lake.root / "evaluation" / "holdout_release.json").unlink()
    build_holdout_release(lake, OPTIONS.split, "cpu")
    verdict = judge_release(lake, candidate, OPTIONS)
    assert not verdict.passed
    assert verdict.difference is not None
    assert verdict.difference.high < 0
    assert OVERRIDE in verdict.reason
    assert "by holdout releases" in verdict.reason
    monkeypatch.setenv(OVERRIDE, "1")
    assert judge_release(lake, candidate, OPTIONS).passed


def test_a_release_below_one_of_its_channels_is_not_published(lake, broken_trainer, monkeypatch):
    broken_trainer(lake)
    publish_release(lake, build_release(lake)["release"])
    monkeypatch.setattr(build, "code_version", lambda _: "another version")
    candidate = build_release(lake)["release"]
    (lake.root / "evaluation" / "holdout_release.json").unlink()
    build_holdout_release(lake, OPTIONS.split, "cpu")
    monkeypatch.setattr(opponent, "MIN_GUARD_QUERIES", 10)
    verdict = judge_release(lake, candidate, replace(OPTIONS, max_queries=100))
    assert verdict.difference is not None
    assert verdict.difference.high >= 0, "the published release is as bad"
    assert not verdict.passed
    assert re.search(r"fused is \d.\d+ below the channel \w+ \(1 seed, novel\)", verdict.reason)
    assert OVERRIDE in verdict.reason


def test_a_release_at_least_as_good_as_its_channels_is_published(lake, monkeypatch):
    monkeypatch.setattr(build, "code_version", lambda _: "another version")
    candidate = build_release(lake)["release"]
    (lake.root / "evaluation" / "holdout_release.json").unlink()
    build_holdout_release(lake, OPTIONS.split, "cpu")
    monkeypatch.setattr(opponent, "MIN_GUARD_QUERIES", 10)
    assert judge_release(lake, candidate, replace(OPTIONS, max_queries=100)).passed


def test_without_a_holdout_release_of_the_candidate_nothing_is_trained_or_compared(lake):
    shuffle_neighbours(lake)
    candidate = build_release(lake)["release"]
    before = files_of(evaluation_lake(lake).root), set(evaluation_lake(lake).index.iterdir())
    verdict = judge_release(lake, candidate, OPTIONS)
    assert verdict.passed
    assert verdict.difference is None
    assert "not compared: no holdout release" in verdict.reason
    after = files_of(evaluation_lake(lake).root), set(evaluation_lake(lake).index.iterdir())
    assert after == before


def test_where_only_the_published_release_has_none_both_are_queried_themselves(lake):
    shuffle_neighbours(lake)
    candidate = build_release(lake)["release"]
    registry = lake.root / "evaluation" / "holdout_releases.json"
    registry.unlink()
    (lake.root / "evaluation" / "holdout_release.json").unlink()
    build_holdout_release(lake, OPTIONS.split, "cpu")
    assert holdout_of(lake, candidate, OPTIONS.split)
    verdict = judge_release(lake, candidate, OPTIONS)
    assert not verdict.passed
    assert "themselves" in verdict.reason


def test_a_release_of_the_same_tables_is_not_measured_by_the_published_ones_holdout(lake):
    candidate = build_release(lake, BuildOptions(graph_candidates=64))["release"]
    assert candidate != current_release(lake)
    verdict = judge_release(lake, candidate, OPTIONS)
    assert verdict.passed
    assert verdict.difference is None
    assert "not compared: no holdout release" in verdict.reason


def test_an_equal_release_of_another_version_is_published(lake, monkeypatch):
    monkeypatch.setattr(build, "code_version", lambda _: "another version")
    candidate = build_release(lake)["release"]
    (lake.root / "evaluation" / "holdout_release.json").unlink()
    holdout = build_holdout_release(lake, OPTIONS.split, "cpu")
    assert holdout_of(lake, candidate, OPTIONS.split) == holdout.release
    assert holdout_of(lake, current_release(lake), OPTIONS.split) != holdout.release
    verdict = judge_release(lake, candidate, OPTIONS)
    assert verdict.passed
    assert verdict.difference is not None
    assert (verdict.difference.low, verdict.difference.high) == (0, 0)


def test_nothing_to_compare_with_is_no_reason_to_wait(lake):
    assert judge_release(lake, current_release(lake), OPTIONS).difference is None
    published = current_release(lake)
    lake.current.unlink()
    assert judge_release(lake, published, OPTIONS).passed
    publish_release(lake, published)
