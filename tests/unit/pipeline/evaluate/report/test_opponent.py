"""The opponent is the best single model on validation queries, and the report names it."""

import json

import numpy as np
import pytest

from embeat_pipeline.evaluate.report import console, opponent, summary
from embeat_pipeline.evaluate.report.charts import by_ratio, by_stratum, by_system
from embeat_pipeline.evaluate.report.html import render_report
from embeat_pipeline.evaluate.report.store import evaluation_json
from embeat_pipeline.evaluate.systems.base import System, SystemGroup
from embeat_serve.contract.schema import CHANNELS


def baseline(name: str, reached: dict[int, float]) -> System:
    return System(name, SystemGroup.BASELINE, {}, validation=reached)


def test_the_opponent_may_differ_between_numbers_of_seeds():
    systems = [
        System("product", SystemGroup.RELEASE, {}),
        baseline("item-kNN", {1: 0.12, 5: 0.20}),
        baseline("ALS", {1: 0.11, 5: 0.24}),
        baseline("ALS again", {1: 0.11, 5: 0.24}),
    ]
    assert opponent.choose_opponents(systems, (1, 5)) == {1: "item-kNN", 5: "ALS"}
    nearest = opponent.choose_opponents(systems, (2, 25))
    assert nearest == {2: "item-kNN", 25: "ALS"}, "no validation playlist is so long"


def test_there_is_no_opponent_where_no_baseline_was_tuned():
    systems = [System("product", SystemGroup.RELEASE, {}), baseline("popularity", {})]
    assert opponent.choose_opponents(systems, (1, 5)) == {}


def values_of(**ndcg: np.ndarray) -> summary.Values:
    return {name: {summary.HEADLINE: values} for name, values in ndcg.items()}


def test_the_guard_compares_with_the_best_channel_of_each_stratum():
    """Playlist is the best channel for 60 queries, acoustic for 60 others; 10 are too few."""
    random = np.random.default_rng(0)
    place = np.arange(130)
    noise = random.uniform(0, 0.01, 130)
    values = values_of(
        product=np.where(place < 60, 0.1, 0.4) + noise,
        fused=np.full(130, 0.3) + noise,
        playlist=np.where(place < 60, 0.3, 0.1),
        acoustic=np.where(place < 60, 0.1, 0.3),
    )
    rows = {"head": place < 60, "tail": (place >= 60) & (place < 120), "out": place >= 120}
    guard = opponent.never_below(values, rows)
    assert {name: set(found) for name, found in guard.items()} == {
        "product": {"head", "tail"},
        "fused": {"head", "tail"},
    }
    head, tail = guard["product"]["head"], guard["product"]["tail"]
    assert (head["channel"], head["is_below"], head["count"]) == ("playlist", True, 60)
    assert head["mean"] == pytest.approx((noise[:60] - 0.2).mean())
    assert head["low"] < head["mean"] < head["high"] < 0
    assert (tail["channel"], tail["is_below"]) == ("acoustic", False)
    assert not guard["fused"]["head"]["is_below"]


@pytest.fixture(scope="module")
def result(evaluated_lake):
    return json.loads(evaluation_json(evaluated_lake).read_text(encoding="utf-8"))


def test_the_opponent_is_chosen_on_validation_not_on_test_queries(result):
    for count, against in result["headline"].items():
        validation = against["validation"]
        assert against["opponent"] == max(validation, key=lambda name: validation[name])
        assert {"item-kNN", "EASE", "popularity"} <= set(validation)
        assert result["seeds"][count]["reference"] == against["opponent"]
        assert {"product", "fused", *CHANNELS, against["opponent"]} == set(against["systems"])


def test_the_headline_is_paired_with_the_opponent(result):
    for count, against in result["headline"].items():
        table, name = result["seeds"][count]["table"], against["opponent"]
        mine, its = (table[name]["novel"]["ndcg@20"]["mean"] for name in ("product", name))
        product = against["systems"]["product"]
        assert product["difference"]["mean"] == pytest.approx(mine - its)
        assert product["ratio"]["mean"] == pytest.approx(mine / its)
        assert product["ratio"]["low"] <= product["ratio"]["mean"] <= product["ratio"]["high"]
        assert against["systems"][name]["difference"] is None


def test_every_figure_names_the_opponent(result):
    page = render_report(result)
    text = "\n".join(console.report_lines(result))
    metadata = console.headline(result)
    for count, against in result["headline"].items():
        name = against["opponent"]
        seeds = f"{count} seed{'' if count == '1' else 's'}"
        assert f"{seeds}, novel playlists: ndcg@20 against {name}" in text
        assert f"× {name} [" in page
        assert f"<h3>{seeds}: {name}</h3>" in page
        ratio = against["systems"]["product"]["ratio"]["mean"]
        assert metadata[f"product / {name}, {count} seeds"] == ratio
        assert name in by_ratio(result, count).label
        assert name in by_stratum(result, "ndcg@20", count).label
        assert f"line: {name}" in by_system(result, "ndcg@20", "novel").svg()


def test_the_guard_is_in_the_report(result):
    for name in ("product", "fused"):
        assert set(result["never_below"][name]) == set(result["seeds"])
        for strata in result["never_below"][name].values():
            for cell in strata.values():
                assert cell["count"] >= opponent.MIN_GUARD_QUERIES
                assert cell["channel"] in CHANNELS
