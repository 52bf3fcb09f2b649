"""Tell where the name of an artist or a song ends in a question, without a catalogue."""

from collections.abc import Set

import regex as re

from embeat_serve.questions.question import PartKind
from embeat_serve.questions.reading import Finding, Reading
from embeat_serve.questions.vocabulary import Role

_END = re.compile(r"[;:?()\[\]{}\"“”„«»|…\n\r。；：？（）「」『』]")
_COMMA = re.compile(r"[,、，]")
_FULL_STOP = re.compile(r"\.\s")
MAX_NAME = 40
"""Tokens of a name, or of a list of names, at most."""

MIN_SENTENCE_END = 3
"""Letters of a word after which a full stop ends a sentence: "St. Vincent" is one name."""

MAX_FILLER = 4
"""Phrases of filler at most between a preposition and what it belongs to."""

_GERUND = re.compile(r"\p{L}{2,}ing")
_COMPARATIVE = re.compile(r"\p{L}{3,}er")

_ENDING_KINDS = (
    PartKind.TEMPO,
    PartKind.INSTRUMENTAL,
    PartKind.EXPLICIT,
    PartKind.POPULARITY,
    PartKind.LENGTH,
)
"""Kinds of phrases before which a name ends, where they are typed in small letters."""


def end_of_name(reading: Reading, start: int) -> int:
    """The token after a name that begins at ``start``; ``start`` if there is none.

    Its first token is always part of it: "like No Doubt", "like 10cc".
    """
    if not reading.is_free(start):
        return start
    at = start + 1
    while at - start < MAX_NAME and reading.is_free(at) and not _ends_at(reading, start, at):
        at += 1
    return _without_filler(reading, start, at)


def start_of_name(reading: Reading, stop: int, filler: Set[int]) -> int:
    """The first token of a name that a marker at ``stop`` follows; ``stop`` if there is none.

    Args:
        reading: of the question.
        stop: the token of the marker.
        filler: tokens that belong to no name, from ``filler_of``.
    """
    at = stop
    while stop - at < MAX_NAME and reading.is_free(at - 1) and at - 1 not in filler:
        if at < stop and reading.breaks(at) and not _COMMA.search(reading.tokens[at].gap):
            break
        if at < stop and not _is_one_name(reading, at - 1, at):
            break
        at -= 1
    while at < stop and reading.match_exactly(at, at + 1, Role.LINKS):
        at += 1
    return at


def _is_one_name(reading: Reading, before: int, at: int) -> bool:
    """Whether two neighbours may be in one name: of capitalised words all are capitalised."""
    earlier, later = reading.tokens[before], reading.tokens[at]
    if earlier.is_caseless or later.is_caseless or not earlier.is_small:
        return True
    is_joiner = reading.match_exactly(before, at, Role.JOINERS)
    if is_joiner or later.is_small:
        return not is_joiner or not before or not reading.tokens[before - 1].is_small
    return False


def filler_of(reading: Reading) -> set[int]:
    """Tokens of phrases that belong to no name before a marker."""
    found: set[int] = set()
    for hint in reading.hints:
        if hint.kind is not PartKind.WORDS:
            found.update(range(hint.first, hint.stop))
    at = 0
    while at < len(reading.tokens):
        following, roles = reading.phrase(at)
        is_long = following - at > 1 and reading.tokens[at].is_caseless
        is_filler = roles & {Role.NOISE, Role.PURPOSE, Role.NOT, Role.NOT_AFTER, Role.LIKE_AFTER}
        if is_filler or (is_long and Role.PLAIN in roles):
            found.update(range(at, following))
        at = following
    return found


def _ends_at(reading: Reading, start: int, at: int) -> bool:
    token = reading.tokens[at]
    if _END.search(token.gap):
        return True
    if _FULL_STOP.search(token.gap) and len(reading.tokens[at - 1].text) >= MIN_SENTENCE_END:
        return True
    if _COMMA.search(token.gap):
        return _ends_at_comma(reading, at)
    return (
        _ends_at_but(reading, start, at)
        or _ends_at_purpose(reading, start, at)
        or _ends_at_preposition(reading, at)
        or _ends_at_hint(reading, at)
        or _ends_at_filler(reading, start, at)
    )


def _ends_at_comma(reading: Reading, at: int) -> bool:
    """Whether something else than the next name of a list follows a comma."""
    token = reading.tokens[at]
    hint = reading.hint(at)
    if hint and not (hint.kind is PartKind.WORDS and not token.is_small):
        return True
    roles = (Role.NOT, Role.NOT_WEAK, Role.BUT, Role.PURPOSE, Role.LIKE, Role.WISHES)
    joined = reading.match(at, Role.JOINERS)
    if reading.match(at, *roles) and not joined and token.is_small | token.is_caseless:
        return True
    return token.is_small and bool(reading.match(at, Role.NOISE, Role.PLAIN))


