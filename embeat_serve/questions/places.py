"""Names of languages and countries in the languages of questions."""

from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

from embeat_serve.questions.question import PartKind
from embeat_serve.questions.tokens import keys_of
from embeat_serve.questions.vocabulary import Key, load_table

ENGLISH_NAMES = 2
"""Names of a country, first in its list, that are English; of a language the first one."""


class Place(NamedTuple):
    """A language or a country."""

    kind: PartKind
    name: str
    languages: tuple[str, ...]
    is_english: bool
    """Whether this name of it is an English word, which stands before what it describes."""


@lru_cache(maxsize=1)
def places() -> Mapping[Key, Place]:
    """Names of languages and countries; of two with one name the language."""
    table = load_table("places")
    found: dict[Key, Place] = {}
    for code, line in table["languages"].items():
        name, names = line.split(":")
        for rank, item in enumerate(names.split(",")):
            place = Place(PartKind.LANGUAGE, name, (code,), rank == 0)
            found.setdefault(keys_of(item), place)
    for name, line in table["countries"].items():
        codes, names = line.split(":")
        for rank, item in enumerate(names.split(",")):
            place = Place(PartKind.COUNTRY, name, tuple(codes.split()), rank < ENGLISH_NAMES)
            found.setdefault(keys_of(item), place)
    return found
