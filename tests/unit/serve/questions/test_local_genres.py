import pytest

from embeat_serve.questions.genres import GenreNames
from embeat_serve.questions.parser import parse_question

NAMES = """
rock, pop, rap, hip hop, funk, dutch hip hop, j rock, k pop, brazilian rock, funk carioca,
german hip hop
"""
GENRES = {" ".join(name.split()): code for code, name in enumerate(NAMES.split(","))}


@pytest.mark.parametrize(
    ("text", "genre"),
    [
        ("Nederlandse hiphop", "dutch hip hop"),
        ("日本語のロック", "j rock"),
        ("rock from Brazil", "brazilian rock"),
        ("funk brasileiro", "funk carioca"),
        ("Korean pop", "k pop"),
        ("deutscher Rap", "german hip hop"),
    ],
)
def test_a_genre_and_a_place_are_the_genre_of_the_place(text: str, genre: str):
    question = parse_question(text, GenreNames(GENRES))
    assert question.filters.genres == (genre,)
    assert (question.filters.languages, question.ignored) == ((), ())


def test_without_such_a_genre_both_stay_what_they_are():
    question = parse_question("rock italiano", GenreNames(GENRES))
    assert (question.filters.genres, question.filters.languages) == (("rock",), ("it",))
    assert parse_question("Nederlandse pop", GenreNames(GENRES)).ignored == ("Nederlandse",)
