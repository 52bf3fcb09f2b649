"""Sum up verdicts: how often our list is the better one, by judge, system and stratum."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from itertools import combinations
from typing import Any

import numpy as np

from embeat_pipeline.evaluate.blind.statistics import cohen_kappa, exact_share
from embeat_pipeline.evaluate.blind.verdicts import Ballot, Outcome, PairOutcome, pool, unblind
from embeat_pipeline.interactions import bootstrap

ALL = "all"
"""Name of all strata together."""


def summarise(ballots: Sequence[Ballot], key: Mapping[str, Any]) -> dict[str, Any]:
    """Sum up the verdicts on one blind test.

    Files whose ``judge`` is the same count as judges of one kind: a pair counts once, with the
    verdict of their majority, since verdicts on one pair are not independent. Kinds of judges
    are never mixed.

    Args:
        ballots: at least one, all on the test of the key.
        key: see ``files.key_content``.

    Returns:
        ``test``, ``release``, ``pairs`` (of the test); ``judges``: for each kind ``judge``,
        ``files`` and ``systems`` (system -> stratum or ``all`` -> see ``tally``); ``agreement``:
        see ``agreements``.

    Raises:
        UsageError: a verdict is on a pair or song that the test does not have.
    """
    outcomes = [unblind(ballot, key) for ballot in ballots]
    kinds: dict[str, list[int]] = defaultdict(list)
    for number, ballot in enumerate(ballots):
        kinds[ballot.judge].append(number)
    return {
        "test": key["test"],
        "release": key["release"],
        "pairs": len(key["pairs"]),
        "judges": [
            {
                "judge": judge,
                "files": [ballots[number].file for number in numbers],
                "systems": _by_system(_pooled([outcomes[number] for number in numbers]), key),
            }
            for judge, numbers in kinds.items()
        ],
        "agreement": [*agreements(ballots, outcomes)],
    }


def tally(outcomes: Sequence[PairOutcome]) -> dict[str, Any]:
    """Figures of one or more pairs.

    Returns:
        ``pairs``, ``wins``, ``losses``, ``ties`` of ours; ``decided``: share of wins among the
        pairs that are no tie, see ``statistics.Share``; ``unfit``: songs that do not fit in one
        list, of ``ours`` and ``other``, and their ``difference`` (ours minus other), as
        ``bootstrap.Interval`` over pairs.
    """
    said = [each.outcome for each in outcomes]
    wins, losses, ties = (said.count(kind) for kind in (Outcome.WIN, Outcome.LOSS, Outcome.TIE))
    ours = np.array([each.unfit_ours for each in outcomes], np.float64)
    other = np.array([each.unfit_other for each in outcomes], np.float64)
    unfit = bootstrap.intervals(np.stack([ours, other, ours - other]))
    return {
        "pairs": len(outcomes),
        "wins": wins,
        "losses": losses,
        "ties": ties,
        "decided": asdict(exact_share(wins, wins + losses)),
        "unfit": {
            name: asdict(interval)
            for name, interval in zip(("ours", "other", "difference"), unfit, strict=True)
        },
    }


def agreements(
    ballots: Sequence[Ballot], outcomes: Sequence[Mapping[str, PairOutcome]]
) -> Iterator[dict[str, Any]]:
    """How far every two files agree on the pairs that both have.

    Args:
        ballots: the files.
        outcomes: pair -> outcome of each file.

    Yields:
        ``first`` and ``second`` (``judge`` and ``file``); ``pairs`` that both have, ``agree``:
        those with the same verdict; ``share`` with its interval ``low`` to ``high``; ``kappa``:
        see ``statistics.cohen_kappa``.
    """
    for one, two in combinations(range(len(ballots)), 2):
        common = sorted(outcomes[one].keys() & outcomes[two].keys())
        first, second = ([outcomes[each][pair].outcome for pair in common] for each in (one, two))
        agree = sum(said == other for said, other in zip(first, second, strict=True))
        share = exact_share(agree, len(common))
        yield {
            "first": {"judge": ballots[one].judge, "file": ballots[one].file},
            "second": {"judge": ballots[two].judge, "file": ballots[two].file},
            "pairs": len(common),
            "agree": agree,
            "share": share.share,
            "low": share.low,
            "high": share.high,
            "kappa": cohen_kappa(first, second),
        }


def _pooled(outcomes: Sequence[Mapping[str, PairOutcome]]) -> dict[str, PairOutcome]:
    by_pair: dict[str, list[PairOutcome]] = defaultdict(list)
    for of_file in outcomes:
        for pair, outcome in of_file.items():
            by_pair[pair].append(outcome)
    return {pair: pool(several) for pair, several in sorted(by_pair.items())}


def _by_system(
    outcomes: Mapping[str, PairOutcome], key: Mapping[str, Any]
) -> dict[str, dict[str, Any]]:
    """System -> stratum -> figures; ``all`` comes first."""
    groups: dict[str, dict[str, list[PairOutcome]]] = {}
    for pair, outcome in outcomes.items():
        entry = key["pairs"][pair]
        strata = groups.setdefault(entry["system"], {ALL: []})
        strata[ALL].append(outcome)
        if entry["stratum"] is not None:
            strata.setdefault(_stratum_name(entry["stratum"]), []).append(outcome)
    return {
        system: {
            name: tally(strata[name])
            for name in sorted(strata, key=lambda name: (name != ALL, name))
        }
        for system, strata in sorted(groups.items())
    }


def _stratum_name(stratum: str) -> str:
    return f"stratum {ALL}" if stratum == ALL else stratum
