from dataclasses import replace

import numpy as np
import pytest

from embeat_pipeline.evaluate.metrics.style_parts import PARTS, StyleParts, read_style_tables
from embeat_pipeline.evaluate.options import EvaluationQueries
from embeat_pipeline.evaluate.quality.style_fit import (
    EVIDENCE,
    MATES,
    METRICS,
    draw_mates,
    list_values,
    mate_thresholds,
    measure_style_fit,
    style_of_lists,
)
from embeat_pipeline.evaluate.systems.base import PRODUCT, System, SystemGroup
from embeat_pipeline.interactions.playlists import Playlists, membership
from embeat_pipeline.interactions.queries import QuerySet
from tests.support.style_catalogue import (
    ALIKE,
    BLANK,
    OWN,
    RELATED,
    SEED,
    STRANGE,
    TRACKS,
    UNPLACED,
    UNTAGGED,
    write_style_tables,
)

SONGS = np.array([[OWN, ALIKE, STRANGE, UNTAGGED, RELATED, BLANK, UNPLACED, -1]])


@pytest.fixture(scope="module")
def lake(tmp_path_factory):
    return write_style_tables(tmp_path_factory.mktemp("style"))


@pytest.fixture(scope="module")
def parts(lake):
    return StyleParts(read_style_tables(lake))


def values_of(style, threshold=np.nan):
    values = list_values(style, np.full(len(style.fit), threshold))
    return dict(zip(METRICS, values[:, 0], strict=True))


def test_only_what_is_known_to_be_foreign_jars(parts):
    style = style_of_lists(parts, np.array([[SEED]]), SONGS)
    assert SONGS[style.jarring].tolist() == [STRANGE]
    assert SONGS[style.no_common_genre].tolist() == [STRANGE, UNPLACED]
    assert not style.no_common_genre[SONGS == RELATED], "related artists are no strangers"
    assert not style.jarring[SONGS == UNTAGGED], "unknown genres do not jar"
    assert not style.jarring[SONGS == RELATED], "related artists do not jar"
    assert np.isnan(style.fit[SONGS == BLANK]).all()
    assert style.fit[SONGS == OWN] > style.fit[SONGS == ALIKE] > style.fit[SONGS == STRANGE]


def test_a_fit_is_the_mean_of_the_parts_that_are_known(parts):
    style = style_of_lists(parts, np.array([[SEED]]), SONGS)
    for place in range(SONGS.shape[1]):
        known = style.parts[:, 0, place]
        known = known[~np.isnan(known)]
        if known.size:
            assert style.fit[0, place] == pytest.approx(known.mean())
        else:
            assert np.isnan(style.fit[0, place])


def test_a_song_that_fits_one_of_several_seeds_does_not_jar(parts):
    style = style_of_lists(parts, np.array([[SEED, STRANGE]]), np.array([[STRANGE, OWN]]))
    assert not style.jarring.any()
    assert style.fit[0] == pytest.approx(1)


def test_songs_of_ten_are_shares_of_the_list(parts):
    style = style_of_lists(parts, np.array([[SEED]]), np.array([[ALIKE, STRANGE, -1, -1]]))
    values = values_of(style, threshold=(style.fit[0, 0] + style.fit[0, 1]) / 2)
    assert values["jarring"] == values["below_mates"] == 5
    assert values["songs"] == 2
    assert values["knows_genres"] == 1
    empty = style_of_lists(parts, np.array([[SEED]]), np.array([[-1, -1]]))
    values = values_of(empty)
    assert values.pop("songs") == 0
    assert np.isnan(list(values.values())).all()


def test_blocks_do_not_change_what_is_measured(parts, monkeypatch):
    seeds, songs = np.array([[SEED], [STRANGE], [ALIKE]]), np.repeat(SONGS, 3, axis=0)
    whole = style_of_lists(parts, seeds, songs)
    monkeypatch.setattr("embeat_pipeline.evaluate.quality.style_fit.BLOCK_PAIRS", 8)
    for one, other in zip(style_of_lists(parts, seeds, songs), whole, strict=True):
        assert np.array_equal(one, other, equal_nan=one.dtype.kind == "f")


