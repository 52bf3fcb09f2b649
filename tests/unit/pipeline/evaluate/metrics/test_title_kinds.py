import tomllib
from importlib.resources import files

import numpy as np
import pytest

from embeat_pipeline.evaluate.inputs.catalogue import read_catalogue
from embeat_pipeline.evaluate.inputs.playlist_split import lake_playlists
from embeat_pipeline.evaluate.metrics.title_kinds import TitleKind, TitleKinds, read_title_kinds
from embeat_serve.contract.text_keys import name_key
from embeat_serve.questions.genres import GenreNames
from embeat_serve.questions.vocabulary import LANGUAGES

GENRES = ("rock", "country", "k-pop", "sleep", "hip hop", "jazz")
ARTISTS = ("Drake", "Eric Church", "Red Hot Chili Peppers", "Summer", "周杰倫", "Two Words")


@pytest.fixture(scope="module")
def kinds():
    names = GenreNames({name_key(name): code for code, name in enumerate(GENRES)})
    return TitleKinds(names, frozenset(map(name_key, ARTISTS)))


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("90s ROCK", "genre decade"),
        ("K-Pop!", "genre"),
        ("sleep", "genre activity"),
        ("chill", "mood"),
        ("Slow Songs", "mood"),
        ("Musique pour dormir", "activity"),
        ("Workout", "activity"),
        ("Weihnachten 2015", "occasion decade"),
        ("夏のドライブ", "occasion activity"),
        ("Throwbacks", "decade"),
        ("2016", "decade"),
        ("Canciones en Español", "language"),
        ("Swedish songs", "language"),
        ("Viral 50 - Argentina", "place"),
        ("beach", "place"),
        ("❤️", "mood"),
        ("Drake", "person"),
        ("drake playlist", "person"),
        ("周杰倫", "person"),
        ("Best of Eric Church", "person"),
        ("Two Words and jazz", "person genre"),
        ("stuff and things", "other"),
        ("sad summer rain", "mood occasion"),
    ],
)
def test_a_name_is_of_these_kinds(kinds, title, expected):
    assert kinds.of(title, is_known=True) == {TitleKind(kind) for kind in expected.split()}


def test_words_of_an_artists_name_mean_nothing_else(kinds):
    assert kinds.of("Artists/Red Hot Chili Peppers", is_known=True) == {TitleKind.PERSON}
    assert kinds.of("ERIC CHURCH", is_known=True) == {TitleKind.PERSON}


def test_a_word_that_is_an_artist_too_is_a_word(kinds):
    assert kinds.of("Summer", is_known=True) == {TitleKind.OCCASION}
    assert kinds.of("drake and other stuff I found", is_known=True) == {TitleKind.OTHER}


def test_nonsense_is_hardly_known_or_has_no_letter(kinds):
    assert kinds.of("asdfgh", is_known=False) == {TitleKind.NONSENSE}
    assert kinds.of("asdfgh", is_known=True) == {TitleKind.OTHER}
    assert kinds.of("👀👀", is_known=True) == {TitleKind.NONSENSE}
    assert kinds.of("10/10", is_known=True) == {TitleKind.NONSENSE}


def test_a_name_that_says_something_is_no_nonsense_though_it_is_unknown(kinds):
    assert kinds.of("jazz", is_known=False) == {TitleKind.GENRE}


def test_any_symbol_with_a_selector_is_not_another(kinds):
    assert kinds.of("☔️", is_known=True) == {TitleKind.NONSENSE}


def test_artists_are_those_that_playlists_hold(tables_lake):
    catalogue, frequency = read_catalogue(tables_lake), lake_playlists(tables_lake).frequency()
    kinds = read_title_kinds(tables_lake, catalogue, frequency)
    nobody = read_title_kinds(tables_lake, catalogue, np.zeros_like(frequency))
    assert kinds.artists
    assert not nobody.artists
    held = read_title_kinds(tables_lake, catalogue, frequency * 10).artists
    assert kinds.artists < held
    artist = next(iter(kinds.artists))
    assert TitleKind.PERSON in kinds.of(f"{artist} and friends", is_known=True)


def test_every_kind_of_the_table_is_one_of_the_report_and_no_phrase_is_there_twice():
    path = files("embeat_pipeline.evaluate.metrics").joinpath("title_kinds.toml")
    table = tomllib.loads(path.read_text(encoding="utf-8"))
    assert {TitleKind(kind) for kind in table} == {
        TitleKind.MOOD,
        TitleKind.ACTIVITY,
        TitleKind.OCCASION,
        TitleKind.DECADE,
        TitleKind.PLACE,
    }
    for of_language in table.values():
        assert set(of_language) - {"symbols"} <= set(LANGUAGES)
        for text in of_language.values():
            phrases = [phrase.strip() for phrase in text.split(",")]
            assert len(phrases) == len(set(phrases))
            assert all(phrases)
