"""Find names of genres, and tell them from plain words.

A catalogue has thousands of genres, and many have names that are words of everyday: "focus",
"sleep", "rain", "world", "party". A filter on one of them would hide nearly every song that the
question means, so a name becomes a filter only where it is music and nothing else:

- a name of one word, where ``words/genres.toml`` lists it, or where it ends or begins as only
  genres do ("bubblegrunge", "electroswing");
- a longer name, unless each of its words has a meaning of its own in a question ("deep sleep");
- any name beside the word "genre".

All other names stay among the words, where they are searched for in names of playlists.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache

from rapidfuzz.distance import OSA

from embeat_serve.questions.places import places
from embeat_serve.questions.question import PartKind
from embeat_serve.questions.reading import Finding, Reading
from embeat_serve.questions.tokens import Token
from embeat_serve.questions.vocabulary import Key, Role, load_table, phrases

MAX_GENRE_WORDS = 8
"""Words of the longest name of a genre that is looked up."""

MIN_TYPO_LENGTH = 6
LONG_WORD = 9
"""Letters from which on a word is corrected by one letter, and from which on by two."""

MIN_STEM = 2
"""Letters that must stand before an ending of a genre, or after its beginning, at least."""

_DETERMINERS = frozenset({"the", "a", "an", "this", "that"})
_POSSESSIVES = frozenset({"my", "our", "your", "his", "her", "their"})


@dataclass(frozen=True)
class GenreWords:
    """What is known of names of genres before a catalogue is."""

    music_words: frozenset[str]
    spelling: frozenset[str]
    endings: tuple[str, ...]
    beginnings: tuple[str, ...]
    everyday: frozenset[str]
    not_genres: frozenset[str]
    aliases: Mapping[Key, str]

    def is_music(self, word: str) -> bool:
        """Whether a word of a genre's name is music and nothing else."""
        if word in self.music_words or word in self.not_genres:
            return word in self.music_words
        ends = any(
            word.endswith(item) and len(word) >= len(item) + MIN_STEM for item in self.endings
        )
        return ends or any(
            word.startswith(item) and len(word) >= len(item) + MIN_STEM for item in self.beginnings
        )


class GenreNames:
    """The genres of a catalogue, and which tokens of a question name one.

    Args:
        genres: ``name_key`` of each genre -> its code.
    """

    def __init__(self, genres: Mapping[str, int]) -> None:
        self._genres = genres
        self._joined = {name.replace(" ", ""): name for name in sorted(genres) if " " in name}
        self._words = genre_words()

    def __contains__(self, name: str) -> bool:
        return name in self._genres

    @cached_property
    def words(self) -> frozenset[str]:
        """The words that the names are made of."""
        return frozenset(word for name in self._genres for word in name.split())

    def find(self, reading: Reading) -> list[Finding]:
        """Find genres, wanted or not, from left to right; of those at one token the longest."""
        keys = [self._corrected(reading, at) for at in range(len(reading.tokens))]
        findings: list[Finding] = []
        at = 0
        while at < len(reading.tokens):
            found = self._at(reading, keys, at) if reading.is_free(at) else None
            if found is None:
                at += 1
                continue
            name, stop = found
            findings.append(_finding(reading, name, at, stop, findings))
            at = findings[-1].stop
        return findings

    def _at(self, reading: Reading, keys: list[str], at: int) -> tuple[str, int] | None:
        stop = at
        while stop < min(at + MAX_GENRE_WORDS, len(keys)) and reading.is_free(stop):
            if stop > at and reading.breaks(stop):
                break
            stop += 1
        for end in range(stop, at, -1):
            name = self._name(tuple(keys[at:end]))
            if name and self._is_unambiguous(reading, name, at, end):
                return name, end
        return None

    def _name(self, keys: Key) -> str | None:
        """The genre of the catalogue that words name."""
        name = " ".join(keys)
        alias = self._words.aliases.get(keys)
        joined = "".join(keys)
        for candidate in (name, alias, self._joined.get(joined), joined):
            if candidate and candidate in self._genres:
                return candidate
        return None

    def _is_unambiguous(self, reading: Reading, name: str, at: int, stop: int) -> bool:
        beside = {reading.tokens[i].key for i in (at - 1, stop) if 0 <= i < len(reading.tokens)}
        if "genre" in beside:
            return True
        if name in self._words.music_words and stop > at + 1:
            return True
        words = name.split()
        roles = [self._roles(reading, word) for word in words]
        if len(words) == 1:
            keys = tuple(token.key for token in reading.tokens[at:stop])
            if reading.match_before(stop, Role.NOISE) is not None:  # "chansons" is French for songs
                return False
            is_music = self._words.is_music(name) or keys in self._words.aliases
            return is_music and not self._is_everyday(reading, name, at, stop)
        if Role.NOISE in roles[0] or Role.NOISE in roles[-1]:
            return False
        if reading.match_exactly(at, stop, Role.PLAIN):
            return False
        return not all(roles)

    def _roles(self, reading: Reading, word: str) -> frozenset[Role]:
        if word in self._words.music_words:
            return frozenset()
        return reading.words.roles.get((word,), frozenset())

    def _is_everyday(self, reading: Reading, name: str, at: int, stop: int) -> bool:
        """Whether a music word has its other meaning here: "my new house"."""
        if name not in self._words.everyday or reading.match(stop, Role.NOISE):
            return False
        if self._is_title(reading, at):
            return True
        before = [token.key for token in reading.tokens[max(0, at - 2) : at]]
        if before and before[-1] in _DETERMINERS | _POSSESSIVES:
            return True
        is_described = len(before) == 2 and reading.match_exactly(at - 1, at, Role.PLAIN)
        return is_described and before[0] in _POSSESSIVES

    def _is_title(self, reading: Reading, at: int) -> bool:
        """Whether a word before it makes it a name: "Beach House"."""
        if not at or reading.breaks(at) or not reading.tokens[at].text[0].isupper():
            return False
        is_free = reading.match_exactly(at - 1, at, Role.PLAIN) or not reading.phrase(at - 1)[1]
        is_capitalised = reading.tokens[at - 1].text[0].isupper()
        is_place = (reading.tokens[at - 1].key,) in places()
        return is_free and is_capitalised and not is_place and reading.is_free(at - 1)

    def _corrected(self, reading: Reading, at: int) -> str:
        """The key of a token, or the word that was meant where it is misspelt."""
        token = reading.tokens[at]
        is_sound = token.key in self._genres or (token.key,) in reading.words.roles
        if is_sound or len(token.key) < MIN_TYPO_LENGTH or not (token.is_small or at == 0):
            return token.key
        return _nearest(token, self._words.music_words | self._words.spelling) or token.key


