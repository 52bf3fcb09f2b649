"""Join a genre and a language to the genre of a place: "hip hop français" is *french hip hop*.

Names of genres are English, so a question in another language names the two apart. The songs of
such a genre are in its language as a rule; few of them are of the wider genre, too.
"""

from collections.abc import Iterable
from dataclasses import replace

from embeat_serve.contract.text_keys import name_key
from embeat_serve.questions.genres import GenreNames
from embeat_serve.questions.question import PartKind
from embeat_serve.questions.reading import Finding

SYNONYMS = {"rap": "hip hop"}
"""Genre -> its name in genres of a place: there is *german hip hop*, and no *german rap*."""


def join_genres(found: Iterable[Finding], genres: GenreNames) -> list[Finding]:
    """The findings, in which one language and one genre are a genre where the catalogue has it.

    Args:
        found: of a question.
        genres: those of the catalogue.
    """
    findings = list(found)
    languages = [one for one in findings if one.kind is PartKind.LANGUAGE]
    of_genre = [one for one in findings if one.kind is PartKind.GENRE]
    if len(languages) != 1 or len(of_genre) != 1 or len(of_genre[0].names) != 1:
        return findings
    genre = of_genre[0].names[0]
    names = [name_key(f"{languages[0].value} {one}") for one in (genre, SYNONYMS.get(genre, genre))]
    name = next((one for one in names if one in genres), None)
    if name is None:
        return findings
    joined = {
        one: replace(one, kind=PartKind.GENRE, value=name, names=(name,))
        for one in (*languages, *of_genre)
    }
    return [joined.get(one, one) for one in findings]
