import pytest

from embeat_pipeline.index.language import GENRE_LANGUAGES, SCRIPTS, WORDS
from embeat_serve.filters.request import Filters
from embeat_serve.questions.genres import GenreNames
from embeat_serve.questions.languages import INDEXED_LANGUAGES
from embeat_serve.questions.parser import parse_question
from embeat_serve.questions.places import places
from embeat_serve.questions.question import PartKind


def test_languages_are_those_that_the_index_tells():
    told = {language for language, _ in (*GENRE_LANGUAGES, *SCRIPTS, *WORDS)}
    assert told == INDEXED_LANGUAGES


def test_every_place_has_codes_that_a_filter_takes():
    for place in places().values():
        assert Filters(languages=place.languages)
        assert place.name == place.name.strip()
    named = {code for place in places().values() for code in place.languages}
    assert named >= INDEXED_LANGUAGES


def test_a_country_sets_its_languages_and_is_shown_as_a_country():
    question = parse_question("songs from Switzerland", GenreNames({}))
    assert question.filters.languages == ("de", "fr", "it")
    assert [(part.kind, part.value) for part in question.parts] == [
        (PartKind.COUNTRY, "Switzerland")
    ]


@pytest.mark.parametrize(
    "text", ["Swedish songs", "chansons suédoises en suédois", "not in French"]
)
def test_a_language_that_no_filter_can_meet_stays_a_word(text: str):
    question = parse_question(text, GenreNames({}))
    assert question.filters.languages == ()
    assert question.ignored
    assert question.ignored[0] in question.title


def test_an_adjective_of_a_capitalised_name_is_no_language():
    assert parse_question("French 79", GenreNames({})).title == "French 79"
    assert parse_question("French Love songs", GenreNames({})).filters.languages == ("fr",)