def test_thresholds_are_a_percentile_of_the_mates_of_a_stratum():
    fits = np.stack([np.linspace(0, 1, 101), np.full(101, 0.5), np.full(101, np.nan)])
    found = mate_thresholds(fits, np.array([0, 1, 2]))
    assert found[:2] == pytest.approx([0.05, 0.5])
    assert np.isnan(found[2:]).all()
    assert len(found) == len(EVIDENCE)


def made_queries(lists, seeds, seen=()):
    """Queries with one seed; ``seen`` are tracks of one training playlist each."""
    indptr = np.cumsum([0, *map(len, lists)])
    targets = membership(indptr, np.concatenate(lists), len(TRACKS))
    keys = np.arange(len(lists), dtype=np.uint64)
    train = membership(np.arange(len(seen) + 1), np.array(seen, np.int64), len(TRACKS))
    queries = QuerySet(np.arange(len(lists)), keys, np.array(seeds)[:, None], targets)
    training = Playlists(np.arange(len(seen), dtype=np.uint64), train)
    return EvaluationQueries({1: queries}, training, np.ones(len(lists), bool))


def test_mates_are_drawn_from_the_targets_of_each_query():
    queries = made_queries([[ALIKE, OWN, UNPLACED], [STRANGE]], [SEED, RELATED]).queries[1]
    mates = draw_mates(queries, number=2)
    assert set(mates[0].tolist()) < {ALIKE, OWN, UNPLACED}
    assert mates[1].tolist() == [STRANGE, -1]
    assert np.array_equal(mates, draw_mates(queries, number=2))
    drawn = {tuple(draw_mates(queries, seed, 2)[0].tolist()) for seed in range(20)}
    assert len(drawn) > 2, "another seed draws others"
    alone = draw_mates(queries.select(np.array([0])), number=2)
    assert np.array_equal(alone[0], mates[0]), "a draw does not depend on other playlists"


def test_lists_in_style_and_out_of_it(lake):
    queries = made_queries([[ALIKE, OWN, SEED]] * 2, [SEED, OWN], seen=[SEED])
    good = System(PRODUCT, SystemGroup.RELEASE, {1: np.array([[OWN, ALIKE], [SEED, ALIKE]])})
    bad = System("bad", SystemGroup.BASELINE, {1: np.array([[STRANGE, UNTAGGED], [STRANGE, -1]])})
    none = replace(bad, name="none", ranked={1: np.full((2, 3), -1)})
    result = measure_style_fit(lake, {1: [good, bad, none]}, queries)
    found = result["seeds"]["1"]
    assert found["queries"] == {"all": 2, "novel": 2, "0": 1, "1-3": 1, "4-20": 0, "21+": 0}
    assert set(found["systems"]) == {PRODUCT, "bad", "none", MATES}
    product, jars = (found["systems"][name]["novel"] for name in (PRODUCT, "bad"))
    assert set(product) == set(METRICS) > set(PARTS)
    assert product["jarring"]["mean"] == 0
    assert jars["jarring"]["mean"] == 7.5, "half of one list, all of the other"
    assert jars["below_mates"]["mean"] == 10
    assert product["fit"]["low"] > jars["fit"]["high"]
    assert set(found["systems"]["none"]["novel"]) == {"songs"}
    gain = found["differences"]["bad"]["novel"]["jarring"]
    assert gain == {"mean": 7.5, "low": 5.0, "high": 10.0, "count": 2}
    assert "4-20" not in found["systems"][PRODUCT]
    again = measure_style_fit(lake, {1: [good, bad, none]}, queries)
    np.testing.assert_equal(again, result)
