import re
from pathlib import Path

import pytest

import embeat_serve.questions
from embeat_serve.questions.tokens import tokenise
from embeat_serve.questions.vocabulary import (
    LANGUAGES,
    MAX_PHRASE,
    Role,
    active_vocabulary,
    vocabularies,
)

FOLDER = Path(embeat_serve.questions.__path__[0]) / "words"
NEEDED = (Role.NOISE, Role.LINKS, Role.JOINERS, Role.PLAIN, Role.INSTRUMENTAL, Role.CLEAN)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_the_words_that_questions_need(language: str):
    words = vocabularies()[language]
    found = frozenset().union(*words.roles.values())
    assert set(NEEDED) <= found
    assert {Role.MOST_POPULAR, Role.OBSCURE, Role.SLOW, Role.FAST} <= found
    assert found & {Role.LIKE, Role.LIKE_AFTER}
    assert found & {Role.NOT, Role.NOT_AFTER}
    assert max(map(len, words.roles)) <= MAX_PHRASE
    assert 10 in words.numbers.values()


def test_there_is_a_table_for_every_language_and_no_other():
    tables = {path.stem for path in FOLDER.glob("*.toml")}
    assert tables == {*LANGUAGES, "genres", "names", "places"}


def test_tables_are_built_into_the_wheel():
    project = (FOLDER.parents[2] / "pyproject.toml").read_text(encoding="utf-8")
    packaged = re.search(r"\[tool\.setuptools\.package-data\]\n\"\*\" = (.*)", project)
    assert packaged is not None
    assert '"*.toml"' in packaged[1]


def test_words_of_a_language_that_is_not_spoken_mean_nothing():
    english = active_vocabulary(tokenise("songs to die for on a train"))
    assert ("die",) not in english.roles
    assert ("on",) not in english.numbers
    german = active_vocabulary(tokenise("die Musik, die ich mag"))
    assert Role.LINKS in german.roles["die",]


def test_japanese_is_told_from_chinese_by_its_kana():
    assert ("以外",) not in active_vocabulary(tokenise("夏の曲")).roles
    assert Role.LIKE in active_vocabulary(tokenise("像五月天的歌")).roles["像",]
    assert ("像",) not in active_vocabulary(tokenise("夏の曲を聴きたい")).roles
