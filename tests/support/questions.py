"""Questions in words with what must be understood, from tables that people can read."""

from pathlib import Path
from typing import NamedTuple

from embeat_serve.filters.request import Filters
from embeat_serve.questions.question import PartKind, Question

MUSIC = """
pop, rock, rap, jazz, techno, house, metal, soul, funk, blues, folk, country, classical,
ambient, disco, reggae, reggaeton, punk, trance, salsa, bachata, bossa nova, hip hop, french hip
hop, german hip hop, k pop, j pop, j rock, mandopop, cantopop, lo fi, r b, shoegaze, dream pop,
chamber pop, permanent wave, new wave, post punk, indie rock, indie pop, indie folk, art rock,
synthpop, trip hop, drum and bass, black metal, death metal, heavy metal, hard rock, psychedelic
rock, progressive rock, classic rock, krautrock, city pop, italo disco, deep house, dubstep,
grunge, emo, ska, gospel, opera, flamenco, fado, samba, tango, schlager, chanson, disco polo,
sertanejo, mpb, latin, electronic, edm
"""
PLAIN = """
focus, sleep, piano, party, running, classic, christmas, sad, rain, world, comedy, meditation,
lounge, soundtrack, halloween, wave, industrial, chill, slayer, deep sleep, nice indie, reading,
healing, alte, via
"""
GENRES = {" ".join(name.split()): code for code, name in enumerate(f"{MUSIC}, {PLAIN}".split(","))}
"""Genres of a made-up catalogue: names that are music only, and names that are plain words, too."""


class Case(NamedTuple):
    """One line of a table."""

    language: str
    text: str
    expected: dict[str, str]
    reason: str = ""


def read_cases(path: Path) -> list[Case]:
    """Read a table: language, question, what is understood, and why it is not, if it is not."""
    cases: list[Case] = []
    for line in path.read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            language, text, expected, *reason = line.split("\t")
            fields = (item.split("=", 1) for item in expected.split("; ") if item)
            cases.append(Case(language, text, dict(fields), *reason))
    return cases


def understood(question: Question) -> dict[str, str]:
    """What a question says, in the words of the tables."""
    filters = question.filters
    fields = {
        "like": _listed(question.like),
        "unlike": _listed(question.unlike),
        "genres": _listed(filters.genres),
        "without": _listed(filters.without_genres),
        "years": _range(filters, "year"),
        "tempo": _range(filters, "tempo"),
        "energy": _range(filters, "energy"),
        "explicit": {None: "", True: "yes", False: "no"}[filters.explicit],
        "instrumental": "yes" if filters.instrumental else "",
        "languages": _listed(filters.languages),
        "countries": _listed(
            tuple(part.value for part in question.parts if part.kind is PartKind.COUNTRY)
        ),
        "hits": "" if question.hits is None else f"{question.hits:g}",
        "k": "" if question.k is None else str(question.k),
        "title": question.title,
        "ignored": _listed(question.ignored),
    }
    return {key: value for key, value in fields.items() if value}


def _listed(names: tuple[str, ...]) -> str:
    return ", ".join(names)


def _range(filters: Filters, name: str) -> str:
    low, high = (None if end is None else f"{end:g}" for end in filters.range(name))
    return "" if low is None and high is None else f"{low or ''}-{high or ''}"
