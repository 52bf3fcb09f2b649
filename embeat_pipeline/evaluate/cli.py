"""The command ``python -m embeat_pipeline evaluate``: measure, compare, print."""

import argparse
import json
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from embeat_pipeline.settings import PipelineSettings
from embeat_serve.contract.lake import LakePaths
from embeat_serve.errors import NoRelease, UsageError
from embeat_serve.settings import Settings

if TYPE_CHECKING:
    from embeat_pipeline.evaluate.options import EvaluationOptions
    from embeat_pipeline.interactions.playlists import Playlists

WRITE_LISTS_OPTIONS = ("out", "system", "length")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments to its parser."""
    parser.add_argument(
        "--lake", type=Path, metavar="DIR", help="data lake (default: EMBEAT_LAKE or data_lake)"
    )
    parser.add_argument(
        "--playlists",
        type=Path,
        metavar="FILE",
        help="withheld playlists: ask the published release about them, and train nothing",
    )
    steps = parser.add_mutually_exclusive_group()
    steps.add_argument(
        "--compare",
        nargs=2,
        metavar=("A", "B"),
        help="two releases or settings: a release's name, name=value,… or a preset",
    )
    _add_blind_arguments(parser, steps)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument(
        "--seed", type=int, default=0, metavar="N", help="of split, queries and sides"
    )
    parser.add_argument(
        "--quick", action="store_true", help="200 queries, 1 and 5 seeds, the release alone"
    )


def _add_blind_arguments(
    parser: argparse.ArgumentParser, steps: argparse._MutuallyExclusiveGroup
) -> None:
    steps.add_argument(
        "--blind",
        type=Path,
        metavar="FILE",
        help="lists of another system: write a page on which people compare them with ours, blind",
    )
    steps.add_argument(
        "--verdicts",
        type=Path,
        nargs="+",
        metavar="FILE",
        help="sum up verdicts that judges saved from that page",
    )
    steps.add_argument(
        "--write-lists",
        type=Path,
        metavar="SEEDS",
        help="write lists in the form that --blind takes, for seeds of a file, one a line",
    )
    parser.add_argument("--out", type=Path, metavar="FILE", help="file that --write-lists writes")
    parser.add_argument(
        "--system",
        metavar="A",
        help="what --write-lists asks, as for --compare (default: the published release)",
    )
    parser.add_argument(
        "--length", type=int, metavar="N", help="songs of each list of --write-lists (default: 10)"
    )


def run(arguments: argparse.Namespace) -> int:
    """Run the command; returns its exit status.

    Raises:
        UsageError: an argument is not valid.
        EmbeatError: the lake cannot be evaluated.
    """
    if arguments.seed < 0:
        raise UsageError(f"--seed must be 0 or more, found {arguments.seed}")
    for name in WRITE_LISTS_OPTIONS:
        if getattr(arguments, name) is not None and not arguments.write_lists:
            raise UsageError(f"--{name} belongs to --write-lists SEEDS, which is not given")
    settings = Settings.from_environment()
    device = PipelineSettings.from_environment().device
    lake = LakePaths(arguments.lake) if arguments.lake else settings.lake
    if not lake.root.is_dir():
        # The lock would create it.
        raise NoRelease(
            f"no data lake at {lake.root}; run `python -m embeat_pipeline run --lake {lake.root}`"
        )
    if arguments.blind or arguments.verdicts or arguments.write_lists:
        from embeat_pipeline.evaluate.blind.command import run_blind

        _print(arguments, *run_blind(lake, arguments))
        return 0
    from embeat_pipeline.common.file_lock import lake_lock

    if arguments.compare:
        from embeat_pipeline.evaluate.report.console import comparison_lines

        with lake_lock(lake):
            result = compare_sides(lake, arguments, device)
        _print(arguments, result, comparison_lines)
        return 0
    from embeat_pipeline.evaluate.evaluation import evaluate_external
    from embeat_pipeline.evaluate.report.console import report_lines
    from embeat_pipeline.evaluate.report.store import (
        evaluate_lake,
        evaluation_page,
        to_json_values,
    )

    options = _options(arguments)
    if arguments.playlists:
        playlists = _external_playlists(lake, arguments.playlists)
        result = to_json_values(evaluate_external(lake, playlists, options))
        _print(arguments, result, report_lines)
        return 0
    with lake_lock(lake):
        result = evaluate_lake(lake, options, device)
    _print(arguments, result, report_lines)
    print(f"report: {evaluation_page(lake)}", file=sys.stderr)
    return 0


def compare_sides(lake: LakePaths, arguments: argparse.Namespace, device: str) -> dict[str, Any]:
    """Compare the sides of ``--compare`` on the lake's test playlists or on ``--playlists``.

    Raises:
        UsageError: a side is neither a release nor settings.
        PipelineError: no playlist has enough tracks to draw queries from.
    """
    from embeat_pipeline.evaluate.compare import compare, parse_side
    from embeat_pipeline.evaluate.holdout.release import HoldoutRelease, build_holdout_release
    from embeat_pipeline.evaluate.inputs.catalogue import read_catalogue
    from embeat_pipeline.evaluate.inputs.playlist_split import lake_playlists, load_split
    from embeat_pipeline.evaluate.options import sample_queries

    options = _options(arguments).reduced()
    if arguments.playlists:
        split, default = None, HoldoutRelease(lake, None)
        train = lake_playlists(lake)
        test = _external_playlists(lake, arguments.playlists)
    else:
        split, data = options.split, load_split(lake, options.split)
        default = build_holdout_release(lake, split, device)
        train, test = data.train, data.test
    queries = sample_queries(test, train, options)
    first, second = (parse_side(lake, text, default, split) for text in arguments.compare)
    return compare(first, second, queries, catalogue=read_catalogue(lake), options=options)


def _options(arguments: argparse.Namespace) -> "EvaluationOptions":
    from embeat_pipeline.evaluate.options import EvaluationMode, EvaluationOptions

    mode = EvaluationMode.QUICK if arguments.quick else EvaluationMode.FULL
    return EvaluationOptions(seed=arguments.seed, mode=mode)


def _external_playlists(lake: LakePaths, path: Path) -> "Playlists":
    from embeat_pipeline.evaluate.external_playlists import read_external_playlists
    from embeat_pipeline.evaluate.inputs.catalogue import read_catalogue

    return read_external_playlists(path, read_catalogue(lake))


def _print(
    arguments: argparse.Namespace,
    result: dict[str, Any],
    lines: Callable[[dict[str, Any]], Iterable[str]],
) -> None:
    if arguments.json:
        print(json.dumps(result, ensure_ascii=False, sort_keys=True))
    else:
        print("\n".join(lines(result)).lstrip("\n"))
