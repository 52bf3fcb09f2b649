"""Words that questions are made of, from the tables in ``words/``.

``words/<language>.toml`` lists phrases by their role. Words of one language mean something else in
another ("die", "come", "on"), so only the tables of the languages that a question is written in
are read; where two of them disagree, the language with more words in the question decides.
``words/places.toml`` and ``words/genres.toml`` hold names, which are understood in any language.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from importlib.resources import files
from typing import Any

from embeat_serve.questions.tokens import Token, keys_of

LANGUAGES = ("en", "de", "fr", "es", "it", "pt", "nl", "pl", "tr", "ru", "ja", "zh")
"""Languages of questions; the first of two with as many words in a question goes first."""

ACTIVE_SHARE = 0.5
"""Share of the words of a question's main language that another language must have in it."""

MAX_PHRASE = 10
"""Tokens of the longest phrase that is looked up."""

MIN_STEM = 3
"""Letters of the shortest word with a star."""

STAR = "*"
"""Mark after a word that may have other endings."""

Key = tuple[str, ...]

_KANA = re.compile("[\u3040-\u30ff]")
_GLUED = re.compile(r"\d+(\D+)")


class Role(StrEnum):
    """What a phrase does in a question: keys of the tables."""

    NOISE = "noise"  # filler wherever it stands: "songs", "please"
    LINKS = "links"  # filler at the edges of other words: "the", "for"
    JOINERS = "joiners"  # between two names of a list
    BUT = "but"
    PURPOSE = "purpose"  # "for" before an occasion
    PREPOSITIONS = "prepositions"  # "from" before a year, "in" before a language
    LIKE = "like"  # before a name
    LIKE_AFTER = "like_after"  # after a name
    LIKE_WEAK = "like_weak"  # before a name, but more often before anything else: "I like"
    BY = "by"  # "songs by", before an artist
    NOT = "not"  # before anything that is not wanted
    NOT_WEAK = "not_weak"  # the same, but before a word it may be just a part of the sentence
    NOT_AFTER = "not_after"
    PLAIN = "plain"  # moods, activities, places, times, instruments: words for playlist names
    WISHES = "wishes"  # what no filter can meet
    WISH_UNITS = "wish_units"  # the same after a number: "30 minutes"
    IDIOMS = "idioms"  # phrases whose words mean nothing else: "slow dance"
    COUNTERS = "counters"  # after the length of a list: "20 songs"
    DOZEN = "dozen"
    SINCE = "since"
    AFTER = "after"
    BEFORE = "before"
    UNTIL = "until"
    SINCE_AFTER = "since_after"  # "2010年以降": after the year
    AFTER_AFTER = "after_after"
    BEFORE_AFTER = "before_after"
    UNTIL_AFTER = "until_after"
    FROM = "from"
    TO = "to"
    EARLY = "early"
    MID = "mid"
    LATE = "late"
    DECADE_BEFORE = "decade_before"  # "années 80"
    DECADE_SUFFIX = "decade_suffix"  # "80s", "80年代"
    YEAR_SUFFIX = "year_suffix"  # "2010'dan", "2010年"
    UNDER = "under"
    OVER = "over"
    UNDER_AFTER = "under_after"
    OVER_AFTER = "over_after"
    AROUND = "around"
    BPM = "bpm"
    CLEAN = "clean"
    EXPLICIT = "explicit"
    INSTRUMENTAL = "instrumental"
    SLOW = "slow"
    FAST = "fast"
    NOT_SLOW = "not_slow"
    NOT_FAST = "not_fast"
    LOW_ENERGY = "low_energy"
    HIGH_ENERGY = "high_energy"
    MOST_POPULAR = "hits_1"
    POPULAR = "hits_05"
    LESS_KNOWN = "hits_-05"
    OBSCURE = "hits_-1"


FUNCTION = frozenset(
    {Role.NOISE, Role.LINKS, Role.JOINERS, Role.BUT, Role.PURPOSE, Role.PREPOSITIONS, Role.LIKE}
    | {Role.LIKE_AFTER, Role.LIKE_WEAK, Role.BY, Role.NOT, Role.NOT_WEAK, Role.NOT_AFTER, Role.TO}
    | {Role.SINCE, Role.AFTER, Role.BEFORE, Role.UNTIL, Role.FROM, Role.UNDER, Role.OVER}
    | {Role.AROUND, Role.YEAR_SUFFIX, Role.DECADE_SUFFIX, Role.DOZEN}
)
"""Roles of words that mean nothing by themselves: those of a grammar."""