@lru_cache(maxsize=1)
def genre_words() -> GenreWords:
    """The table ``words/genres.toml``."""
    table = load_table("genres")
    listed = {
        name: frozenset(" ".join(key) for key in phrases(table[name]))
        for name in ("music_words", "spelling", "endings", "beginnings", "everyday", "not_genres")
    }
    aliases = {
        key: genre
        for genre, names in table["aliases"].items()
        for key in phrases(names)
        if key != tuple(genre.split())
    }
    return GenreWords(
        listed["music_words"],
        listed["spelling"],
        tuple(sorted(listed["endings"])),
        tuple(sorted(listed["beginnings"])),
        listed["everyday"],
        listed["not_genres"],
        aliases,
    )


def _nearest(token: Token, words: frozenset[str]) -> str | None:
    most = 2 if len(token.key) >= LONG_WORD else 1
    near = [
        (OSA.distance(token.key, word, score_cutoff=most), word)
        for word in words
        if word[0] == token.key[0] and abs(len(word) - len(token.key)) <= most
    ]
    distance, word = min(near, default=(most + 1, ""))
    return word if distance <= most else None


def _finding(reading: Reading, name: str, first: int, stop: int, before: list[Finding]) -> Finding:
    start = negation_before(reading, first)
    end = negation_after(reading, stop)
    if start is None and not end and not _goes_on(reading, first, before):
        return Finding(PartKind.GENRE, first, stop, name, (name,))
    start = first if start is None else start
    return Finding(PartKind.WITHOUT_GENRE, start, end or stop, name, (name,))


def _goes_on(reading: Reading, first: int, before: list[Finding]) -> bool:
    """Whether a list of unwanted genres goes on: "no rap or techno"."""
    if not before or before[-1].kind is not PartKind.WITHOUT_GENRE or reading.breaks(first):
        return False
    at = before[-1].stop
    return at == first or (not reading.breaks(at) and reading.match(at, Role.JOINERS) == first)


def negation_before(reading: Reading, first: int) -> int | None:
    """The first token of a "no" or "without" before a token; None if there is none."""
    at = first
    for _ in range(3):
        if reading.breaks(at):
            return None
        found = reading.negation_before(at)
        if found is not None:
            return found
        if not at or not reading.match_exactly(
            at - 1, at, Role.LINKS, Role.NOISE, Role.PREPOSITIONS
        ):
            return None
        at -= 1
    return None


def negation_after(reading: Reading, stop: int) -> int:
    """The token after a "hariç" or "以外" that follows at ``stop``; 0 if none does."""
    if reading.breaks(stop):
        return 0
    return reading.match(stop, Role.NOT_AFTER)
