"""Find the words of a question that may name an artist, though nothing before them says so.

"radiohead deep cuts" and "nick drake but happier" hold names, "songs for a rainy day" does not,
though there are artists called Rain and Rainy Day. Which words are a name is for the catalogue to
say (``seeds.unmarked_artists``); here is what is worth asking for.
"""

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import NamedTuple

from embeat_serve.contract.text_keys import name_key
from embeat_serve.questions.genres import GenreNames, genre_words
from embeat_serve.questions.places import places
from embeat_serve.questions.question import PartKind
from embeat_serve.questions.reading import Finding, Reading
from embeat_serve.questions.tokens import tokenise
from embeat_serve.questions.vocabulary import Role, load_table, phrases, vocabularies

MAX_WORDS = 5
"""Words of a name."""

MAX_CHARACTERS = 8
LEAST_CHARACTERS = 3
"""Characters of a name in a script without spaces; two of them are a word more often."""

LEAST_LETTERS = 3
"""Letters of a name of one word."""

MAX_NAMES = 100
"""Names of one question that are looked up."""

_OWNERS = frozenset({"a", "an", "my", "our", "your", "his", "her", "their", "this", "that"})


class UnmarkedName(NamedTuple):
    """Neighbours among the tokens of a question."""

    first: int
    stop: int
    start: int
    """Offset of its first character in the question."""
    text: str
    is_word: bool
    """Whether it is a single word, which may be a word of everyday."""


def unmarked_names(text: str, genres: GenreNames) -> tuple[UnmarkedName, ...]:
    """Runs of words that may be names: each holds a word that no table and no genre has.

    Args:
        text: of a question.
        genres: those of the catalogue, whose words are no names of one word.
    """
    reading = Reading(text, tokenise(text), vocabularies()["en"])
    found = (
        UnmarkedName(
            first,
            stop,
            reading.tokens[first].start,
            reading.typed(first, stop),
            len(_content(reading, first, stop)) == 1,
        )
        for first in range(len(reading.tokens))
        if not _is_introduced(reading, first)
        for stop in _stops(reading, first)
        if _may_be_name(reading, first, stop, genres)
    )
    return tuple(name for name, _ in zip(found, range(MAX_NAMES), strict=False))


def named_parts(reading: Reading, names: Iterable[UnmarkedName]) -> list[Finding]:
    """What a question says by names that the catalogue has; of those that overlap the longest."""
    findings: list[Finding] = []
    taken: set[int] = set()
    for name in sorted(names, key=lambda name: (name.first - name.stop, name.first)):
        tokens = range(name.first, name.stop)
        if taken.isdisjoint(tokens):
            taken.update(tokens)
            negation = reading.negation_before(name.first)
            is_unliked = negation is not None and not reading.breaks(name.first)
            kind = PartKind.UNLIKE if is_unliked else PartKind.LIKE
            first = negation if is_unliked and negation is not None else name.first
            is_by = _is_by(reading, name.first)
            part = Finding(kind, first, name.stop, name.text, (name.text,), is_by=is_by)
            findings.append(part)
    return findings


def _is_by(reading: Reading, first: int) -> bool:
    """Whether "songs by" comes before a name, or "20 songs by", of which "20 songs" is a length."""
    if reading.match_before(first, Role.BY) is not None:
        return True
    endings = {key[-1] for key, roles in reading.words.roles.items() if Role.BY in roles}
    is_ending = first > 1 and reading.tokens[first - 1].key in endings
    return is_ending and reading.match_before(first - 1, Role.COUNTERS) is not None


def _stops(reading: Reading, first: int) -> Iterator[int]:
    is_caseless = reading.tokens[first].is_caseless
    most = MAX_CHARACTERS if is_caseless else MAX_WORDS
    for stop in range(first + 1, min(first + most, len(reading.tokens)) + 1):
        last = reading.tokens[stop - 1]
        if last.is_caseless != is_caseless or (stop > first + 1 and last.breaks):
            return
        if not is_caseless or stop - first >= LEAST_CHARACTERS:
            yield stop


def _may_be_name(reading: Reading, first: int, stop: int, genres: GenreNames) -> bool:
    keys = [token.key for token in reading.tokens[first:stop]]
    if reading.tokens[first].is_caseless:
        return not any(tuple(keys) in words.roles for words in vocabularies().values())
    unknown = [key for key in keys if key not in known_words() and not key[0].isdigit()]
    content = _content(reading, first, stop)
    if len(content) != 1 or not unknown:
        return bool(unknown)
    is_bare = len(keys) == 1
    is_everyday = unknown[0] in genres.words or (is_bare and unknown[0] in _table()["everyday"])
    return len(unknown[0]) >= LEAST_LETTERS and not is_everyday


def _content(reading: Reading, first: int, stop: int) -> list[str]:
    return [token.key for token in reading.tokens[first:stop] if token.key != "the"]


def _is_introduced(reading: Reading, first: int) -> bool:
    """Whether words before it say that something else follows: "for a", "my"."""
    if not first or reading.breaks(first):
        return False
    if reading.tokens[first - 1].key in _OWNERS | _table()["about"]:
        return True
    purpose = _before(reading, first, Role.PURPOSE)
    noise = _before(reading, first, Role.NOISE)
    return purpose is not None and (noise is None or noise >= purpose)


def _before(reading: Reading, stop: int, role: Role) -> int | None:
    """The first token of the longest phrase of a role, in any language, that ends there."""
    found = (
        first
        for first in range(max(0, stop - MAX_WORDS), stop)
        for words in vocabularies().values()
        if role in words.roles.get(tuple(token.key for token in reading.tokens[first:stop]), ())
    )
    return next(found, None)


@lru_cache(maxsize=1)
def _table() -> Mapping[str, frozenset[str]]:
    table = load_table("names")
    return {name: frozenset(" ".join(key) for key in phrases(table[name])) for name in table}


@lru_cache(maxsize=1)
def known_words() -> frozenset[str]:
    """Every word of the tables: of grammar, moods, occasions, places and genres."""
    tables = vocabularies().values()
    keys = [key for words in tables for key in (*words.roles, *words.numbers, *words.decades)]
    music = genre_words()
    listed = {word for name in (*music.music_words, *music.not_genres) for word in name.split()}
    of_phrases = {word for key in (*keys, *places(), *music.aliases) for word in key}
    return frozenset(listed | of_phrases | {name_key(word) for word in music.spelling})
