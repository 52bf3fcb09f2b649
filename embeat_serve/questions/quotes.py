"""Find titles in quotation marks, whose words are never read as anything else."""

import regex as re

from embeat_serve.questions.name_ends import end_of_name
from embeat_serve.questions.question import PartKind
from embeat_serve.questions.reading import Finding, Reading
from embeat_serve.questions.vocabulary import Role

_QUOTED = re.compile(
    '"([^"]+)"|“([^”“"]+)[”"]|„([^“”"„]+)[“”"]|«([^»«]+)»|「([^」「]+)」|『([^』『]+)』|《([^》《]+)》'
)
_BY = ("by", "von", "par")
"""Words between a title in quotation marks and its artist."""


def find_quoted(reading: Reading) -> list[Finding]:
    """Find titles in quotation marks; the artist after "by" belongs to one."""
    findings: list[Finding] = []
    for match in _QUOTED.finditer(reading.text):
        inside = [
            at
            for at, token in enumerate(reading.tokens)
            if match.start() < token.start and token.end < match.end()
        ]
        if inside:
            title = next(group for group in match.groups() if group is not None).strip()
            findings.append(_quoted(reading, title, inside[0], inside[-1] + 1))
    return findings


def _quoted(reading: Reading, title: str, start: int, stop: int) -> Finding:
    end = stop
    if reading.is_free(stop) and reading.tokens[stop].key in _BY:
        end = end_of_name(reading, stop + 1)
        end = end if end > stop + 1 and reading.tokens[stop + 1].is_capitalised else stop
    name = f"{title} by {reading.typed(stop + 1, end)}" if end > stop else title
    negation = reading.match_before(start, Role.NOT)
    if negation is not None:
        return Finding(PartKind.UNLIKE, negation, end, name, (name,))
    marker = reading.match_before(start, Role.LIKE)
    return Finding(PartKind.LIKE, start if marker is None else marker, end, name, (name,))
