import numpy as np
import pytest

from embeat_pipeline.evaluate.report import summary
from embeat_pipeline.evaluate.systems.base import System, SystemGroup
from embeat_pipeline.interactions.queries import draw_queries, strata
from embeat_pipeline.interactions.ranking_metrics import PADDING


@pytest.fixture(scope="module")
def measured(themed_playlists):
    """Values and strata of a good, a bad and an empty system."""
    queries = draw_queries(themed_playlists, 1)
    random = np.random.default_rng(0)
    bad = np.stack([random.permutation(1_000)[:100] for _ in range(len(queries))])
    good = bad.copy()
    for row in range(len(queries)):
        wanted = queries.targets[[row]].indices[:5]
        others = good[row][~np.isin(good[row], wanted)]
        good[row] = np.concatenate([wanted, others])[:100]
    lists = {"good": good, "bad": bad, "silent": np.full_like(bad, PADDING)}
    systems = [System(name, SystemGroup.CHANNEL, {1: ranked}) for name, ranked in lists.items()]

    class Catalogue:
        main_artist = np.arange(1_000) // 3

    vectors = random.normal(size=(1_000, 4)).astype(np.float32)
    values = summary.query_values(systems, queries, Catalogue, vectors)  # type: ignore[arg-type]
    kinds = strata(queries, themed_playlists.frequency(), np.arange(len(themed_playlists)) % 3 > 0)
    return systems, values, kinds


def test_strata_add_up(measured):
    _, _, kinds = measured
    rows = summary.masks(kinds)
    novel = rows["novel"].sum()
    assert novel + rows["overlapping"].sum() == rows["all"].sum()
    assert rows["head"].sum() + rows["mid"].sum() + rows["tail"].sum() == novel
    assert rows["in"].sum() + rows["out"].sum() == novel


def test_table_holds_means_and_leaves_out_empty_strata(measured):
    _, values, kinds = measured
    rows = summary.masks(kinds)
    table = summary.table(values, rows)
    assert not rows["out"].any()
    assert "out" not in table["good"]
    for stratum in ("all", "novel"):
        cell = table["good"][stratum]["ndcg@20"]
        expected = values["good"]["ndcg@20"][rows[stratum]].mean()
        assert cell["mean"] == pytest.approx(expected)
        assert cell["low"] < cell["mean"] < cell["high"]
        assert cell["count"] == rows[stratum].sum()
    assert table["silent"]["all"]["mrr"]["high"] == 0


def test_differences_are_to_the_reference(measured):
    _, values, kinds = measured
    gains = summary.differences(values, "bad", summary.masks(kinds))
    assert set(gains) == {"good", "silent"}
    assert gains["good"]["novel"]["low"] > 0
    assert gains["silent"]["novel"]["high"] <= 0


def test_ratios_are_to_the_reference(measured):
    _, values, kinds = measured
    rows = summary.masks(kinds)
    means = {name: values[name]["ndcg@20"][rows["novel"]].mean() for name in ("good", "bad")}
    ratio = summary.ratios(values, "bad", rows)["good"]["novel"]
    assert ratio["mean"] == pytest.approx(means["good"] / means["bad"])
    assert 1 < ratio["low"] < ratio["mean"] < ratio["high"]
    assert summary.ratios(values, "silent", rows) == {"good": {}, "bad": {}}


def test_agreement_is_the_share_of_the_rows_list(measured):
    systems, _, _ = measured
    share = summary.agreement(systems, 1)
    assert share[0][0] == share[1][1] == 1
    assert 0.7 < share[0][1] < 0.85, "five of the first twenty were put there"
    assert share[2] == [0, 0, 0]
    assert share[0][2] == 0
