"""Say in English what a question asks for, since names of playlists are English as a rule."""

from collections.abc import Iterator

from embeat_serve.questions.question import PartKind
from embeat_serve.questions.reading import Finding, Reading
from embeat_serve.questions.vocabulary import FUNCTION, Role

_EMPTY = FUNCTION | {Role.NOISE}
_NAMED = (PartKind.GENRE, PartKind.LANGUAGE, PartKind.COUNTRY)


def in_english(reading: Reading, finding: Finding) -> str:
    """A part of a question in English; as typed where it is English, or nobody knows it.

    Args:
        reading: of the question.
        finding: what the part says.
    """
    typed = reading.typed(finding.first, finding.stop)
    if not reading.words.english:
        return typed
    match finding.kind:
        case PartKind.WORDS:
            return " ".join(word for word, _ in _words(reading, finding)) or typed
        case PartKind.INSTRUMENTAL:  # "Klaviermusik" is piano, too
            known = [word for word, is_known in _words(reading, finding) if is_known]
            return " ".join(dict.fromkeys([*known, finding.value]))
        case PartKind.YEAR if finding.low is not None and _is_decade(finding):
            return f"{finding.low % 100:02.0f}s"
        case kind if kind in _NAMED:
            return finding.value
        case _:
            return typed


def _words(reading: Reading, finding: Finding) -> Iterator[tuple[str, bool]]:
    """Words of a part, and whether each is a translation."""
    at = finding.first
    while at < finding.stop:
        length, english = reading.words.translate(reading.tokens[: finding.stop], at)
        stop, roles = reading.phrase(at)
        if length:
            yield english, True
        elif not reading.tokens[at].is_caseless and (not roles or not roles <= _EMPTY):
            yield english, False
            stop = at + 1
        at += length or max(min(stop, finding.stop) - at, 1)


def _is_decade(finding: Finding) -> bool:
    low, high = finding.low, finding.high
    return low is not None and high == low + 9 and low % 10 == 0
