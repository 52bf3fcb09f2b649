"""Tell kinds of playlist names apart: genre, mood, activity, occasion, person and others.

For the evaluation report alone, which shows what kinds of names lists are good for. A name may be
of several kinds: *sad 90s rock* is of three. Genres, years, languages and countries are what the
parser of questions takes them for; the other words are in ``title_kinds.toml``.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from importlib.resources import files

import numpy as np
import polars as pl
from numpy.typing import NDArray

from embeat_pipeline.common import text_expressions
from embeat_pipeline.evaluate.inputs.catalogue import Catalogue
from embeat_serve.contract.lake import LakePaths
from embeat_serve.contract.text_keys import name_key
from embeat_serve.contract.title_terms import SELECTOR
from embeat_serve.questions.genres import GenreNames
from embeat_serve.questions.parser import parse_question
from embeat_serve.questions.places import places
from embeat_serve.questions.question import PartKind, Question
from embeat_serve.questions.tokens import Token, keys_of, tokenise
from embeat_serve.questions.vocabulary import Key, Role, active_vocabulary, longest, phrases

MIN_ENTRIES = 10
"""Entries of training playlists that are by an artist, from which on a name may mean them. Nearly
every word is some artist's name: *Sleep*, *June* and *Mellow* are."""
MAX_NAME_WORDS = 6
"""Words of the longest artist's name that is looked for."""

_SELECTOR = re.compile(SELECTOR)


class TitleKind(StrEnum):
    """What the name of a playlist says, in the order of the report."""

    GENRE = "genre"
    MOOD = "mood"
    ACTIVITY = "activity"
    OCCASION = "occasion"
    DECADE = "decade"
    """A year, a decade, or music of earlier times."""
    LANGUAGE = "language"
    PLACE = "place"
    PERSON = "person"
    """An artist of the catalogue."""
    NONSENSE = "nonsense"
    """None of these, and hardly known from names of playlists, or without a letter."""
    OTHER = "other"


PART_KINDS: Mapping[PartKind, TitleKind] = {
    PartKind.GENRE: TitleKind.GENRE,
    PartKind.WITHOUT_GENRE: TitleKind.GENRE,
    PartKind.ENERGY: TitleKind.MOOD,
    PartKind.TEMPO: TitleKind.MOOD,
    PartKind.YEAR: TitleKind.DECADE,
    PartKind.LANGUAGE: TitleKind.LANGUAGE,
    PartKind.COUNTRY: TitleKind.PLACE,
}
"""Part of a question -> kind of a name that has it."""


@dataclass(frozen=True)
class TitleKinds:
    """What names are compared with.

    Attributes:
        genres: those of the release.
        artists: ``name_key`` of the artists that a name may mean.
    """

    genres: GenreNames
    artists: frozenset[str]

    def of(self, title: str, *, is_known: bool) -> frozenset[TitleKind]:
        """Kinds of a name, at least one.

        Args:
            title: at most ``seeds.parsing.MAX_TEXT`` characters, not blank.
            is_known: whether names of playlists say enough of it, see ``ListTitle.is_known``.
        """
        title = _SELECTOR.sub("", title)
        tokens = tokenise(title)
        taken = self._artist_words([token.key for token in tokens])
        question = parse_question(title, self.genres)
        found = {*_question_kinds(question, tokens, taken), *_word_kinds(tokens, taken)}
        if name_key(title) in self.genres:
            found.add(TitleKind.GENRE)
        if taken or (not found and self._is_artist(tokens)):
            found.add(TitleKind.PERSON)
        if not found:
            is_word = is_known and any(char.isalpha() for char in title)
            found.add(TitleKind.OTHER if is_word else TitleKind.NONSENSE)
        return frozenset(found)

    def _artist_words(self, keys: Sequence[str]) -> frozenset[int]:
        """Positions of words that are an artist's name of two words or more."""
        return frozenset(
            place
            for start in range(len(keys))
            for stop in range(start + 2, min(start + MAX_NAME_WORDS, len(keys)) + 1)
            if " ".join(keys[start:stop]) in self.artists
            for place in range(start, stop)
        )

    def _is_artist(self, tokens: Sequence[Token]) -> bool:
        """Whether an artist's name of one word is all that is said: "Drake", "Drake playlist"."""
        roles = active_vocabulary(tokens).roles
        filler = {Role.NOISE, Role.LINKS}
        said = [token for token in tokens if not roles.get((token.key,), frozenset()) & filler]
        return len(said) == 1 and said[0].key in self.artists


def read_title_kinds(
    lake: LakePaths, catalogue: Catalogue, frequency: NDArray[np.int64]
) -> TitleKinds:
    """Read names of genres and of artists that playlists hold.

    Args:
        lake: with the tables ``genre_map`` and ``artists``.
        catalogue: of the lake.
        frequency: (catalogue,) number of training playlists each track is in.
    """
    genres = pl.read_parquet(lake.table("genre_map"), columns=["genre"])["genre"].to_list()
    entries = np.bincount(catalogue.main_artist, weights=frequency)
    codes = np.flatnonzero(entries >= MIN_ENTRIES).astype(np.uint32)
    artists = (
        pl.scan_parquet(lake.table("artists"))
        .filter(pl.col("artist_code").is_in(pl.Series(codes).implode()))
        .select(text_expressions.name_key(pl.col("artist_name")))
        .collect()
    )
    names = frozenset(artists["artist_name"].drop_nulls().to_list()) - {""}
    return TitleKinds(GenreNames({name_key(name): code for code, name in enumerate(genres)}), names)


def _question_kinds(
    question: Question, tokens: Sequence[Token], taken: frozenset[int]
) -> Iterator[TitleKind]:
    starts = {tokens[place].start for place in taken}
    for part in question.parts:
        if part.kind in PART_KINDS and starts.isdisjoint(range(part.start, part.end)):
            yield PART_KINDS[part.kind]
    # Languages that the index does not tell are wishes, and so are countries that speak them.
    for wish in question.ignored:
        if place := places().get(keys_of(wish)):
            yield PART_KINDS[place.kind]


def _word_kinds(tokens: Sequence[Token], taken: frozenset[int]) -> Iterator[TitleKind]:
    table = _words()
    for at in range(len(tokens)):
        stop = at + longest(table, tokens, at)
        if stop > at and taken.isdisjoint(range(at, stop)):
            yield from table[tuple(token.key for token in tokens[at:stop])]


@lru_cache(maxsize=1)
def _words() -> Mapping[Key, frozenset[TitleKind]]:
    """The table ``title_kinds.toml``: phrase -> its kinds."""
    path = files("embeat_pipeline.evaluate.metrics").joinpath("title_kinds.toml")
    found: dict[Key, set[TitleKind]] = {}
    for kind, of_language in tomllib.loads(path.read_text(encoding="utf-8")).items():
        for text in of_language.values():
            for key in phrases(text):
                found.setdefault(key, set()).add(TitleKind(kind))
    return {key: frozenset(kinds) for key, kinds in found.items()}
