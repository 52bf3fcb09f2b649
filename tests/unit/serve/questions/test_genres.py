import pytest

from embeat_serve.questions.genres import GenreNames, genre_words
from embeat_serve.questions.parser import parse_question
from embeat_serve.questions.vocabulary import Role, vocabularies
from tests.support.questions import GENRES, PLAIN

CATALOGUE = GENRES | {name.strip(): 0 for name in PLAIN.split(",")}


@pytest.mark.parametrize("language", sorted(vocabularies()))
def test_no_word_of_mood_or_activity_is_a_filter(language: str):
    words = vocabularies()[language]
    plain = [key for key, roles in words.roles.items() if Role.PLAIN in roles]
    assert len(plain) > 80
    # A catalogue in which every one of these words is the name of a genre.
    catalogue = {" ".join(key): code for code, key in enumerate(plain)}
    for name in catalogue:
        assert not parse_question(name, GenreNames(catalogue)).filters.genres


def test_one_word_is_a_filter_where_it_is_music_and_nothing_else():
    names = ("shoegaze", "bubblegrunge", "electroswing", "focus", "yakuza", "popcorn", "rain")
    catalogue = {name: code for code, name in enumerate(names)}
    found = [name for name in names if parse_question(name, GenreNames(catalogue)).filters.genres]
    assert found == ["shoegaze", "bubblegrunge", "electroswing"]


def test_the_longest_name_counts():
    catalogue = {"hip hop": 0, "french hip hop": 1, "french": 2}
    question = parse_question("French hip hop", GenreNames(catalogue))
    assert question.filters.genres == ("french hip hop",)
    assert question.filters.languages == ()
    assert parse_question("German hip hop", GenreNames(catalogue)).filters.languages == ("de",)


def test_a_name_is_found_without_its_spaces_and_the_other_way_round():
    catalogue = {"hip hop": 0, "synthpop": 1}
    assert parse_question("hiphop", GenreNames(catalogue)).filters.genres == ("hip hop",)
    assert parse_question("synth pop", GenreNames(catalogue)).filters.genres == ("synthpop",)


def test_other_names_lead_to_names_that_the_table_could_find():
    aliases = genre_words().aliases
    assert all(name == " ".join(name.split()) for name in aliases.values())
    assert parse_question("ヒップホップ", GenreNames(GENRES)).filters.genres == ("hip hop",)


def test_a_capitalised_word_is_not_corrected():
    assert parse_question("Orange County", GenreNames(GENRES)).filters.genres == ()
    assert (
        parse_question("music from the county fair", GenreNames({"country": 0})).title
        == "county fair"
    )
