import os
import shutil

import numpy as np
import polars as pl
import pytest

from embeat_pipeline.common.parquet import write_table
from embeat_pipeline.common.schemas import SCHEMAS
from embeat_pipeline.evaluate.compare import compare, parse_settings, parse_side
from embeat_pipeline.evaluate.inputs.catalogue import read_catalogue
from embeat_pipeline.evaluate.options import EvaluationOptions, ask_about
from embeat_pipeline.evaluate.publish_gate import OVERRIDE, judge_release
from embeat_pipeline.evaluate.ranking_model.holdout_release import (
    HoldoutRelease,
    evaluation_lake,
    lake_playlists,
    twin_of,
)
from embeat_pipeline.index.build import build_release
from embeat_pipeline.index.config import BuildOptions
from embeat_pipeline.index.publish import publish_release
from embeat_pipeline.interactions.split import split_playlists
from embeat_serve.contract.lake import LakePaths
from embeat_serve.errors import UsageError
from embeat_serve.options import RecallOptions
from embeat_serve.stores.factory import current_release

OPTIONS = EvaluationOptions(seed_counts=(1, 5), max_queries=30, workers=1)


@pytest.fixture
def lake(evaluated_lake, tmp_path):
    """A copy to change."""
    copy = LakePaths(tmp_path / "lake")
    shutil.copytree(evaluated_lake.root, copy.root)
    return copy


@pytest.fixture(scope="module")
def questions(evaluated_lake):
    playlists = lake_playlists(evaluated_lake)
    split = split_playlists(playlists)
    return ask_about(playlists.select(split.test), playlists.select(split.train), OPTIONS)


@pytest.fixture(scope="module")
def twin(evaluated_lake):
    release = twin_of(evaluated_lake, current_release(evaluated_lake))
    assert release is not None
    return HoldoutRelease(evaluation_lake(evaluated_lake), release)


def test_a_release_equals_itself_exactly(evaluated_lake, twin, questions):
    name = current_release(evaluated_lake)
    first, second = (parse_side(evaluated_lake, name, twin) for _ in range(2))
    found = compare(first, second, questions, read_catalogue(evaluated_lake), OPTIONS)
    for asked in found["seeds"].values():
        for gain in asked["difference"].values():
            assert (gain["mean"], gain["low"], gain["high"]) == (0, 0, 0)
        assert asked["better"] == asked["worse"] == []


def test_settings_differ_and_the_seeds_that_changed_are_named(evaluated_lake, twin, questions):
    playlist = parse_side(evaluated_lake, "channels=playlist,diversify=false", twin)
    popular = parse_side(evaluated_lake, "channels=genre_popular,diversify=false", twin)
    catalogue = read_catalogue(evaluated_lake)
    found = compare(playlist, popular, questions, catalogue, OPTIONS)
    asked = found["seeds"]["5"]
    changed = asked["better"] + asked["worse"]
    assert changed
    assert all(len(query["track_ids"]) == 5 for query in changed)
    gains = [query["first"] - query["second"] for query in asked["worse"]]
    assert gains == sorted(gains, reverse=True)
    back = compare(popular, playlist, questions, catalogue, OPTIONS)
    assert back["seeds"]["5"]["difference"]["all"]["mean"] == pytest.approx(
        -asked["difference"]["all"]["mean"]
    )


def test_settings_in_words():
    found = parse_settings("channels=playlist+acoustic,diversify=no,min_popularity=3")
    assert found == RecallOptions(
        channels=("acoustic", "playlist"), diversify=False, min_popularity=3
    )
    for wrong in ("nonsense", "diversity=1", "min_popularity=many", ""):
        with pytest.raises(UsageError):
            parse_settings(wrong)


def spoil(vectors):
    """What a broken trainer would make: the right lengths, in no direction."""
    noise = np.random.default_rng(0).normal(size=vectors.shape).astype(np.float32)
    return noise / np.linalg.norm(noise, axis=1, keepdims=True)


@pytest.fixture
def broken_trainer(monkeypatch):
    from embeat_pipeline.playlists.config import Track2VecConfig
    from embeat_pipeline.playlists.track2vec import fit as track2vec

    train = track2vec.track_vectors
    monkeypatch.setattr(track2vec, "track_vectors", lambda *given: (spoil(train(*given)[0]), {}))
    broken = Track2VecConfig(epochs=1)
    # Another key, as another version of the code would have.
    monkeypatch.setattr(track2vec.train_track2vec, "__defaults__", (broken, "cpu"))
    return track2vec.train_track2vec


def test_a_worse_release_is_not_published(lake, broken_trainer, monkeypatch):
    broken_trainer(lake)
    candidate = build_release(lake)["release"]
    assert candidate != current_release(lake)
    verdict = judge_release(lake, candidate, OPTIONS)
    assert not verdict.passed
    assert verdict.difference is not None
    assert verdict.difference.high < 0
    assert OVERRIDE in verdict.reason
    assert "twins" in verdict.reason
    monkeypatch.setenv(OVERRIDE, "1")
    assert judge_release(lake, candidate, OPTIONS).passed


def test_releases_without_twins_are_asked_themselves(lake):
    os.remove(lake.root / "evaluation" / "twins.json")
    # Every track gets the list of another.
    path = lake.table("track_neighbours")
    lists = pl.read_parquet(path)
    mixed = lists.with_columns(pl.struct(pl.exclude("track_code")).shuffle(seed=0).struct.unnest())
    write_table(path, SCHEMAS["track_neighbours"], [mixed])
    verdict = judge_release(lake, build_release(lake)["release"], OPTIONS)
    assert not verdict.passed
    assert "themselves" in verdict.reason


def test_an_equal_release_is_published(lake):
    candidate = build_release(lake, BuildOptions(graph_candidates=64))["release"]
    assert candidate != current_release(lake)
    verdict = judge_release(lake, candidate, OPTIONS)
    assert verdict.passed
    assert verdict.difference is not None
    assert (verdict.difference.low, verdict.difference.high) == (0, 0)


def test_nothing_to_compare_with_is_no_reason_to_wait(lake, tmp_path):
    assert judge_release(lake, current_release(lake), OPTIONS).difference is None
    published = current_release(lake)
    lake.current.unlink()
    assert judge_release(lake, published, OPTIONS).passed
    publish_release(lake, published)
