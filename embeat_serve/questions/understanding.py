"""Understand a question with the catalogue at hand: names that no "like" marks are found, too."""

from collections.abc import Sequence
from dataclasses import replace

from embeat_serve.questions.genres import GenreNames
from embeat_serve.questions.parser import parse_question
from embeat_serve.questions.question import PartKind, PossibleNames, Question
from embeat_serve.questions.unmarked_names import UnmarkedName, unmarked_names
from embeat_serve.seeds.matching import Fit, popularity
from embeat_serve.seeds.name_resolver import KnownArtistQuery, held_names, is_known_name
from embeat_serve.seeds.text_lookup import TextLookup
from embeat_serve.seeds.unmarked_artists import UnmarkedArtistQuery
from embeat_serve.stores.base import VectorStore
from embeat_serve.stores.batch import QueryBatch

FILTER_KINDS = frozenset(PartKind) - {
    PartKind.LIKE,
    PartKind.UNLIKE,
    PartKind.WORDS,
    PartKind.COUNTRY,
}
"""Kinds of a question that is a wish and no name; countries are the names of bands."""

MUSIC_KINDS = frozenset({PartKind.GENRE, PartKind.INSTRUMENTAL})
"""Kinds of which no song's name is better known than the meaning: "jazz", "instrumental music"."""

LEAST_FAME = 60
"""Popularity from which on a song is what its title stands for: "1979", "Popular"."""

MAX_POSSIBLE_NAMES = 20
"""Names in capitals that are looked up for one question at most."""


class NamesInText:
    """Words of a text that may name artists; their look-up travels with the queries of others.

    Args:
        batch: the batch that the query is added to.
        text: that may be a question.
        genres: those of the catalogue.
    """

    def __init__(self, batch: QueryBatch, text: str, genres: GenreNames):
        self.text = text
        self._names = unmarked_names(text, genres)
        words = {name.text for name in self._names if name.is_word}
        self.query = UnmarkedArtistQuery(batch, [name.text for name in self._names], words)

    def found(self) -> tuple[UnmarkedName, ...]:
        """The names that are artists'."""
        artists = self.query.result()
        return tuple(name for name in self._names if name.text in artists)


def understand(
    store: VectorStore, question: Question, genres: GenreNames, names: NamesInText
) -> Question:
    """A question in which what known artists are called is a name, in capitals or not.

    It takes a store call where something may be a name, and a "like" names nobody.

    Args:
        store: the catalogue.
        question: as parsed without the catalogue.
        genres: those of the catalogue.
        names: of its text, looked up.
    """
    if question.like:
        return question
    batch = QueryBatch(store)
    known = KnownArtistQuery(batch, _possible(question)[:MAX_POSSIBLE_NAMES])
    names.query.add_song_queries(batch)
    batch.execute()
    unliked = [part for part in question.parts if part.kind is PartKind.UNLIKE]
    found = [
        name
        for name in names.found()
        if not any(part.start <= name.start < part.end for part in unliked)
    ]
    if found:
        question = parse_question(names.text, genres, found)
    question = _with_known(question, known.result())
    # "radiohead deep cuts", "Radiohead hits": whose they are, not what they are like.
    is_by = question.is_by or (bool(question.like) and question.hits in (-1, 1))
    return replace(question, is_by=is_by)


def asks_by_filters(question: Question, lookup: TextLookup) -> bool:
    """Whether a text is nothing but filters, and not rather a well-known name: "1979".

    Args:
        question: that the text may be.
        lookup: of the text.
    """
    kinds = {part.kind for part in question.parts}
    if not kinds or not kinds <= FILTER_KINDS:
        return False
    if kinds & MUSIC_KINDS:
        return True
    artist, song = lookup.best_artist, lookup.best_track
    if artist is not None and is_known_name(artist, lookup.text):
        return False
    if song is None or song.closeness.fit is not Fit.TITLE:
        return True
    return popularity(song.hit) < LEAST_FAME


def _possible(question: Question) -> Sequence[str]:
    return [name for one in question.possible_names for name in (*one.whole, *one.names)]


def _with_known(question: Question, known: frozenset[str]) -> Question:
    """The question in which words in capitals that all name known artists are names."""
    meant = [one for one in question.possible_names if _are_known(one, known)]
    parts = list(question.parts)
    for one in meant:
        value = ", ".join(one.names)
        parts[one.part] = replace(parts[one.part], kind=PartKind.LIKE, value=value)
    whole = [name for one in meant for name in one.whole if name in known]
    return replace(
        question,
        like=(*question.like, *(name for one in meant for name in one.names)),
        like_whole=(*question.like_whole, *whole),
        parts=tuple(parts),
    )


def _are_known(possible: PossibleNames, known: frozenset[str]) -> bool:
    """Whether words are names of known artists, each or joined."""
    joined = (held_names(possible.names, whole) for whole in possible.whole if whole in known)
    return known.union(*joined).issuperset(possible.names)
