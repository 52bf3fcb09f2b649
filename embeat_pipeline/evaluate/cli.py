"""``python -m embeat_pipeline evaluate``: measure, compare, print."""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from embeat_pipeline.settings import PipelineSettings
from embeat_serve.contract.lake import LakePaths
from embeat_serve.errors import UsageError
from embeat_serve.settings import Settings


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Flags of the command."""
    parser.add_argument(
        "--lake", type=Path, metavar="DIR", help="data lake (default: EMBEAT_LAKE or data_lake)"
    )
    parser.add_argument(
        "--playlists",
        type=Path,
        metavar="FILE",
        help="withheld playlists: ask the published release about them, and train nothing",
    )
    parser.add_argument(
        "--compare",
        nargs=2,
        metavar=("A", "B"),
        help="two releases or settings: a release's name, name=value,… or a preset",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="of split and queries")
    parser.add_argument(
        "--quick", action="store_true", help="200 queries, 1 and 5 seeds, the release alone"
    )


def run(arguments: argparse.Namespace) -> int:
    """Run the command; returns its exit status.

    Raises:
        EmbeatError: what was asked for cannot be measured.
    """
    if arguments.seed < 0:
        raise UsageError(f"--seed must be 0 or more, found {arguments.seed}")
    settings = Settings.from_environment()
    device = PipelineSettings.from_environment().device
    lake = LakePaths(arguments.lake) if arguments.lake else settings.lake
    from embeat_pipeline.common.file_lock import lake_lock

    if arguments.compare:
        from embeat_pipeline.evaluate.report.console import comparison_lines

        with lake_lock(lake):
            result = compare_sides(lake, arguments, device)
        _show(arguments, result, comparison_lines)
        return 0
    from embeat_pipeline.evaluate.evaluation import evaluate_withheld
    from embeat_pipeline.evaluate.options import EvaluationOptions
    from embeat_pipeline.evaluate.report.console import quality_lines, table_lines
    from embeat_pipeline.evaluate.report.store import evaluation_page, plain, run_evaluation

    options = EvaluationOptions(seed=arguments.seed, quick=arguments.quick)
    if arguments.playlists:
        result = plain(evaluate_withheld(lake, _withheld(lake, arguments.playlists), options))
        _show(arguments, result, table_lines)
        return 0
    with lake_lock(lake):
        result = run_evaluation(lake, options, device)
    _show(arguments, result, lambda found: [*table_lines(found), *quality_lines(found)])
    print(f"report: {evaluation_page(lake)}", file=sys.stderr)
    return 0


def compare_sides(lake: LakePaths, arguments: argparse.Namespace, device: str) -> dict[str, Any]:
    """Compare what ``--compare`` names, on the lake's test playlists or on ``--playlists``.

    Raises:
        UsageError: a side is neither a release nor settings.
        PipelineError: nothing can be asked about.
    """
    from embeat_pipeline.evaluate.compare import compare, parse_side
    from embeat_pipeline.evaluate.inputs.catalogue import read_catalogue
    from embeat_pipeline.evaluate.options import EvaluationOptions, ask_about
    from embeat_pipeline.evaluate.ranking_model.holdout_release import (
        HoldoutRelease,
        build_holdout_release,
        lake_playlists,
    )
    from embeat_pipeline.interactions.split import split_playlists

    options = EvaluationOptions(seed=arguments.seed, quick=arguments.quick).reduced()
    playlists = lake_playlists(lake)
    if arguments.playlists:
        twin = HoldoutRelease(lake, None)
        questions = ask_about(_withheld(lake, arguments.playlists), playlists, options)
    else:
        twin = build_holdout_release(lake, options.split, device)
        split = split_playlists(playlists, options.split)
        questions = ask_about(playlists.select(split.test), playlists.select(split.train), options)
    first, second = (
        parse_side(lake, text, twin, itself=bool(arguments.playlists)) for text in arguments.compare
    )
    return compare(first, second, questions, read_catalogue(lake), options)


def _withheld(lake: LakePaths, path: Path) -> Any:
    from embeat_pipeline.evaluate.external_playlists import read_withheld
    from embeat_pipeline.evaluate.inputs.catalogue import read_catalogue

    return read_withheld(path, read_catalogue(lake))


def _show(arguments: argparse.Namespace, found: dict[str, Any], lines: Any) -> None:
    if arguments.json:
        print(json.dumps(found, ensure_ascii=False, sort_keys=True))
    else:
        print("\n".join(lines(found)).lstrip("\n"))
