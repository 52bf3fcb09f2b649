"""Texts that may be a name or a question in words, asked of a release."""

import pytest

from embeat_serve.options import PRESETS
from embeat_serve.recommender import Recommender
from embeat_serve.results import Reading


@pytest.mark.parametrize(
    ("text", "reading"), [("晴天 - Jay Chou", Reading.SONG), ("Jay Chou", Reading.ARTIST)]
)
def test_a_name_stays_a_name(recommender: Recommender, text: str, reading: Reading):
    asked, named = recommender.ask(text), recommender.recommend(text)
    assert asked.results == named.results
    assert asked.understood is not None
    assert asked.understood.reading is reading
    assert not asked.understood.is_title_too


def test_a_misspelt_name_stays_a_name(recommender: Recommender):
    asked = recommender.ask("Supercalifragilisticx")
    assert asked.guessed
    assert asked.understood is not None
    assert asked.understood.reading is Reading.SONG


def test_what_playlists_are_called_comes_before_songs_that_hold_the_word(recommender: Recommender):
    asked = recommender.ask("kitchen")
    assert asked.understood is not None
    assert asked.understood.reading is Reading.QUESTION
    assert recommender.recommend("kitchen").seeds[0].track_name == "My Kitchen"


def test_words_that_no_playlist_is_called_may_be_a_misspelt_name(recommender: Recommender):
    # Half of the words are like "night", which is in names of playlists.
    asked = recommender.ask("the midnight suns")
    assert asked.guessed
    assert asked.understood is not None
    assert asked.understood.reading is Reading.ARTIST


def test_a_wish_is_no_misspelt_name(recommender: Recommender):
    # "Songs for" is part of no name, though the rest is nearly one.
    asked = recommender.ask("songs for the midnight suns")
    assert not asked.guessed
    assert asked.understood is not None
    assert asked.understood.reading is Reading.QUESTION


def test_a_song_and_its_artist_are_a_name_however_well_known_the_words(recommender: Recommender):
    asked = recommender.ask("my kitchen salt sand")
    assert asked.understood is not None
    assert asked.understood.reading is Reading.SONG


def test_upstreams_merge_takes_a_word_for_a_song_that_holds_it(recommender: Recommender):
    asked = recommender.ask("kitchen", options=PRESETS["upstream"])
    assert asked.seeds[0].track_name == "My Kitchen"
