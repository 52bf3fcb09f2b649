"""Steps of blind tests that ``evaluate`` offers: make one, sum up verdicts, write lists."""

import argparse
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from embeat_pipeline.evaluate.blind.console import blind_test_lines, summary_lines
from embeat_pipeline.evaluate.blind.files import read_key, write_blind_test
from embeat_pipeline.evaluate.blind.lists import write_lists
from embeat_pipeline.evaluate.blind.pairs import examples, make_blind_test, skip_lines
from embeat_pipeline.evaluate.blind.records import read_lists
from embeat_pipeline.evaluate.blind.summary import summarise
from embeat_pipeline.evaluate.blind.verdicts import read_ballots
from embeat_serve.contract.lake import LakePaths
from embeat_serve.errors import UsageError
from embeat_serve.recommender import check_k

LENGTH = 10
"""Songs of the lists that ``--write-lists`` writes: as many as people read twice."""

Lines = Callable[[Mapping[str, Any]], Iterable[str]]


def run_blind(lake: LakePaths, arguments: argparse.Namespace) -> tuple[dict[str, Any], Lines]:
    """Run the step that the arguments name.

    Returns:
        What came out, as JSON values, and the function that formats it as lines.

    Raises:
        UsageError: an argument or a file is wrong.
        Unavailable: the release cannot be read.
    """
    if arguments.blind:
        return make_test(lake, arguments), blind_test_lines
    if arguments.verdicts:
        ballots = read_ballots(arguments.verdicts)
        return summarise(ballots, read_key(lake, ballots[0].test)), summary_lines
    if arguments.out is None:
        raise UsageError(
            "--write-lists needs --out FILE, found none: `python -m embeat_pipeline evaluate "
            f"--write-lists {arguments.write_lists} --out lists.jsonl`"
        )
    length = check_k(LENGTH if arguments.length is None else arguments.length)
    result = write_lists(
        lake, arguments.write_lists, arguments.out, system=arguments.system, length=length
    )
    return result, _list_lines


def make_test(lake: LakePaths, arguments: argparse.Namespace) -> dict[str, Any]:
    """Make a blind test of ``--blind FILE``.

    Returns:
        ``test`` (its id), ``release``, ``pairs`` (their number), ``skipped`` (phrases) and
        ``files``: see ``files.write_blind_test``.
    """
    test = make_blind_test(lake, read_lists(arguments.blind), arguments.seed)
    paths = write_blind_test(lake, test)
    return {
        "test": test.id,
        "release": test.release,
        "pairs": len(test.pairs),
        "skipped": skip_lines(test.skipped),
        "files": {name: str(path) for name, path in paths.items()},
    }


def _list_lines(result: Mapping[str, Any]) -> Iterator[str]:
    yield f"{result['lists']} lists in {result['file']}"
    if missing := result["missing"]:
        seeds = "seed that is" if len(missing) == 1 else "seeds that are"
        yield f"left out: {len(missing)} {seeds} no song of the release ({examples(missing)})"
