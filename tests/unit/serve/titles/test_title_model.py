from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from embeat_serve.titles.phrase_tracks import PhraseTracks
from embeat_serve.titles.title_model import COLUMNS, LEAST_KNOWLEDGE, TitleModel


def model() -> TitleModel:
    """Knows the terms " j", "az" and "zz": they point along the first three axes of each space."""
    weights = np.zeros((3, COLUMNS), np.float16)
    for row in range(3):
        weights[row, [row, 64 + row, 128 + row]] = 1
    mean = np.zeros(COLUMNS, np.float32)
    mean[[3, 67, 131]] = 0.1
    terms = np.array([" j", "az", "zz"], "U6")
    one, ones = np.ones(1, np.float32), np.ones(3, np.float32)
    return TitleModel(terms, ones, one, weights, mean, PhraseTracks.empty())


def test_a_title_is_the_sum_of_its_terms():
    profile = model().profile("jazz")
    # " jazz " has 15 terms, three of which are known.
    share = 15**-0.5
    expected = np.array([share, share, share, 0.1])
    assert profile.playlist[:4] == pytest.approx(expected / np.linalg.norm(expected), rel=1e-3)
    assert profile.acoustic[:4] == pytest.approx(profile.playlist[:4])
    assert profile.genre[:4] == pytest.approx(profile.playlist[:4])
    assert profile.knowledge == pytest.approx(3 / 15)


def test_a_term_that_comes_twice_weighs_more():
    once, twice = model().profile("zz"), model().profile("zz zz")
    assert twice.playlist[2] / twice.playlist[3] > 0
    assert once.knowledge > 0


def test_nothing_known_is_the_mean():
    profile = model().profile("qqq")
    assert profile.knowledge == 0
    assert not profile.is_known
    assert profile.playlist[3] == pytest.approx(1)


def test_an_empty_model_knows_nothing():
    profile = TitleModel.empty().profile("jazz")
    assert profile.knowledge == 0
    assert not profile.playlist.any()


def test_known_is_what_holds_enough_known_terms():
    assert model().profile("zz").knowledge < LEAST_KNOWLEDGE
    assert not model().profile("zz").is_known
    assert model().profile("j").is_known


@given(st.text(max_size=60))
def test_any_title_has_a_place(title: str):
    profile = model().profile(title)
    assert 0 <= profile.knowledge <= 1 + 1e-6
    for vector in (profile.playlist, profile.acoustic, profile.genre):
        assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-5)


def test_bytes_are_the_same_and_hold_everything():
    content = model().to_bytes()
    again = TitleModel.from_bytes(content)
    assert again.to_bytes() == content == model().to_bytes()
    assert np.array_equal(again.profile("jazz").playlist, model().profile("jazz").playlist)


@pytest.mark.parametrize("damage", [b"", b"no model", model().to_bytes()[:-400]])
def test_other_bytes_are_refused(damage: bytes):
    with pytest.raises(ValueError, match=r"."):
        TitleModel.from_bytes(damage)


def test_a_model_of_another_shape_is_refused():
    whole = model()
    narrow = replace(whole, weights=whole.weights[:, :10])
    with pytest.raises(ValueError, match="weights of shape"):
        TitleModel.from_bytes(narrow.to_bytes())
