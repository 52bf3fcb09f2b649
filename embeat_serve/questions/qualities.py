"""Find what songs shall be in fixed phrases: explicit, instrumental, slow, energetic, popular.

A word of mood that people also search for in names of playlists ("calm", "chill", "relaxing",
"party", "upbeat") is no filter: it stays among the words. A filter is set by words that say how
loud, fast or energetic a song is, and nothing else: "quiet", "loud", "low energy", "slow". Words
that have another meaning before other words ("slow dance", "clean house") are filters only where
nothing, filler, or something understood follows.
"""

from collections.abc import Mapping
from typing import NamedTuple

from embeat_serve.questions.question import PartKind
from embeat_serve.questions.reading import Finding, Reading, scan
from embeat_serve.questions.tokens import number_of
from embeat_serve.questions.vocabulary import Role

SLOW_TEMPO = 90
FAST_TEMPO = 130
"""Beats per minute up to which a song is slow, and from which on it is fast."""

LOW_ENERGY = 0.4
HIGH_ENERGY = 0.7
"""Energy up to which a song is quiet, and from which on it is energetic."""


class Quality(NamedTuple):
    """What a phrase of a role says."""

    kind: PartKind
    value: str
    low: float | None = None
    high: float | None = None


QUALITIES: Mapping[Role, Quality] = {
    Role.CLEAN: Quality(PartKind.EXPLICIT, "−", low=0),
    Role.INSTRUMENTAL: Quality(PartKind.INSTRUMENTAL, "instrumental", low=1),
    Role.OBSCURE: Quality(PartKind.POPULARITY, "−1", low=-1),
    Role.LESS_KNOWN: Quality(PartKind.POPULARITY, "−0.5", low=-0.5),
    Role.NOT_SLOW: Quality(PartKind.TEMPO, f"≥ {SLOW_TEMPO} bpm", low=SLOW_TEMPO),
    Role.NOT_FAST: Quality(PartKind.TEMPO, f"≤ {FAST_TEMPO} bpm", high=FAST_TEMPO),
    Role.LOW_ENERGY: Quality(PartKind.ENERGY, f"≤ {LOW_ENERGY}", high=LOW_ENERGY),
    Role.HIGH_ENERGY: Quality(PartKind.ENERGY, f"≥ {HIGH_ENERGY}", low=HIGH_ENERGY),
    Role.MOST_POPULAR: Quality(PartKind.POPULARITY, "+1", low=1),
    Role.POPULAR: Quality(PartKind.POPULARITY, "+0.5", low=0.5),
    Role.EXPLICIT: Quality(PartKind.EXPLICIT, "+", low=1),
    Role.SLOW: Quality(PartKind.TEMPO, f"≤ {SLOW_TEMPO} bpm", high=SLOW_TEMPO),
    Role.FAST: Quality(PartKind.TEMPO, f"≥ {FAST_TEMPO} bpm", low=FAST_TEMPO),
}
"""Role -> what its phrases say; the longest phrase counts, of equal ones the first role."""


def find_qualities(reading: Reading) -> list[Finding]:
    """Find phrases of ``QUALITIES``."""
    return scan(reading, _quality_at)


def find_top(reading: Reading) -> list[Finding]:
    """Find "top" before a number of songs, which has been taken."""
    lengths = {finding.first for finding in reading.found if finding.kind is PartKind.LENGTH}
    return [
        Finding(PartKind.POPULARITY, at, at + 1, "+1", low=1)
        for at, token in enumerate(reading.tokens)
        if token.key == "top"
        and reading.is_free(at)
        and (at + 1 in lengths or _is_number(reading, at + 1))
    ]


def _is_number(reading: Reading, at: int) -> bool:
    return reading.is_free(at) and number_of(reading.tokens[at]) is not None


def _quality_at(reading: Reading, at: int) -> Finding | None:
    stop = reading.match(at, *QUALITIES)
    # A longer phrase of another role means something else: "no hits by", "unknown pleasures".
    if not stop or reading.phrase(at)[0] > stop:
        return None
    role = next(role for role in QUALITIES if reading.match_exactly(at, stop, role))
    if (
        stop == at + 1
        and role in (Role.SLOW, Role.FAST, Role.CLEAN)
        and is_part_of_name(reading, at)
    ):
        return None
    quality = QUALITIES[role]
    return Finding(quality.kind, at, stop, quality.value, low=quality.low, high=quality.high)


def is_part_of_name(reading: Reading, at: int) -> bool:
    """Whether an adjective at ``at`` belongs to a capitalised word after it: "Fast Eddie"."""
    after = at + 1
    if not reading.is_free(after) or reading.breaks(after) or reading.tokens[after].is_caseless:
        return False
    token = reading.tokens[after]
    is_known = bool(reading.phrase(after)[1]) or reading.hint(after) is not None
    is_number = number_of(token) is not None
    return not is_known and (
        is_number or (token.text[0].isupper() and not reading.tokens[at].is_small)
    )