@dataclass(frozen=True)
class Vocabulary:
    """Phrases of one language, or of several that are read together.

    Attributes:
        roles: phrase -> what it does.
        numbers: number word -> number.
        decades: name of a decade -> its first year.
        english: mood or occasion -> what it is called in English; of a word with a star at its end
            other endings are meant, too.
    """

    roles: Mapping[Key, frozenset[Role]] = field(default_factory=dict[Key, frozenset[Role]])
    numbers: Mapping[Key, int] = field(default_factory=dict[Key, int])
    decades: Mapping[Key, int] = field(default_factory=dict[Key, int])
    english: Mapping[Key, str] = field(default_factory=dict[Key, str])

    def count(self, tokens: Sequence[Token]) -> int:
        """Number of tokens that are in a phrase."""
        at = number = 0
        while at < len(tokens):
            length = longest(self.roles, tokens, at) or longest(self.numbers, tokens, at)
            length = length or longest(self.decades, tokens, at)
            length = length or int(self.is_decade(tokens[at]))
            length = length or self.translate(tokens, at)[0]
            number += length
            at += length or 1
        return number

    def is_decade(self, token: Token) -> bool:
        """Whether a token is a number with the ending of a decade: "80s"."""
        glued = _GLUED.fullmatch(token.key)
        return glued is not None and Role.DECADE_SUFFIX in self.roles.get((glued[1],), ())

    def translate(self, tokens: Sequence[Token], at: int) -> tuple[int, str]:
        """Number of tokens of a mood or occasion that begins at ``at``, and its English name.

        0 and the token itself where there is none.
        """
        length = longest(self.english, tokens, at)
        if length:
            return length, self.english[tuple(token.key for token in tokens[at : at + length])]
        word = tokens[at].key
        stems = ((f"{word[:end]}{STAR}",) for end in range(len(word), MIN_STEM - 1, -1))
        found = next((self.english[stem] for stem in stems if stem in self.english), None)
        return (0, tokens[at].text) if found is None else (1, found)


def longest(table: Mapping[Key, Any], tokens: Sequence[Token], at: int) -> int:
    """Number of tokens of the longest phrase of a table that begins at ``at``; 0 if none does."""
    keys: list[str] = []
    found = 0
    for token in tokens[at : at + MAX_PHRASE]:
        if keys and token.breaks:
            break
        keys.append(token.key)
        if tuple(keys) in table:
            found = len(keys)
    return found


def load_table(name: str) -> dict[str, Any]:
    """Read a table of the folder ``words``."""
    path = files("embeat_serve.questions").joinpath("words", f"{name}.toml")
    return tomllib.loads(path.read_text(encoding="utf-8"))


def phrases(text: str) -> list[Key]:
    """The phrases of a list that is separated by commas."""
    keys = (keys_of(item) for item in text.split(","))
    return [key for key in keys if key]


@lru_cache(maxsize=1)
def vocabularies() -> Mapping[str, Vocabulary]:
    """The vocabulary of each language."""
    return {language: _read(language) for language in LANGUAGES}


def active_vocabulary(tokens: Sequence[Token]) -> Vocabulary:
    """The vocabulary of the languages that a question is written in."""
    counts = {language: words.count(tokens) for language, words in vocabularies().items()}
    if any(_KANA.match(token.text) for token in tokens):
        counts["zh"] = 0  # the two share characters, and kana are Japanese only
    needed = ACTIVE_SHARE * max(counts.values())
    active = [language for language in LANGUAGES if counts[language] >= needed]
    if not needed:
        active = [LANGUAGES[0]]
    return _merge(tuple(sorted(active, key=lambda language: -counts[language])))


def _read(language: str) -> Vocabulary:
    table = load_table(language)
    roles: dict[Key, set[Role]] = {}
    for name in table.keys() - {"numbers", "decades", "english"}:
        for key in phrases(table[name]):
            roles.setdefault(key, set()).add(Role(name))
    return Vocabulary(
        {key: frozenset(found) for key, found in roles.items()},
        {keys_of(word): number for word, number in table["numbers"].items()},
        {keys_of(word): year for word, year in table["decades"].items()},
        dict(_english(table.get("english", {}))),
    )


def _english(table: Mapping[str, str]) -> Iterator[tuple[Key, str]]:
    for name, words in table.items():
        for word in words.split(","):
            *before, last = keys_of(word)
            yield (*before, f"{last}{STAR}" if word.endswith(STAR) else last), name


@lru_cache(maxsize=32)
def _merge(languages: tuple[str, ...]) -> Vocabulary:
    merged = Vocabulary()
    for language in languages:
        words = vocabularies()[language]
        merged = Vocabulary(
            {**words.roles, **merged.roles},
            {**words.numbers, **merged.numbers},
            {**words.decades, **merged.decades},
            {**words.english, **merged.english},
        )
    return merged
