"""Read files of verdicts, and turn A and B into our list and the other by the key of the test."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from embeat_pipeline.evaluate.blind.pairs import PairSide
from embeat_serve.errors import UsageError

EQUAL = "equal"
FORM = (
    '{"test": id, "judge": who judges, "verdicts": '
    '[{"pair": id, "better": "A", "B" or "equal", "unfit": {"A": [1], "B": []}}]}'
)
MAX_JUDGE = 100
"""Characters of a judge's name at most."""


class Outcome(StrEnum):
    """How our list did in one pair."""

    WIN = "win"
    LOSS = "loss"
    TIE = "tie"


@dataclass(frozen=True)
class Verdict:
    """A judge's verdict on one pair, by what the judge saw."""

    better: PairSide | None
    """None: both are equal."""
    unfit: Mapping[PairSide, frozenset[int]]
    """Numbers of the songs that do not fit, from 1."""


@dataclass(frozen=True)
class Ballot:
    """The verdicts of one file."""

    test: str
    """Id of the blind test."""
    judge: str
    """Who judged, as the judge says: ``listener``, ``language model``."""
    file: str
    verdicts: Mapping[str, Verdict]
    """Pair -> verdict."""


@dataclass(frozen=True)
class PairOutcome:
    """A verdict on one pair, by whose lists they are."""

    outcome: Outcome
    unfit_ours: float
    """Songs of our list that do not fit."""
    unfit_other: float


def read_ballots(paths: Sequence[Path]) -> list[Ballot]:
    """Read files of verdicts, all on one blind test.

    Raises:
        UsageError: a file is missing, given twice, of another form or on another test.
    """
    ballots: list[Ballot] = []
    seen: set[Path] = set()
    for path in paths:
        if path.resolve() in seen:
            raise UsageError(f"{path} is given twice; expected each file of verdicts once")
        seen.add(path.resolve())
        ballots.append(read_ballot(path))
    for ballot in ballots[1:]:
        if ballot.test != ballots[0].test:
            raise UsageError(
                f"{ballots[0].file} is on blind test {ballots[0].test} and {ballot.file} on "
                f"{ballot.test}; expected files on one test: sum them up one test at a time"
            )
    return ballots


def read_ballot(path: Path) -> Ballot:
    """Read one file of verdicts.

    Raises:
        UsageError: it is missing or of another form.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError) as error:
        raise UsageError(f"cannot read {path} ({error}); expected {FORM}") from None
    if not isinstance(content, dict) or not isinstance(content.get("verdicts"), list):
        raise UsageError(f"{path} holds no verdicts; expected {FORM}")
    test, judge = (_text(content, name, str(path)) for name in ("test", "judge"))
    if len(judge) > MAX_JUDGE:
        raise UsageError(f"{path}: expected a judge in {MAX_JUDGE} letters, found {len(judge)}")
    verdicts: dict[str, Verdict] = {}
    for number, value in enumerate(content["verdicts"], start=1):
        place = f"{path}, verdict {number}"
        if not isinstance(value, dict):
            raise UsageError(f"{place}: expected an object, found {value!r}; see {FORM}")
        pair = _text(value, "pair", place)
        if pair in verdicts:
            raise UsageError(f"{place}: a second verdict on pair {pair}; expected one")
        verdicts[pair] = _verdict(value, place)
    if not verdicts:
        raise UsageError(f"{path} has no verdict; rate a pair on the page, then save again")
    return Ballot(test, judge, path.name, verdicts)


def unblind(ballot: Ballot, key: Mapping[str, Any]) -> dict[str, PairOutcome]:
    """Outcomes by pair.

    Args:
        ballot: on the test of the key.
        key: see ``files.key_content``.

    Raises:
        UsageError: a pair, or a song of one, is not in the test.
    """
    outcomes: dict[str, PairOutcome] = {}
    for pair, verdict in ballot.verdicts.items():
        if pair not in key["pairs"]:
            raise UsageError(
                f"{ballot.file}: blind test {ballot.test} has no pair {pair!r}; expected ids of "
                "its pairs.json"
            )
        entry = key["pairs"][pair]
        highest = max((0, *verdict.unfit[PairSide.A], *verdict.unfit[PairSide.B]))
        if highest > entry["songs"]:
            raise UsageError(
                f"{ballot.file}: pair {pair} has songs 1..{entry['songs']}, found {highest}"
            )
        ours = PairSide(entry["ours"])
        outcomes[pair] = PairOutcome(
            _outcome(verdict.better, ours),
            len(verdict.unfit[ours]),
            len(verdict.unfit[ours.opposite]),
        )
    return outcomes


def pool(outcomes: Sequence[PairOutcome]) -> PairOutcome:
    """One outcome of several on the same pair: the majority's, and means of the counts.

    Args:
        outcomes: one or more. Where as many say that ours is better as say worse, it is a tie.
    """
    said = [each.outcome for each in outcomes]
    lead = said.count(Outcome.WIN) - said.count(Outcome.LOSS)
    return PairOutcome(
        Outcome.WIN if lead > 0 else Outcome.LOSS if lead < 0 else Outcome.TIE,
        sum(each.unfit_ours for each in outcomes) / len(outcomes),
        sum(each.unfit_other for each in outcomes) / len(outcomes),
    )


def _outcome(better: PairSide | None, ours: PairSide) -> Outcome:
    if better is None:
        return Outcome.TIE
    return Outcome.WIN if better is ours else Outcome.LOSS


def _verdict(value: Mapping[str, Any], place: str) -> Verdict:
    better = value.get("better")
    if better not in (*PairSide, EQUAL):
        raise UsageError(f'{place}: expected "A", "B" or "equal" as better, found {better!r}')
    unfit = value.get("unfit") or {}
    if not isinstance(unfit, dict) or not set(unfit) <= set(PairSide):
        raise UsageError(f'{place}: expected {{"A": [], "B": []}} as unfit, found {unfit!r}')
    return Verdict(
        None if better == EQUAL else PairSide(better),
        {side: _numbers(unfit.get(side) or [], place) for side in PairSide},
    )


def _numbers(values: Any, place: str) -> frozenset[int]:
    is_list = isinstance(values, list)
    # True is an int to Python, but no number of a song.
    if not is_list or any(type(number) is not int or number < 1 for number in values):
        raise UsageError(f"{place}: expected numbers of songs from 1 as unfit, found {values!r}")
    return frozenset(values)


def _text(value: Mapping[str, Any], name: str, place: str) -> str:
    found = value.get(name)
    if not isinstance(found, str) or not found.split():
        raise UsageError(f"{place}: expected a text as {name!r}, found {found!r}; see {FORM}")
    return " ".join(found.split())
