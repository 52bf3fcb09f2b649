"""Find names of songs and artists that a list shall be like, or shall not hold.

Names can hold any word of the grammar ("The 1975", "Death Cab for Cutie", "Everything But The
Girl"), and no catalogue is at hand. So a name begins at whatever follows its marker, and
``name_ends`` tells where it ends.
"""

from dataclasses import replace

from embeat_serve.questions.name_ends import end_of_name, filler_of, start_of_name
from embeat_serve.questions.name_lists import split_names
from embeat_serve.questions.question import PartKind
from embeat_serve.questions.reading import Finding, Reading, scan
from embeat_serve.questions.vocabulary import FUNCTION, Role

_COVERING = (
    PartKind.GENRE,
    PartKind.YEAR,
    PartKind.TEMPO,
    PartKind.ENERGY,
    PartKind.INSTRUMENTAL,
    PartKind.EXPLICIT,
)
"""Kinds of which "like" may be followed without a name: "like 80s synthpop"."""


def find_liked(reading: Reading) -> list[Finding]:
    """Find names after "like", "songs by", and before "gibi" or "みたいな"."""
    found = scan(reading, _liked_at)
    return found + _named_before(reading.with_findings(found), Role.LIKE_AFTER)


def find_unliked(reading: Reading) -> list[Finding]:
    """Find names after "but not" or "without", and before "以外"."""
    found = scan(reading, _unliked_at)
    return found + _named_before(reading.with_findings(found), Role.NOT_AFTER)


def like_markers(reading: Reading) -> list[int]:
    """Tokens of the markers of names that no name goes with: they mean nothing."""
    markers: list[int] = []
    roles = (Role.LIKE, Role.LIKE_WEAK, Role.BY, Role.LIKE_AFTER)
    for at in range(len(reading.tokens)):
        stop = reading.match(at, *roles) if reading.is_free(at) else 0
        if stop and reading.phrase(at)[0] == stop and not reading.phrase(at)[1] & {Role.LINKS}:
            markers += range(at, stop)
    return markers


def _liked_at(reading: Reading, at: int) -> Finding | None:
    stop, _ = reading.phrase(at)
    marker = reading.match(at, Role.LIKE, Role.LIKE_WEAK, Role.BY)
    if marker and marker >= stop:
        start = _skip_filler(reading, marker)
        end = end_of_name(reading, start)
        is_weak = not reading.match_exactly(at, marker, Role.LIKE)
        if end > start and is_name(reading, start, end, is_weak):
            last = reading.match(end, Role.LIKE_AFTER) or end
            negation = reading.negation_before(at)
            if negation is not None and not reading.breaks(at):  # "nothing like Coldplay"
                return _finding(reading, PartKind.UNLIKE, (negation, last), (start, end))
            finding = _finding(reading, PartKind.LIKE, (at, last), (start, end))
            return replace(finding, is_by=reading.match_exactly(at, marker, Role.BY))
    return None


def _named_before(reading: Reading, role: Role) -> list[Finding]:
    """Names that a marker follows."""
    kind = PartKind.LIKE if role is Role.LIKE_AFTER else PartKind.UNLIKE
    filler = filler_of(reading)
    findings: list[Finding] = []
    at = plain = 0
    while at < len(reading.tokens):
        marker = reading.match(at, role)
        if not marker:
            stop, roles = reading.phrase(at)
            plain = at if Role.PLAIN in roles else stop
            at = stop
            continue
        start = start_of_name(reading, at, filler)
        if start < at and is_name(reading, start, at, False):
            findings.append(_finding(reading, kind, (start, marker), (start, at)))
        elif plain < at and kind is PartKind.UNLIKE:
            text = reading.typed(plain, marker)
            findings.append(Finding(PartKind.WORDS, plain, marker, text, is_met=False))
        at = plain = marker
    return findings


def _unliked_at(reading: Reading, at: int) -> Finding | None:
    marker = reading.match(at, Role.NOT, Role.NOT_WEAK)
    if not marker:
        return None
    start = _skip_filler(reading, marker)
    end = end_of_name(reading, start)
    if end <= start or reading.breaks(start):
        return None
    is_weak = not reading.match_exactly(at, marker, Role.NOT)
    if is_name(reading, start, end, is_weak) and not _is_known(reading, start, end):
        last = reading.match(end, Role.NOT_AFTER) or end
        return _finding(reading, PartKind.UNLIKE, (at, last), (start, end))
    # Something else is not wanted, and no filter can tell: "not too sad", "no drums".
    stop = at
    while reading.is_free(stop) and (stop == at or not reading.breaks(stop)):
        stop, roles = reading.phrase(stop)
        if not roles <= FUNCTION:
            return Finding(PartKind.WORDS, at, stop, reading.typed(at, stop), is_met=False)
    return None


def _skip_filler(reading: Reading, at: int) -> int:
    """The token at which a name begins: "like the band Can" begins at "Can"."""
    while reading.is_free(at) and not reading.tokens[at].is_caseless:
        link = reading.match(at, Role.LINKS)
        noise = reading.match(at, Role.NOISE) or (link and reading.match(link, Role.NOISE))
        if not noise or not reading.is_free(noise) or not reading.tokens[at].is_small:
            return at
        at = noise
    return at


def is_name(reading: Reading, start: int, stop: int, is_weak: bool) -> bool:
    """Whether tokens are a name: not only words that have a meaning of their own.

    Args:
        reading: of the question.
        start: the first token.
        stop: the token after the last.
        is_weak: whether the marker before it often stands before anything else.
    """
    covered = [_meaning(reading, at) for at in _steps(reading, start, stop)]
    if all(kind in _COVERING or kind is None for kind in covered) and any(covered):
        return False
    is_capitalised = any(token.text[0].isupper() for token in reading.tokens[start:stop])
    if is_weak:
        return reading.tokens[start].is_capitalised and not _is_known(reading, start, stop)
    return is_capitalised or not _is_known(reading, start, stop)


def _steps(reading: Reading, start: int, stop: int) -> list[int]:
    steps: list[int] = []
    at = start
    while at < stop:
        steps.append(at)
        hint = reading.hint(at)
        at = hint.stop if hint else at + 1
    return steps


def _meaning(reading: Reading, at: int) -> PartKind | str | None:
    """The kind of the hint at a token; None for filler; its text for any other word."""
    hint = reading.hint(at)
    if hint:
        return hint.kind
    return None if reading.match(at, Role.LINKS, Role.NOISE) else reading.tokens[at].text


def _is_known(reading: Reading, start: int, stop: int) -> bool:
    at = start
    while at < stop:
        hint = reading.hint(at)
        following, roles = reading.phrase(at)
        if not hint and not roles:
            return False
        at = max(hint.stop if hint else 0, following if roles else 0)
    return True


def _finding(
    reading: Reading, kind: PartKind, span: tuple[int, int], name: tuple[int, int]
) -> Finding:
    names, whole = split_names(reading, *name)
    return Finding(kind, *span, ", ".join(names), names, whole)
