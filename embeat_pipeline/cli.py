"""The pipeline's command line: ``python -m embeat_pipeline COMMAND``.

Here belong arguments, exit statuses and messages. Every command imports what it needs when it
runs, so that ``--help`` and a typo answer at once.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from embeat_pipeline.evaluate import cli as command
from embeat_pipeline.settings import PipelineSettings
from embeat_pipeline.stages import STAGES
from embeat_serve.contract.lake import LakePaths
from embeat_serve.errors import EmbeatError, UsageError
from embeat_serve.settings import Settings

DEMO_SONG = "晴天 - Jay Chou"
DEFAULT_TRACKS = 20_000
DEFAULT_PLAYLISTS = 2_000
DEFAULT_PORT = 3000


class Parser(argparse.ArgumentParser):
    """Reports wrong arguments like every other error."""

    def error(self, message: str) -> NoReturn:
        """Raise ``UsageError`` instead of printing the usage and leaving."""
        raise UsageError(f"{message} (see {self.prog} --help)")


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit status.

    0 done; 1 a stage failed; 2 wrong usage or an unusable dump; 130 interrupted.
    """
    try:
        arguments = build_parser().parse_args(argv)
        return arguments.command(arguments) or 0
    except EmbeatError as error:
        print(f"embeat: {' '.join(str(error).split())}", file=sys.stderr)
        return error.exit_status
    except KeyboardInterrupt:
        return 130


def build_parser() -> Parser:
    """The commands and their options."""
    parser = Parser(prog="python -m embeat_pipeline", description="Raw dumps to a music release.")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")

    sample = commands.add_parser("sample", help="write a made-up dump")
    sample.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder to write to")
    sample.add_argument(
        "--tracks", type=int, default=DEFAULT_TRACKS, metavar="N", help="number of tracks"
    )
    sample.add_argument(
        "--playlists", type=int, default=DEFAULT_PLAYLISTS, metavar="M", help="number of playlists"
    )
    sample.add_argument(
        "--seed", type=int, default=0, metavar="S", help="seed: the same seed writes the same dump"
    )
    sample.set_defaults(command=_sample)

    run = commands.add_parser("run", help="run the pipeline on a dump")
    run.add_argument("--raw", type=Path, metavar="DIR", help="the dump (default: LAKE/raw)")
    _add_lake(run)
    run.add_argument(
        "--select",
        nargs="+",
        default=STAGES,
        metavar="STAGE",
        help=f"only these stages: {' '.join(STAGES)}",
    )
    run.set_defaults(command=_run)

    rollback = commands.add_parser("rollback", help="serve the release before this one again")
    _add_lake(rollback)
    rollback.set_defaults(command=_rollback)

    evaluate = commands.add_parser("evaluate", help="measure how good the lists are")
    command.add_arguments(evaluate)
    evaluate.set_defaults(command=command.run)

    ui = commands.add_parser("ui", help="Dagster UI on this pipeline")
    ui.add_argument("--port", type=int, default=DEFAULT_PORT, metavar="N", help="default: 3000")
    ui.set_defaults(command=_ui)

    demo = commands.add_parser("demo", help="sample dump, whole pipeline, then a recommendation")
    _add_lake(demo)
    demo.set_defaults(command=_demo)
    return parser


def _add_lake(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--lake", type=Path, metavar="DIR", help="data lake (default: EMBEAT_LAKE or data_lake)"
    )


def _lake(arguments: argparse.Namespace, settings: Settings) -> LakePaths:
    return LakePaths(arguments.lake) if arguments.lake else settings.lake


def _sample(arguments: argparse.Namespace) -> None:
    from embeat_pipeline.synthetic.write import write_sample

    written = write_sample(
        arguments.out,
        tracks=arguments.tracks,
        playlists=arguments.playlists,
        seed=arguments.seed,
    )
    print(
        f"Wrote {written['tracks']:,} tracks and {written['playlists']:,} playlists. "
        f"Try: python -m embeat_pipeline run --raw {arguments.out}"
    )


def _run(arguments: argparse.Namespace) -> None:
    unknown = [stage for stage in arguments.select if stage not in STAGES]
    if unknown:
        raise UsageError(f"unknown stage {', '.join(unknown)}; choose from {', '.join(STAGES)}")
    settings = Settings.from_environment()
    device = PipelineSettings.from_environment().device
    from embeat_pipeline.execution.runner import published_line, run_pipeline

    lake = _lake(arguments, settings)
    run_pipeline(lake, raw=arguments.raw, stages=arguments.select, device=device)
    print(published_line(lake))


def _rollback(arguments: argparse.Namespace) -> None:
    from embeat_pipeline.execution.runner import published_line
    from embeat_pipeline.index.publish import rollback

    settings = Settings.from_environment()
    lake = _lake(arguments, settings)
    release = rollback(lake)["release"]
    if settings.qdrant_url:
        from embeat_pipeline.index.qdrant_upload import UploadOptions, upload_to_server

        options = UploadOptions.of(PipelineSettings.from_environment())
        upload_to_server(lake, release, settings, options=options)
    print(published_line(lake))


def _demo(arguments: argparse.Namespace) -> int:
    settings = Settings.from_environment()
    from embeat_pipeline.execution.runner import published_line, run_pipeline
    from embeat_pipeline.orchestration.sensors import raw_digest
    from embeat_pipeline.synthetic.write import write_sample
    from embeat_serve.cli.main import main as recommend

    lake = _lake(arguments, settings)
    if raw_digest(lake.raw) is None:
        print(f"Writing a made-up dump of {DEFAULT_TRACKS:,} tracks to {lake.raw}")
        write_sample(lake.raw, tracks=DEFAULT_TRACKS, playlists=DEFAULT_PLAYLISTS, seed=0)
    run_pipeline(lake, device=PipelineSettings.from_environment().device)
    print(published_line(lake), end="\n\n", flush=True)
    return recommend(["--lake", str(lake.root), DEMO_SONG])


def _ui(arguments: argparse.Namespace) -> NoReturn:
    from embeat_pipeline.execution.ui import serve_ui

    serve_ui(Settings.from_environment().lake, arguments.port)
