from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from embeat_serve.titles.phrase_tracks import (
    NO_MATCHES,
    PhraseTracks,
    phrase_key,
    phrases,
)
from embeat_serve.titles.title_model import TitleModel

COUNTS = {
    "road": (40, {1: 20, 2: 10, 3: 4}),
    "trip": (50, {1: 10, 4: 40}),
    "road trip": (30, {1: 9, 2: 8}),
    "for": (400, {5: 300}),
    "a": (500, {5: 200}),
    "for a": (3, {5: 2}),
}
"""Phrase -> playlists with it in their names, and by track how many of them hold it."""


def phrase_tracks() -> PhraseTracks:
    by_key = sorted((phrase_key(phrase), counts) for phrase, counts in COUNTS.items())
    tracks = [sorted(counts.items()) for _, (_, counts) in by_key]
    entries = np.array([pair for of_phrase in tracks for pair in of_phrase])
    return PhraseTracks(
        np.array([key for key, _ in by_key], np.uint64),
        np.array([playlists for _, (playlists, _) in by_key], np.uint32),
        np.cumsum([0, *map(len, tracks)]),
        entries[:, 0].astype(np.uint32),
        entries[:, 1].astype(np.uint16),
        np.array([1_000]),
    )


def test_counts_are_those_of_the_phrase_that_says_most():
    matches = phrase_tracks().matches("Songs for a road trip!")
    assert (matches.phrase, matches.playlists) == ("road trip", 30)
    assert matches.counts_of(np.array([2, 1, 4, 77])).tolist() == [8, 9, 0, 0]


def test_shares_are_those_of_all_phrases_and_the_rare_ones_count_most():
    shares = phrase_tracks().matches("for a road trip").shares_of(np.arange(6))
    assert shares[0] == 0
    assert shares[1] > shares[4] > shares[3]
    assert shares[1] > shares[5]
    assert shares.max() < 1


def test_one_word_is_enough():
    matches = phrase_tracks().matches("ROAD rage")
    assert (matches.phrase, matches.playlists) == ("road", 40)
    assert matches.counts_of(np.array([1])).tolist() == [20]


@pytest.mark.parametrize("title", ["", "?", "sea", "🌊"])
def test_what_no_name_holds_has_no_matches(title: str):
    assert phrase_tracks().matches(title) is NO_MATCHES
    assert PhraseTracks.empty().matches(title) is NO_MATCHES
    assert NO_MATCHES.counts_of(np.array([1, 2])).tolist() == [0, 0]
    assert NO_MATCHES.shares_of(np.array([1, 2])).tolist() == [0, 0]


def test_phrases_are_runs_of_words_and_emoji():
    assert phrases("Rock & Roll 90's 🔥") == [
        *("rock roll 90s", "roll 90s 🔥", "rock roll", "roll 90s", "90s 🔥"),
        *("rock", "roll", "90s", "🔥"),
    ]


@given(st.text(max_size=60))
def test_any_title_has_matches_or_none(title: str):
    matches = phrase_tracks().matches(title)
    assert (matches.phrase == "") == (matches.playlists == 0)
    assert (np.diff(matches.tracks) > 0).all()


def test_a_release_holds_no_phrase_that_can_be_read():
    content = replace(TitleModel.empty(), phrases=phrase_tracks()).to_bytes()
    assert b"road" not in content
    assert TitleModel.from_bytes(content).phrases.matches("road trip").playlists == 30


@pytest.mark.parametrize("name", ["playlists", "starts", "tracks", "counts", "titles"])
def test_arrays_that_do_not_fit_together_are_refused(name: str):
    whole = phrase_tracks()
    damaged = replace(whole, **{name: getattr(whole, name)[:-1]})
    content = replace(TitleModel.empty(), phrases=damaged).to_bytes()
    with pytest.raises(ValueError, match=r"of another length|\w"):
        TitleModel.from_bytes(content)
