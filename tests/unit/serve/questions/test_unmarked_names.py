import pytest

from embeat_serve.questions.genres import GenreNames
from embeat_serve.questions.parser import parse_question
from embeat_serve.questions.unmarked_names import MAX_NAMES, unmarked_names
from tests.support.questions import GENRES, understood

CATALOGUE = GenreNames(GENRES)


def names(text: str) -> list[str]:
    return [name.text for name in unmarked_names(text, CATALOGUE)]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("radiohead deep cuts", "radiohead"),
        ("songs by daft punk from the 90s", "daft punk"),
        ("nick drake but happier", "nick drake"),
        ("songs from pink floyd", "pink floyd"),
        ("things to listen to radiohead", "radiohead"),
        ("the killers at night", "the killers"),
        ("chansons de daft punk", "daft punk"),
        ("米津玄師の失恋ソング", "米津玄師"),
    ],
)
def test_words_that_no_table_has_may_be_a_name(text: str, name: str):
    assert name in names(text)


@pytest.mark.parametrize(
    "text",
    [
        "songs for a rainy day",
        "love",
        "america",
        "summer jazz",
        "deep sleep",
        "90s",
        "killers",
        "traditional",
        "slayer",
    ],
)
def test_words_of_everyday_and_of_genres_are_none(text: str):
    assert names(text) == []


@pytest.mark.parametrize(
    "text", ["songs for radiohead", "a radiohead", "my radiohead", "about radiohead"]
)
def test_what_a_list_is_for_or_about_is_none(text: str):
    assert "radiohead" not in names(text)


def test_a_name_runs_across_no_comma():
    assert names("radiohead, coldplay") == ["radiohead", "coldplay"]


def test_only_so_many_names_are_looked_up():
    assert len(names("qwertz uiop asdfgh " * 20)) == MAX_NAMES


@pytest.mark.parametrize(
    ("text", "found", "expected"),
    [
        ("songs by daft punk from the 90s", ["daft punk"], {"years": "1990-1999"}),
        ("nick drake but happier", ["nick drake", "drake"], {"title": "happier"}),
        ("sad radiohead songs", ["radiohead"], {"title": "sad"}),
        ("radiohead deep cuts", ["radiohead"], {"hits": "-1"}),
    ],
)
def test_known_names_are_read_before_anything_else(
    text: str, found: list[str], expected: dict[str, str]
):
    spans = [name for name in unmarked_names(text, CATALOGUE) if name.text in found]
    read = understood(parse_question(text, CATALOGUE, spans))
    ignored = {"ignored": "happier"} if "happier" in text else {}
    assert read == {"like": found[0], **expected, **ignored}


def test_a_name_after_a_no_is_not_wanted():
    text = "sad songs, never radiohead"
    spans = [name for name in unmarked_names(text, CATALOGUE) if name.text == "radiohead"]
    read = parse_question(text, CATALOGUE, spans)
    assert (read.like, read.unlike) == ((), ("radiohead",))
