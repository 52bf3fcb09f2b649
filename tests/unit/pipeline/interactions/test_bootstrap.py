import numpy as np
import pytest

from embeat_pipeline.interactions import bootstrap
from embeat_pipeline.interactions.playlists import membership
from embeat_pipeline.interactions.ranking_metrics import ranking_metrics


def rankings(seed=0, queries=150, catalogue=500):
    """Lists of 100 with targets towards the top, and those targets."""
    random = np.random.default_rng(seed)
    ranked = np.argsort(random.random((queries, catalogue)), axis=1)[:, :100]
    places = np.argsort(random.random((queries, 100)) + np.arange(100) / 60, axis=1)[:, :12]
    targets = np.take_along_axis(ranked, places, axis=1)
    return ranked, membership(np.arange(queries + 1) * 12, targets.ravel(), catalogue)


def test_identical_rankings_differ_by_exactly_nothing():
    ranked, targets = rankings()
    for values in ranking_metrics(ranked, targets).values():
        assert bootstrap.difference(values, values) == bootstrap.Interval(0.0, 0.0, 0.0, 150)


@pytest.mark.parametrize("metric", ["ndcg@20", "ndcg@100", "mrr", "r_precision", "hit@20"])
def test_shuffling_is_a_significant_loss(metric):
    ranked, targets = rankings()
    shuffled = np.random.default_rng(1).permuted(ranked, axis=1)
    before = ranking_metrics(ranked, targets)[metric]
    after = ranking_metrics(shuffled, targets)[metric]
    loss = bootstrap.difference(after, before)
    assert loss.high < 0


def test_interval_matches_the_normal_approximation():
    values = np.random.default_rng(2).normal(3.0, 1.0, size=(1, 900))
    found = bootstrap.intervals(values)[0]
    half = 1.96 * values.std() / 30
    assert found.mean == pytest.approx(values.mean())
    assert found.low == pytest.approx(values.mean() - half, abs=0.01)
    assert found.high == pytest.approx(values.mean() + half, abs=0.01)


def test_rows_are_resampled_alike():
    random = np.random.default_rng(3)
    hard = random.normal(size=200)
    better = hard + 0.05 + random.normal(scale=0.01, size=200)
    first, second = bootstrap.intervals(np.stack([better, hard]))
    assert first.low < second.high, "each alone is too wide to tell them apart"
    assert bootstrap.difference(better, hard).low > 0


def test_blocks_do_not_change_what_is_drawn(monkeypatch):
    values = np.random.default_rng(4).normal(size=(2, 50))
    whole = bootstrap.resampled_means(values, 0, 100)
    monkeypatch.setattr(bootstrap, "BLOCK_VALUES", 50 * 7)
    assert np.allclose(whole, bootstrap.resampled_means(values, 0, 100))


def test_nothing_to_resample():
    found = bootstrap.intervals(np.empty((1, 0)))[0]
    assert found.count == 0
    assert np.isnan(found.mean)


def test_a_ratio_of_means_has_an_interval():
    random = np.random.default_rng(2)
    second = random.exponential(size=400)
    found = bootstrap.ratio(3 * second, second)
    assert (found.low, found.mean, found.high) == pytest.approx((3, 3, 3))
    found = bootstrap.ratio(random.exponential(2, 400), second)
    assert found.low < 2 < found.high
    assert found.low < found.mean < found.high
    assert np.isnan(bootstrap.ratio(second, np.zeros(400)).mean)


def test_what_is_unknown_is_left_out_of_its_row_alone():
    values = np.random.default_rng(3).random((3, 60))
    whole = bootstrap.intervals_of_known(values)
    for one, other in zip(whole, bootstrap.intervals(values), strict=True):
        assert (one.mean, one.low, one.high) == pytest.approx((other.mean, other.low, other.high))
        assert one.count == other.count
    values[1, 20:] = np.nan
    values[2] = np.nan
    found = bootstrap.intervals_of_known(values)
    assert found[0] == whole[0]
    assert found[1].mean == pytest.approx(values[1, :20].mean())
    assert found[1].low < found[1].mean < found[1].high
    assert [one.count for one in found] == [60, 20, 0]
    assert np.isnan(found[2].mean)
    assert not bootstrap.intervals_of_known(np.full((2, 3), np.nan))[0].count
