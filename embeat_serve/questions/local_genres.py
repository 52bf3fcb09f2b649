"""Join a genre and a place to the genre of the place: "hip hop français" is *french hip hop*.

Names of genres are English, so a question in another language names the two apart. The songs of
such a genre are in its language as a rule; few of them are of the wider genre, too. And it is all
that there is of a language that no filter can meet: "Nederlandse hiphop" is *dutch hip hop*.
"""

from collections.abc import Iterable
from dataclasses import replace

from embeat_serve.contract.text_keys import name_key
from embeat_serve.questions.genres import GenreNames
from embeat_serve.questions.places import places
from embeat_serve.questions.question import PartKind
from embeat_serve.questions.reading import Finding
from embeat_serve.questions.tokens import keys_of

SYNONYMS = {"rap": "hip hop"}
"""Genre -> its name in genres of a place: there is *german hip hop*, and no *german rap*."""

ADJECTIVES = {
    "argentina": "argentine",
    "australia": "australian",
    "brazil": "brazilian",
    "canada": "canadian",
    "colombia": "colombian",
    "ireland": "irish",
    "jamaica": "jamaican",
    "mexico": "mexican",
    "nigeria": "nigerian",
    "scotland": "scottish",
}
"""Country -> how names of genres begin that are of it."""

OWN_NAMES = {
    "brazilian funk": "funk carioca",
    "chinese pop": "mandopop",
    "cantonese pop": "cantopop",
    "italian rap": "italian hip hop",
    "japanese pop": "j pop",
    "japanese rap": "j rap",
    "japanese rock": "j rock",
    "korean pop": "k pop",
    "korean rap": "k rap",
    "spanish rock": "rock en espanol",
}
"""Genre of a place -> its name, where that does not say the place."""


def join_genres(found: Iterable[Finding], genres: GenreNames) -> list[Finding]:
    """The findings, in which one place and one genre are a genre where the catalogue has it.

    Args:
        found: of a question.
        genres: those of the catalogue.
    """
    findings = list(found)
    of_place = [(one, name) for one in findings if (name := _place(one))]
    of_genre = [one for one in findings if one.kind is PartKind.GENRE]
    if len(of_place) != 1 or len(of_genre) != 1 or len(of_genre[0].names) != 1:
        return findings
    (place, place_name), genre = of_place[0], of_genre[0].names[0]
    names = [name_key(f"{place_name} {one}") for one in (genre, SYNONYMS.get(genre, genre))]
    candidates = [OWN_NAMES.get(names[0], names[0]), *names]
    name = next((one for one in candidates if one in genres), None)
    if name is None:
        return findings
    joined = {
        one: replace(one, kind=PartKind.GENRE, value=name, names=(name,), is_met=True)
        for one in (place, *of_genre)
    }
    return [joined.get(one, one) for one in findings]


def _place(finding: Finding) -> str | None:
    """How the names of genres begin that are of the place that a finding says."""
    if finding.kind in (PartKind.LANGUAGE, PartKind.COUNTRY):
        name = finding.value
    elif finding.kind is PartKind.WORDS and not finding.is_met:
        place = places().get(keys_of(finding.value))
        name = place.name if place else ""
    else:
        return None
    return ADJECTIVES.get(name.casefold(), name) or None
