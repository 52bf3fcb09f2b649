"""What a question in words asks for: seeds, filters, dials, and the words that are left."""

from dataclasses import dataclass
from enum import StrEnum

from embeat_serve.filters.request import Filters

NO_FILTERS = Filters()
"""Lets every song through."""


class PartKind(StrEnum):
    """What a part of a question says."""

    LIKE = "like"
    UNLIKE = "unlike"
    GENRE = "genre"
    WITHOUT_GENRE = "without_genre"
    YEAR = "year"
    LANGUAGE = "language"
    COUNTRY = "country"
    EXPLICIT = "explicit"
    INSTRUMENTAL = "instrumental"
    TEMPO = "tempo"
    ENERGY = "energy"
    POPULARITY = "popularity"
    LENGTH = "length"
    WORDS = "words"


@dataclass(frozen=True)
class QuestionPart:
    """One part of a question, as a page shows it.

    Attributes:
        start: offset of its first character in the question.
        end: offset after its last character.
        text: as typed.
        kind: what it says.
        value: how it was understood, for display: "1990–1999", "French", "≤ 100 bpm".
        english: how an English playlist would say it: "sleep" for "zum Einschlafen".
    """

    start: int
    end: int
    text: str
    kind: PartKind
    value: str
    english: str = ""


@dataclass(frozen=True)
class PossibleNames:
    """Words in capitals that may name artists, though nothing says so: "Radiohead deep cuts".

    Attributes:
        part: position of the words among ``Question.parts``.
        names: the words, divided as a list of names.
        whole: names that ``names`` has divided, longest first.
    """

    part: int
    names: tuple[str, ...]
    whole: tuple[str, ...]


@dataclass(frozen=True)
class Question:
    """A question in words, understood.

    Without the catalogue nobody can tell whether "Simon and Garfunkel" is one name or two. So a
    list of names is given divided (``like``), and each run of neighbours that may be one name is
    given whole (``like_whole``), longest first: whoever has the catalogue tries the whole names
    first, and a whole name that is found replaces the names that it holds.

    Attributes:
        like: songs or artists that the list shall be like, as typed.
        like_whole: names that ``like`` has divided, longest first.
        unlike: songs or artists that the list shall not hold, as typed.
        unlike_whole: names that ``unlike`` has divided, longest first.
        filters: what songs must be; several decades are the range from the first to the last.
        hits: the dial ``hits``, -1..1; None where the question does not say.
        k: length of the list, 1..``MAX_K``; None where the question does not say.
        title: the words to search for in names of playlists, in typed order.
        parts: all but filler words, in typed order, without overlap.
        ignored: wishes that no filter can meet ("by women"); their words are in ``title``, too.
        possible_names: words that may be names; whoever has the catalogue can tell.
        is_by: whether songs of the artists in ``like`` are wanted, not songs like theirs.
    """

    like: tuple[str, ...] = ()
    like_whole: tuple[str, ...] = ()
    unlike: tuple[str, ...] = ()
    unlike_whole: tuple[str, ...] = ()
    filters: Filters = NO_FILTERS
    hits: float | None = None
    k: int | None = None
    title: str = ""
    parts: tuple[QuestionPart, ...] = ()
    ignored: tuple[str, ...] = ()
    possible_names: tuple[PossibleNames, ...] = ()
    is_by: bool = False

    @property
    def is_words(self) -> bool:
        """Whether nothing but words was found."""
        return all(part.kind is PartKind.WORDS for part in self.parts)
