"""Find the words that are left of a question: those to search for in names of playlists."""

from embeat_serve.questions.question import PartKind
from embeat_serve.questions.reading import Finding, Reading, scan
from embeat_serve.questions.tokens import number_of
from embeat_serve.questions.vocabulary import FUNCTION, Role

_NEGATIONS = frozenset({Role.NOT, Role.NOT_WEAK})


def find_idioms(reading: Reading) -> list[Finding]:
    """Find phrases whose words mean nothing else: "slow dance"."""
    return scan(reading, _idiom_at)


def find_wishes(reading: Reading) -> list[Finding]:
    """Find what no filter can meet: "with a band", "by women"."""
    return scan(reading, _wish_at)


def find_words(reading: Reading) -> list[Finding]:
    """Find the runs of words that are left, without filler at their edges."""
    findings: list[Finding] = []
    run: list[tuple[int, int, frozenset[Role]]] = []
    at = 0
    while at < len(reading.tokens):
        if reading.breaks(at) or not reading.is_free(at):
            findings += _words(reading, run)
            run = []
        if not reading.is_free(at):
            at += 1
            continue
        stop, roles = reading.phrase(at)
        if Role.NOISE in roles or _divides(reading, run, stop, roles):
            findings += _words(reading, run)
            run = []
        else:
            run.append((at, stop, roles))
        at = stop
    return findings + _words(reading, run)


def find_title(reading: Reading) -> list[Finding]:
    """Take a question of filler alone as a title, if it begins like one: "Without You"."""
    stop = reading.match(0, *_NEGATIONS) if reading.tokens else 0
    if not stop or stop == len(reading.tokens) or reading.found:
        return []
    end = len(reading.tokens)
    return [Finding(PartKind.WORDS, 0, end, reading.typed(0, end))]


def _divides(
    reading: Reading,
    run: list[tuple[int, int, frozenset[Role]]],
    stop: int,
    roles: frozenset[Role],
) -> bool:
    """Whether a "for" stands between two wishes: "calm for sleeping" is both."""
    if Role.PURPOSE not in roles or not run:
        return False
    while reading.match(stop, Role.LINKS):
        stop = reading.match(stop, Role.LINKS)
    return bool(reading.match(stop, Role.PLAIN))


def _idiom_at(reading: Reading, at: int) -> Finding | None:
    return _phrase(reading, at, reading.match(at, Role.IDIOMS), True)


def _wish_at(reading: Reading, at: int) -> Finding | None:
    return _phrase(reading, at, reading.match(at, Role.WISHES), False)


def _phrase(reading: Reading, first: int, stop: int, is_met: bool) -> Finding | None:
    if not stop:
        return None
    return Finding(PartKind.WORDS, first, stop, reading.typed(first, stop), is_met=is_met)


def _words(reading: Reading, run: list[tuple[int, int, frozenset[Role]]]) -> list[Finding]:
    first, last = 0, len(run)
    while first < last and _is_filler(reading, run, first, True):
        first += 1
    while first < last and _is_filler(reading, run, last - 1, False):
        last -= 1
    if first == last:
        return []
    start, stop = run[first][0], run[last - 1][1]
    return [Finding(PartKind.WORDS, start, stop, reading.typed(start, stop))]


def _is_filler(
    reading: Reading, run: list[tuple[int, int, frozenset[Role]]], index: int, is_first: bool
) -> bool:
    at, stop, roles = run[index]
    if not roles or not roles <= FUNCTION:
        return False
    if not is_first:
        return True
    # "No Doubt", "The 1975": what a name may begin with.
    is_name = reading.tokens[at].key == "the" and reading.is_free(stop)
    is_numbered = is_name and number_of(reading.tokens[stop]) is not None
    has_word = any(not other <= FUNCTION or not other for _, _, other in run[index:])
    return not is_numbered and not (roles & _NEGATIONS and has_word)
