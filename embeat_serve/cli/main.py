"""The command line: ``python -m embeat_serve "晴天 - Jay Chou"``.

Exit status: 0 a list was printed; 2 wrong usage; 3 seed not found; 4 nothing to ask. Errors
are one line on stderr.
"""

import argparse
import json
import os
import shutil
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

from embeat_serve.cli import filter_arguments as filter_flags
from embeat_serve.contract.schema import CHANNELS
from embeat_serve.errors import EmbeatError, InvalidFeatures, SeedNotFound, UsageError
from embeat_serve.options import MAX_K, ORDERS, PRESETS, RecallOptions
from embeat_serve.settings import Settings

PROGRAM = "embeat"

MAX_FEATURES_BYTES = 1 << 20
"""A file of one song's features is a few hundred bytes."""


class Parser(argparse.ArgumentParser):
    """Argument parser whose errors are ours: one line, exit status 2."""

    def error(self, message: str) -> NoReturn:
        """Raise instead of printing the usage.

        Raises:
            UsageError: always.
        """
        raise UsageError(f"{message} (see --help)")


def parser() -> Parser:
    """Flags of the command line."""
    flags = Parser(
        prog="python -m embeat_serve",
        description="Music like a song, an artist, or a sound.",
        epilog=__doc__.split("\n\n")[1] if __doc__ else None,
    )
    seed = flags.add_argument_group("what it should be like (give one)")
    seed.add_argument("text", nargs="?", metavar="TEXT", help='"title - artist", either way round')
    seed.add_argument(
        "-t",
        "--track",
        action="append",
        metavar="TRACK",
        help="track id, spotify:track:… or open.spotify.com URL; repeat for several",
    )
    seed.add_argument("-i", "--isrc", metavar="ISRC")
    seed.add_argument("-a", "--artist", metavar="NAME")
    seed.add_argument(
        "--playlist", metavar="FILE", help="songs of a playlist: M3U, CSV, JSON, or lines of text"
    )
    seed.add_argument(
        "--features", metavar="FILE", help="JSON object of audio features; - reads stdin"
    )
    seed.add_argument(
        "--similarity", nargs=2, metavar=("A", "B"), help="how alike two songs sound, 0..1"
    )
    seed.add_argument(
        "--http",
        nargs="?",
        const="",
        metavar="HOST:PORT",
        help="serve the API and the page instead, on this machine only where no HOST is given "
        "(127.0.0.1:8765)",
    )
    wanted = flags.add_argument_group("what to print")
    wanted.add_argument("-k", type=int, default=20, metavar="N", help=f"songs, 1..{MAX_K} (20)")
    wanted.add_argument("--json", action="store_true", help="one JSON object")
    wanted.add_argument("--explain", action="store_true", help="say why each song is there")
    wanted.add_argument("--m3u", metavar="FILE", help="write a playlist, too")
    wanted.add_argument("--csv", metavar="FILE", help="write a CSV file, too")
    wanted.add_argument("--jspf", metavar="FILE", help="write a JSPF playlist, too")
    wanted.add_argument("--links", action="store_true", help="show links to open.spotify.com")
    filter_flags.add_to(flags)
    where = flags.add_argument_group("where and how to look")
    where.add_argument("--lake", metavar="DIR", help="data lake (EMBEAT_LAKE, or data_lake)")
    where.add_argument(
        "--preset", choices=PRESETS, help="set of recall settings (EMBEAT_PRESET, or default)"
    )
    where.add_argument(
        "--channels", metavar="A,B", help=f"recall channels, of {', '.join(CHANNELS)}"
    )
    where.add_argument(
        "--no-diversify", action="store_true", help="the ranking as it is, without list rules"
    )
    where.add_argument(
        "--adventure", type=float, metavar="D", help="-1 familiar .. 1 adventurous (0)"
    )
    where.add_argument("--hits", type=float, metavar="D", help="-1 hidden gems .. 1 hits (0)")
    where.add_argument(
        "--order", choices=ORDERS, help="best first (score), or as a DJ would (harmonic)"
    )
    return flags


def run(arguments: argparse.Namespace) -> str:
    """Do what the command line asks; returns what to print.

    Raises:
        EmbeatError: anything a user can see.
    """
    from embeat_serve.cli.table import doubt, table
    from embeat_serve.export.playlists import jspf, m3u
    from embeat_serve.export.tabular import to_csv, to_json
    from embeat_serve.recommender import Recommender

    question = _question(arguments)
    recommender = Recommender(_settings(arguments))
    if arguments.similarity:
        one, other = arguments.similarity
        similarity = recommender.similarity(one, other)
        if arguments.json:
            content = {"release": recommender.release, "a": one, "b": other}
            return to_json({**content, "similarity": round(similarity, 6)})
        return f"{similarity:.4f}\n"
    answer = recommender.recommend(
        **question,
        k=arguments.k,
        dislikes=arguments.not_like or (),
        filters=filter_flags.read(arguments),
        explain=arguments.explain,
    )
    if answer.missing:
        shown = ", ".join(answer.missing[:5])
        more = f" and {len(answer.missing) - 5} more" if len(answer.missing) > 5 else ""
        _complain(f"not in the catalogue: {shown}{more}")
    if answer.guessed or answer.alternatives:
        _complain(doubt(answer))
    if arguments.m3u:
        _write(arguments.m3u, m3u(answer))
    if arguments.csv:
        _write(arguments.csv, to_csv(answer))
    if arguments.jspf:
        _write(arguments.jspf, jspf(answer))
    if arguments.json:
        return to_json(answer.to_dict())
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    return table(answer, width, arguments.links)


