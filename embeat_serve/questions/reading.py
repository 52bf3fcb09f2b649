"""A question while it is read: its tokens, what is known of them, and what was found so far."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

from embeat_serve.questions.question import PartKind
from embeat_serve.questions.tokens import Token
from embeat_serve.questions.vocabulary import MAX_PHRASE, Role, Vocabulary


@dataclass(frozen=True)
class Finding:
    """What a recogniser found.

    Attributes:
        kind: what it says.
        first: its first token.
        stop: the token after its last.
        value: for display.
        names: genres, language codes, or names of artists and songs.
        whole: names that ``names`` has divided.
        low: lower end of a range, a dial, a length, or 0 and 1 for no and yes; None where open.
        high: upper end of a range; None where open.
        is_met: whether something can be done about it; no filter meets some wishes.
        is_by: whether songs of the artists named are wanted, not songs like theirs.
    """

    kind: PartKind
    first: int
    stop: int
    value: str
    names: tuple[str, ...] = ()
    whole: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None
    is_met: bool = True
    is_by: bool = False


@dataclass(frozen=True)
class Reading:
    """The tokens of a question, and which of them are taken.

    Attributes:
        text: of the question.
        tokens: of the text.
        words: vocabulary of the question's languages.
        taken: tokens that a finding has, or that are known to be filler.
        found: in the order in which the recognisers found them.
        hints: what else tokens may mean: where the name of an artist ends.
    """

    text: str
    tokens: tuple[Token, ...]
    words: Vocabulary
    taken: frozenset[int] = frozenset()
    found: tuple[Finding, ...] = ()
    hints: tuple[Finding, ...] = ()
    _at_hint: dict[int, Finding] = field(default_factory=dict[int, Finding], compare=False)

    def with_findings(self, findings: Iterable[Finding]) -> "Reading":
        """This reading with more findings, whose tokens are taken."""
        findings = tuple(findings)
        spans = (range(finding.first, finding.stop) for finding in findings)
        taken = self.taken.union(*spans)
        return replace(self, found=(*self.found, *findings), taken=taken)

    def with_filler(self, indexes: Iterable[int]) -> "Reading":
        """This reading with tokens that mean nothing."""
        return replace(self, taken=self.taken.union(indexes))

    def with_hints(self, hints: Iterable[Finding]) -> "Reading":
        """This reading with what tokens may mean."""
        hints = tuple(hints)
        return replace(self, hints=hints, _at_hint={hint.first: hint for hint in reversed(hints)})

    def hint(self, at: int) -> Finding | None:
        """What may begin at a token."""
        return self._at_hint.get(at)

    def is_free(self, at: int) -> bool:
        """Whether there is a token at ``at`` that is not taken."""
        return 0 <= at < len(self.tokens) and at not in self.taken

    def match(self, at: int, *roles: Role) -> int:
        """The token after the longest phrase of one of the roles at ``at``; 0 if none is there."""
        keys: list[str] = []
        stop = 0
        for index in range(at, min(at + MAX_PHRASE, len(self.tokens))):
            if index in self.taken or (keys and self.tokens[index].breaks):
                break
            keys.append(self.tokens[index].key)
            found = self.words.roles.get(tuple(keys))
            if found is not None and not found.isdisjoint(roles):
                stop = index + 1
        return stop

    def match_before(self, stop: int, *roles: Role) -> int | None:
        """The first token of the longest phrase of a role that ends before ``stop``, or None."""
        for first in range(max(0, stop - MAX_PHRASE), stop):
            if self.match_exactly(first, stop, *roles):
                return first
        return None

    def negation_before(self, stop: int) -> int | None:
        """The first token of a "no" that ends before ``stop``; None where it is part of filler."""
        first = self.match_before(stop, Role.NOT, Role.NOT_WEAK)
        filler = self.match_before(stop, Role.NOISE)
        is_filler = first is not None and filler is not None and filler < first
        return None if is_filler else first

    def match_exactly(self, first: int, stop: int, *roles: Role) -> bool:
        """Whether the free tokens from ``first`` to ``stop`` are a phrase of one of the roles."""
        tokens = self.tokens[first:stop]
        if any(index in self.taken for index in range(first, stop)):
            return False
        if any(token.breaks for token in tokens[1:]):
            return False
        found = self.words.roles.get(tuple(token.key for token in tokens), frozenset())
        return not found.isdisjoint(roles)

    def phrase(self, at: int) -> tuple[int, frozenset[Role]]:
        """The token after the longest phrase of any role at ``at``, and its roles."""
        stop = self.match(at, *Role)
        keys = tuple(token.key for token in self.tokens[at:stop])
        return (stop, self.words.roles[keys]) if stop else (at + 1, frozenset())

    def breaks(self, at: int) -> bool:
        """Whether a phrase ends before the token at ``at``."""
        return at >= len(self.tokens) or self.tokens[at].breaks

    def typed(self, first: int, stop: int) -> str:
        """The text from a token to another."""
        return self.text[self.tokens[first].start : self.tokens[stop - 1].end]


Recogniser = Callable[[Reading], list[Finding]]
"""Finds what it knows among the tokens that are free."""


def scan(reading: Reading, find: Callable[[Reading, int], Finding | None]) -> list[Finding]:
    """Findings of ``find`` at each free token, from left to right, without overlap."""
    findings: list[Finding] = []
    at = 0
    while at < len(reading.tokens):
        finding = find(reading, at) if reading.is_free(at) else None
        if finding is not None:
            findings.append(finding)
        at = finding.stop if finding is not None else at + 1
    return findings
