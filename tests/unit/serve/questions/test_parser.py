from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from embeat_serve.errors import UsageError
from embeat_serve.filters.request import Filters
from embeat_serve.options import MAX_K
from embeat_serve.questions.genres import GenreNames
from embeat_serve.questions.parser import parse_question
from embeat_serve.questions.question import PartKind, Question
from embeat_serve.questions.vocabulary import LANGUAGES, vocabularies
from embeat_serve.seeds.parsing import MAX_TEXT
from tests.support.questions import GENRES, Case, read_cases, understood

FOLDER = Path(__file__).parent
CASES = read_cases(FOLDER / "questions.tsv")
UNMET = read_cases(FOLDER / "unmet.tsv")


def named(cases: list[Case]) -> list:
    return [pytest.param(case, id=f"{case.language}: {case.text}") for case in cases]


@pytest.mark.parametrize("case", named(CASES))
def test_a_question_is_understood(case: Case):
    question = parse_question(case.text, GenreNames(GENRES))
    whole = case.expected.get("whole")
    assert whole is None or whole in question.like_whole + question.unlike_whole
    assert understood(question) == {k: v for k, v in case.expected.items() if k != "whole"}


@pytest.mark.parametrize("case", named(UNMET))
def test_a_question_is_not_understood_yet(case: Case, request: pytest.FixtureRequest):
    request.applymarker(pytest.mark.xfail(strict=True, reason=case.reason))
    assert understood(parse_question(case.text, GenreNames(GENRES))) == case.expected


def test_the_table_has_every_language():
    counts = {language: sum(case.language == language for case in CASES) for language in LANGUAGES}
    assert min(counts.values()) >= 8
    assert sum(counts.values()) - counts["en"] >= 120
    assert sum(counts.values()) >= 300


def test_parts_say_where_and_how_each_word_was_understood():
    question = parse_question("90s French hip hop for running, no hits", GenreNames(GENRES))
    assert [(part.text, part.kind, part.value) for part in question.parts] == [
        ("90s", PartKind.YEAR, "1990–1999"),
        ("French hip hop", PartKind.GENRE, "french hip hop"),
        ("running", PartKind.WORDS, "running"),
        ("no hits", PartKind.POPULARITY, "−1"),
    ]
    question = parse_question("like Nick Drake but not Donovan, from Brazil", GenreNames(GENRES))
    assert [(part.text, part.kind, part.value) for part in question.parts] == [
        ("like Nick Drake", PartKind.LIKE, "Nick Drake"),
        ("but not Donovan", PartKind.UNLIKE, "Donovan"),
        ("Brazil", PartKind.COUNTRY, "Brazil"),
    ]


def test_a_divided_list_gives_every_run_of_names_that_may_be_one():
    question = parse_question("like Earth, Wind & Fire and Chic", GenreNames(GENRES))
    assert question.like == ("Earth", "Wind", "Fire", "Chic")
    assert question.like_whole == (
        "Earth, Wind & Fire and Chic",
        "Earth, Wind & Fire",
        "Wind & Fire and Chic",
        "Earth, Wind",
        "Wind & Fire",
        "Fire and Chic",
    )
    assert parse_question("like Chic", GenreNames(GENRES)).like_whole == ()


@pytest.mark.parametrize(
    ("text", "popularity_max"),
    [
        ("rock, no hits", 50),
        ("rock deep cuts", 50),
        ("rock, hidden gems", 60),
        ("rock hits", None),
    ],
)
def test_a_list_without_hits_holds_no_popular_song(text: str, popularity_max: int | None):
    filters = parse_question(text, GenreNames(GENRES)).filters
    assert (filters.popularity_min, filters.popularity_max) == (None, popularity_max)


@pytest.mark.parametrize(
    ("text", "is_by"),
    [
        ("songs by Radiohead", True),
        ("Musik von Radiohead", True),
        ("songs like Radiohead", False),
        ("I like Radiohead", False),
    ],
)
def test_songs_by_an_artist_are_the_artists_own(text: str, is_by: bool):
    question = parse_question(text, GenreNames(GENRES))
    assert (question.like, question.is_by) == (("Radiohead",), is_by)


def test_without_genres_in_the_catalogue_their_names_are_words():
    assert parse_question("rainy jazz", GenreNames({})).title == "rainy jazz"


@pytest.mark.parametrize("text", ["", "  ", "a" * (MAX_TEXT + 1)])
def test_a_text_that_is_empty_or_too_long_is_refused(text: str):
    with pytest.raises(UsageError):
        parse_question(text, GenreNames(GENRES))


def check(text: str, question: Question) -> None:
    """What holds for every question."""
    assert isinstance(question.filters, Filters)
    assert question.k is None or 1 <= question.k <= MAX_K
    assert question.hits is None or -1 <= question.hits <= 1
    end = 0
    for part in question.parts:
        assert end <= part.start < part.end <= len(text)
        assert part.text == text[part.start : part.end]
        assert part.value
        end = part.end
    words = [part.text for part in question.parts if part.kind is PartKind.WORDS]
    assert question.title == " ".join(words)
    assert set(question.ignored) <= set(words)
    for name in (*question.like, *question.unlike, *question.like_whole, *question.unlike_whole):
        assert name.split(" by ")[0] in text
    assert set(question.filters.genres) | set(question.filters.without_genres) <= set(GENRES)


PHRASES = sorted(
    {" ".join(key) for words in vocabularies().values() for key in words.roles}
    | {"Radiohead", "Neu!", "10cc", "The 1975", "1999", "90s", "20", "120", "bpm", "jazz", "French"}
)
GLUE = st.sampled_from([" ", ", ", "", "-", " & ", "/", '"', " - ", ". ", "('", "、", "！"])


@st.composite
def sentences(draw: st.DrawFn) -> str:
    pieces = draw(st.lists(st.tuples(st.sampled_from(PHRASES), GLUE), min_size=1, max_size=12))
    return "".join(phrase + glue for phrase, glue in pieces)[:MAX_TEXT]


@settings(max_examples=400, deadline=None)
@given(sentences())
def test_any_mix_of_known_phrases_is_read(text: str):
    if text.strip():
        check(text, parse_question(text, GenreNames(GENRES)))


@settings(max_examples=400, deadline=None)
@given(st.text(min_size=1, max_size=MAX_TEXT))
def test_any_text_is_read(text: str):
    if text.strip():
        check(text, parse_question(text, GenreNames(GENRES)))
