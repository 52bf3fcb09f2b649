"""Find languages and countries: "French", "auf Deutsch", "日本語の", "from Brazil"."""

from embeat_serve.questions.genres import negation_after, negation_before
from embeat_serve.questions.places import places
from embeat_serve.questions.qualities import is_part_of_name
from embeat_serve.questions.question import PartKind
from embeat_serve.questions.reading import Finding, Reading, scan
from embeat_serve.questions.vocabulary import Role, longest

INDEXED_LANGUAGES = frozenset(
    {"ar", "bg", "bn", "de", "el", "en", "es", "fa", "fr", "he", "hi", "hy", "id", "it", "ja", "ka"}
    | {"ko", "pa", "pl", "pt", "ru", "sr", "ta", "te", "th", "tl", "tr", "uk", "vi", "yue", "zh"}
)
"""Codes of the languages that the index tells (``embeat_pipeline/index/language.py``). A filter on
any other would let no song pass."""


def find_languages(reading: Reading) -> list[Finding]:
    """Find languages and countries; those that no filter can meet are wishes."""
    return scan(reading, _place_at)


def _place_at(reading: Reading, at: int) -> Finding | None:
    length = longest(places(), reading.tokens, at)
    stop = at + length
    if not length or any(not reading.is_free(index) for index in range(at, stop)):
        return None
    place = places()[tuple(token.key for token in reading.tokens[at:stop])]
    phrase_stop, roles = reading.phrase(at)
    if phrase_stop > stop or (phrase_stop == stop and roles & {Role.NOISE, Role.LINKS}):
        return None
    if place.is_english and is_part_of_name(reading, stop - 1):
        return None
    start, end = negation_before(reading, at), negation_after(reading, stop)
    if start is not None or end:
        first = at if start is None else start
        return _wish(reading, first, end or stop)
    languages = tuple(code for code in place.languages if code in INDEXED_LANGUAGES)
    if not languages:
        return _wish(reading, at, stop)
    return Finding(place.kind, at, stop, place.name, languages)


def _wish(reading: Reading, first: int, stop: int) -> Finding:
    text = reading.typed(first, stop)
    return Finding(PartKind.WORDS, first, stop, text, is_met=False)
