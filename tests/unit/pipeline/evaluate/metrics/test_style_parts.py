import numpy as np
import pytest

from embeat_pipeline.evaluate.metrics.style_parts import (
    PARTS,
    StyleParts,
    nearness,
    read_style_tables,
)
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


@pytest.fixture(scope="module")
def tables(tmp_path_factory):
    return read_style_tables(write_style_tables(tmp_path_factory.mktemp("style")))


@pytest.fixture(scope="module")
def to_seed(tables):
    """Style of every track in relation to the seed."""
    songs = np.arange(len(TRACKS))
    return StyleParts(tables).of_pairs(np.full(len(songs), SEED), songs)


def test_nearness_is_the_share_of_pairs_that_are_as_far_apart():
    found = nearness(np.array([0.0, 2.0, 2.5, 9.0, np.nan]), np.array([1.0, 2.0, 3.0, 4.0]))
    assert found[:4].tolist() == [1.0, 0.75, 0.5, 0.0]
    assert np.isnan(found[4])
    assert np.isnan(nearness(np.array([1.0]), np.array([]))).all()


def test_each_part_puts_the_like_before_the_unlike(to_seed):
    for part, values in zip(PARTS, to_seed.parts, strict=True):
        assert values[SEED] == values[OWN] == pytest.approx(1), part
        assert values[ALIKE] > values[STRANGE] or part == "scene", part
    known = to_seed.parts[~np.isnan(to_seed.parts)]
    assert known.min() >= 0
    assert known.max() <= 1


def test_genres_in_common_or_near_on_the_map(to_seed):
    genres = to_seed.parts[PARTS.index("genres")]
    # One of two genres in common is a cosine of 0.71, and the places are nearly the same.
    assert genres[ALIKE] >= 0.7
    assert genres[UNPLACED] == 0
    assert np.isnan(genres[[UNTAGGED, BLANK]]).all()
    assert to_seed.knows_genres.tolist() == [
        track not in (UNTAGGED, BLANK) for track in range(len(TRACKS))
    ]
    assert np.flatnonzero(to_seed.shares_genre).tolist() == [SEED, ALIKE, OWN]


def test_a_scene_is_the_artist_and_those_it_is_related_to(to_seed, tables):
    scene = to_seed.parts[PARTS.index("scene")]
    assert np.flatnonzero(to_seed.is_related).tolist() == [SEED, RELATED, OWN]
    assert (scene[[SEED, RELATED, OWN]] == 1).all()
    assert scene[STRANGE] == 0
    assert np.isnan(scene[[UNTAGGED, BLANK, UNPLACED]]).all(), "artists without relations"
    both_ways = StyleParts(tables).of_pairs(
        np.array([RELATED, ALIKE, BLANK]), np.array([SEED, STRANGE, BLANK])
    )
    assert both_ways.is_related.tolist() == [True, False, False], "two unknown artists are not one"
    # Artists 1 and 2 both name artist 6: one of two in common.
    assert both_ways.parts[PARTS.index("scene"), 1] == pytest.approx(0.5)


def test_of_a_blank_track_nothing_is_known(to_seed):
    assert np.isnan(to_seed.parts[:, BLANK]).all()


def test_the_same_seed_gives_the_same_figures(tables):
    left, right = np.array([SEED, SEED]), np.array([ALIKE, STRANGE])
    first, again, other = (StyleParts(tables, seed).of_pairs(left, right) for seed in (0, 0, 1))
    assert np.array_equal(first.parts, again.parts, equal_nan=True)
    assert np.allclose(first.parts, other.parts, atol=0.02, equal_nan=True)