def _ends_at_but(reading: Reading, start: int, at: int) -> bool:
    token = reading.tokens[at]
    if reading.match(at, Role.NOT, Role.NOT_AFTER, Role.LIKE_AFTER):
        return not token.text[0].isupper() or _hint_after(reading, at) is not None
    if reading.match(at, Role.NOT_WEAK):
        return token.is_small and (_hint_after(reading, at) is not None)
    stop = reading.match(at, Role.BUT)
    if not stop or not reading.is_free(stop) or not token.is_small:
        return False
    if reading.tokens[start].is_capitalised and reading.tokens[stop].is_small:
        return True
    following = (Role.NOT, Role.NOT_WEAK, Role.WISHES, Role.PREPOSITIONS, Role.PLAIN)
    is_known = bool(reading.match(stop, *following)) or reading.hint(stop) is not None
    return is_known or _COMPARATIVE.fullmatch(reading.tokens[stop].text) is not None


def _ends_at_purpose(reading: Reading, start: int, at: int) -> bool:
    """Whether an occasion follows: "for studying", "für eine Party"."""
    stop = reading.match(at, Role.PURPOSE)
    if not stop or not reading.tokens[at].is_small:
        return False
    at = stop
    while reading.match(at, Role.LINKS):
        at = reading.match(at, Role.LINKS)
    if not reading.is_free(at):
        return False
    token = reading.tokens[at]
    is_known = bool(reading.match(at, Role.PLAIN)) or reading.hint(at) is not None
    is_small = token.is_small and reading.tokens[start].text[0].isupper()
    return is_known or is_small or _GERUND.fullmatch(token.text) is not None


def _ends_at_preposition(reading: Reading, at: int) -> bool:
    """Whether years, a language or a wish follow: "from the 70s", "in Spanish"."""
    if reading.match(at, Role.WISHES):
        return True
    following = reading.match(at, Role.LINKS)
    if reading.tokens[at].is_caseless and following:  # "陈奕迅的粤语歌"
        return reading.hint(following) is not None
    if not reading.match(at, Role.PREPOSITIONS) or not reading.tokens[at].is_small:
        return False
    hint = _hint_after(reading, at)
    kinds = (PartKind.YEAR, PartKind.LANGUAGE, PartKind.COUNTRY, PartKind.TEMPO)
    # "Boards of Canada": a preposition that also joins words of a name ends none.
    is_inner = reading.tokens[at].key in ("of", "the")
    return (
        hint is not None
        and hint.kind in kinds
        and not (is_inner and hint.kind is not PartKind.YEAR)
    )


def _hint_after(reading: Reading, at: int) -> Finding | None:
    """What begins after the preposition or negation at a token."""
    hint = reading.hint(at)
    roles = (Role.PREPOSITIONS, Role.LINKS, Role.NOT, Role.NOT_WEAK)
    for _ in range(MAX_FILLER):
        at = reading.match(at, *roles)
        if hint is not None or not at:
            break
        hint = reading.hint(at)
    return hint


def _ends_at_hint(reading: Reading, at: int) -> bool:
    """Whether something else follows in small letters: "80s", "instrumental"."""
    hint = reading.hint(at)
    if hint is None or reading.tokens[at].text[0].isupper():
        return False
    is_decade = hint.kind is PartKind.YEAR and not reading.tokens[at].key.isdigit()
    return is_decade or hint.kind in _ENDING_KINDS


def _ends_at_filler(reading: Reading, start: int, at: int) -> bool:
    """Whether filler, a mood or an occasion in small letters follows a capitalised name."""
    token = reading.tokens[at]
    if token.is_caseless:
        is_filler = bool(reading.match(at, Role.NOISE, Role.LIKE))
        return is_filler and not reading.match(at, Role.JOINERS)
    if not token.is_small or not reading.tokens[start].text[0].isupper():
        return False
    is_linked = reading.match_exactly(at - 1, at, Role.LINKS) and at - 1 > start
    return bool(reading.match(at, Role.NOISE, Role.PLAIN)) and not is_linked


def _without_filler(reading: Reading, start: int, stop: int) -> int:
    """The end of a name without filler in small letters after it: "like Can please"."""
    while stop - 1 > start:
        first = reading.match_before(stop, Role.NOISE, Role.LINKS, Role.JOINERS, Role.BUT)
        if first is None or first <= start or reading.tokens[first].text[0].isupper():
            return stop
        stop = first
    return stop
