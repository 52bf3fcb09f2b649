import pytest

from embeat_serve.questions.genres import GenreNames
from embeat_serve.questions.parser import parse_question
from embeat_serve.questions.vocabulary import LANGUAGES, vocabularies
from embeat_serve.unresolved_request import titles_of
from tests.support.questions import GENRES


def titles(text: str) -> tuple[str, str]:
    return titles_of(parse_question(text, GenreNames(GENRES)))


@pytest.mark.parametrize(
    ("text", "english"),
    [
        ("Musik zum Einschlafen", "sleep"),
        ("ruhige Klaviermusik zum Lernen", "chill piano instrumental study"),
        ("Jazz für einen Abend mit Wein", "jazz night wine"),
        ("Partymusik aus den 80ern", "party 80s"),
        ("Weihnachtslieder", "christmas"),
        ("musique pour une soirée entre amis", "party friends"),
        ("canciones para un día de lluvia", "rainy day"),
        ("canzoni per un viaggio in macchina", "road trip"),
        ("músicas tristes para chorar", "sad"),
        ("vrolijke muziek voor in de auto", "happy road trip"),
        ("piosenki na deszczowy dzień", "rainy day"),
        ("uyku için sakin müzik", "sleep chill"),
        ("музыка для тренировки", "workout"),
        ("寝る前のピアノ", "sleep piano"),
        ("适合下雨天的歌", "rainy day"),
    ],
)
def test_occasions_have_english_names(text: str, english: str):
    assert titles(text)[1] == english


@pytest.mark.parametrize(
    "text", ["songs for a rainy sunday", "90s rock for the gym", "like Radiohead", "techno"]
)
def test_an_english_question_stays_as_it_is(text: str):
    typed, english = titles(text)
    assert english == typed


def test_a_word_that_no_table_has_is_left_as_typed():
    assert titles("Musik für die Waschmaschine zum Einschlafen")[1] == "Waschmaschine sleep"


@pytest.mark.parametrize("language", [one for one in LANGUAGES if one != "en"])
def test_every_language_has_names_of_the_same_occasions(language: str):
    names = set(vocabularies()[language].english.values())
    assert {"sleep", "study", "running", "workout", "party", "sad", "happy", "christmas"} <= names
    assert {"rainy day", "summer", "road trip", "chill", "dance", "night", "morning"} <= names