def serve(arguments: argparse.Namespace) -> int:
    """Serve over HTTP until told to stop; returns the exit status.

    Raises:
        UsageError: a setting is wrong, or the packages that it takes are not there.
    """
    _question(arguments)
    try:
        from embeat_serve.http.server import run as run_server
        from embeat_serve.http.settings import DEFAULT_ADDRESS, HttpSettings
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("embeat"):
            raise
        raise UsageError(
            f"--http needs the package {error.name}; run `pip install 'embeat[http]'`"
        ) from None
    http = HttpSettings.from_environment(arguments.http or DEFAULT_ADDRESS)
    return run_server(_settings(arguments), http)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit status."""
    try:
        arguments = parser().parse_args(argv)
        if arguments.http is not None:
            return serve(arguments)
        text = run(arguments)
    except SeedNotFound as error:
        meant = f"; did you mean: {', '.join(error.suggestions)}?" if error.suggestions else ""
        _complain(f"{error}{meant}")
        return error.exit_status
    except EmbeatError as error:
        _complain(str(error))
        return error.exit_status
    except KeyboardInterrupt:
        return 130
    return _print(text)


def _settings(arguments: argparse.Namespace) -> Settings:
    environment = dict(os.environ)
    if arguments.preset:
        environment["EMBEAT_PRESET"] = arguments.preset
    settings = Settings.from_environment(environment).with_overrides(lake=arguments.lake)
    return replace(settings, recall=_options(arguments, settings.recall))


def _question(arguments: argparse.Namespace) -> dict[str, Any]:
    given = {
        "text": arguments.text,
        "track_ids": arguments.track,
        "isrc": arguments.isrc,
        "artist": arguments.artist,
        "playlist": arguments.playlist,
        "features": arguments.features,
        "similarity": arguments.similarity,
        "http": arguments.http,
    }
    given = {name: value for name, value in given.items() if value is not None}
    if len(given) != 1:
        raise UsageError(
            "give one of TEXT, -t, -i, -a, --playlist, --features, --similarity or --http, "
            f"found {' and '.join(given) or 'none'} (see --help)"
        )
    if arguments.features is not None:
        given["features"] = _features(arguments.features)
    return given


def _options(arguments: argparse.Namespace, options: RecallOptions) -> RecallOptions:
    if arguments.channels is not None:
        names = tuple(name.strip() for name in arguments.channels.split(",") if name.strip())
        options = replace(options, channels=names)
    dials = {name: getattr(arguments, name) for name in ("adventure", "hits", "order")}
    options = replace(options, **{name: dial for name, dial in dials.items() if dial is not None})
    return replace(options, diversify=False) if arguments.no_diversify else options


def _features(path: str) -> dict[str, Any]:
    try:
        if path == "-":
            text = sys.stdin.read(MAX_FEATURES_BYTES + 1)
        else:
            with Path(path).open(encoding="utf-8-sig") as file:
                text = file.read(MAX_FEATURES_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "not UTF-8 text"
        raise UsageError(f"cannot read {path}: {reason}") from None
    if len(text) > MAX_FEATURES_BYTES:
        raise InvalidFeatures(f"{path} is too large for one song's features")
    try:
        features = json.loads(text)
    except (ValueError, RecursionError):
        raise InvalidFeatures(f"{path} holds no JSON object of audio features") from None
    if not isinstance(features, dict):
        found = type(features).__name__
        raise InvalidFeatures(f"expected a JSON object of audio features in {path}, found {found}")
    return features


def _write(path: str, text: str) -> None:
    try:
        Path(path).write_text(text, encoding="utf-8", newline="")
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise UsageError(f"cannot write {path}: {reason}") from None


def _print(text: str) -> int:
    try:
        # A terminal that cannot show a title still shows the rest.
        if hasattr(sys.stdout, "reconfigure"):
            sys.stdout.reconfigure(errors="replace")  # type: ignore[union-attr]
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        # Whoever read has seen enough; Python would complain once more when it exits.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except OSError as error:
        _complain(f"cannot write the answer: {error.strerror}")
        return UsageError.exit_status
    return 0


def _complain(message: str) -> None:
    print(f"{PROGRAM}: {' '.join(message.split())}", file=sys.stderr)
