"""Read the command line: its flags, the settings and the request they stand for."""

import argparse
import json
import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn, cast

from embeat_serve.cli import filter_arguments
from embeat_serve.contract.schema import CHANNELS
from embeat_serve.errors import InvalidFeatures, UsageError
from embeat_serve.options import MAX_K, ORDERS, PRESETS, RecallOptions
from embeat_serve.settings import Settings

EPILOG = (
    "Exit status: 0 a list was printed; 2 wrong usage; 3 seed not found; 4 no published release, "
    "or its store cannot be reached. Errors are one line on stderr."
)

MAX_FEATURES_BYTES = 1 << 20
"""Largest file of features; those of one song are a few hundred bytes."""


class Parser(argparse.ArgumentParser):
    """Argument parser whose errors are one line and exit status 2."""

    def error(self, message: str) -> NoReturn:
        """Raise an error instead of printing the usage.

        Raises:
            UsageError: always.
        """
        raise UsageError(f"{message} (see --help)")


def build_parser() -> Parser:
    """The parser of the command line ``python -m embeat_serve``."""
    parser = Parser(
        prog="python -m embeat_serve",
        description="Music like a song, an artist, or a sound.",
        epilog=EPILOG,
    )
    _add_seed_flags(parser)
    _add_output_flags(parser)
    filter_arguments.add_to(parser)
    _add_retrieval_flags(parser)
    return parser


def _add_seed_flags(parser: argparse.ArgumentParser) -> None:
    seed = parser.add_argument_group("what it should be like (give one; --title goes with all)")
    seed.add_argument(
        "text",
        nargs="?",
        metavar="TEXT",
        help='"title - artist", either way round, or a question in words',
    )
    seed.add_argument(
        "-t",
        "--track",
        action="append",
        metavar="TRACK",
        help="track id, spotify:track:… or open.spotify.com URL; repeat for several",
    )
    seed.add_argument("-i", "--isrc", metavar="ISRC", help="International Standard Recording Code")
    seed.add_argument("-a", "--artist", metavar="NAME", help="artist, or a link to one")
    seed.add_argument(
        "--playlist", metavar="FILE", help="songs of a playlist: M3U, CSV, JSON, or lines of text"
    )
    seed.add_argument(
        "--features", metavar="FILE", help="JSON object of audio features; - reads stdin"
    )
    seed.add_argument(
        "--title",
        metavar="NAME",
        help='name of the list, such as "sunday morning jazz"; alone, or beside one of the others',
    )
    seed.add_argument(
        "--similarity", nargs=2, metavar=("A", "B"), help="how alike two songs sound, 0..1"
    )
    seed.add_argument(
        "--http",
        nargs="?",
        const="",
        metavar="HOST:PORT",
        help="serve the API and the page instead, at EMBEAT_HTTP_HOST and EMBEAT_HTTP_PORT "
        "(127.0.0.1:8765) where nothing is given; a PORT alone is for this machine only",
    )


def _add_output_flags(parser: argparse.ArgumentParser) -> None:
    output = parser.add_argument_group("what to print")
    output.add_argument("-k", type=int, metavar="N", help=f"songs, 1..{MAX_K} (20)")
    output.add_argument("--json", action="store_true", help="one JSON object")
    output.add_argument("--explain", action="store_true", help="say why each song is there")
    output.add_argument("--m3u", metavar="FILE", help="write a playlist, too")
    output.add_argument("--csv", metavar="FILE", help="write a CSV file, too")
    output.add_argument("--jspf", metavar="FILE", help="write a JSPF playlist, too")
    output.add_argument("--links", action="store_true", help="show links to open.spotify.com")


def _add_retrieval_flags(parser: argparse.ArgumentParser) -> None:
    retrieval = parser.add_argument_group("where and how to look")
    retrieval.add_argument("--lake", metavar="DIR", help="data lake (EMBEAT_LAKE, or data_lake)")
    retrieval.add_argument(
        "--preset", choices=PRESETS, help="set of recall settings (EMBEAT_PRESET, or default)"
    )
    retrieval.add_argument(
        "--channels", metavar="A,B", help=f"recall channels, of {', '.join(CHANNELS)}"
    )
    retrieval.add_argument(
        "--no-diversify", action="store_true", help="the ranking as it is, without list rules"
    )
    retrieval.add_argument(
        "--adventure", type=float, metavar="D", help="-1 familiar .. 1 adventurous (0)"
    )
    retrieval.add_argument("--hits", type=float, metavar="D", help="-1 hidden gems .. 1 hits (0)")
    retrieval.add_argument(
        "--order", choices=ORDERS, help="best first (score), or as a DJ would (harmonic)"
    )


def read_settings(arguments: argparse.Namespace) -> Settings:
    """The settings of the environment with those that the flags change.

    Raises:
        UsageError: a variable or a flag has a wrong value.
    """
    environment = dict(os.environ)
    if arguments.preset:
        environment["EMBEAT_PRESET"] = arguments.preset
    settings = Settings.from_environment(environment).with_overrides(lake=arguments.lake)
    return replace(settings, recall=_options(arguments, settings.recall))


def read_seed(arguments: argparse.Namespace) -> dict[str, Any]:
    """The one seed that the flags give, by the name of the parameter of ``recommend``.

    Raises:
        UsageError: there is none, or more than one.
        InvalidFeatures: the file of features is not one.
    """
    flags = {
        "text": arguments.text,
        "track_ids": arguments.track,
        "isrc": arguments.isrc,
        "artist": arguments.artist,
        "playlist": arguments.playlist,
        "features": arguments.features,
        "similarity": arguments.similarity,
        "http": arguments.http,
    }
    seed = {name: value for name, value in flags.items() if value is not None}
    title = {} if arguments.title is None else {"title": arguments.title}
    if len(seed) > 1 or not (seed or title):
        raise UsageError(
            "give one of TEXT, -t, -i, -a, --playlist, --features, --title, --similarity or "
            f"--http, found {' and '.join(seed) or 'none'} (see --help)"
        )
    if arguments.features is not None:
        seed["features"] = _features(arguments.features)
    if title and ("similarity" in seed or "http" in seed):
        raise UsageError("--title goes with a list, not with --similarity or --http (see --help)")
    return seed | title


def _options(arguments: argparse.Namespace, options: RecallOptions) -> RecallOptions:
    if arguments.channels is not None:
        names = tuple(name.strip() for name in arguments.channels.split(",") if name.strip())
        options = replace(options, channels=names)
    flags = {name: getattr(arguments, name) for name in ("adventure", "hits", "order")}
    options = replace(
        options, **{name: value for name, value in flags.items() if value is not None}
    )
    return replace(options, diversify=False) if arguments.no_diversify else options


def _features(path: str) -> dict[str, Any]:
    text = _read_text(path)
    if len(text) > MAX_FEATURES_BYTES:
        raise InvalidFeatures(f"{path} is too large for one song's features")
    try:
        features = json.loads(text)
    except (ValueError, RecursionError):
        raise InvalidFeatures(f"{path} holds no JSON object of audio features") from None
    if not isinstance(features, dict):
        raise InvalidFeatures(
            f"expected a JSON object of audio features in {path}, found {type(features).__name__}"
        )
    return cast(dict[str, Any], features)


def _read_text(path: str) -> str:
    """The beginning of a file, or of stdin for ``-``: one byte more than is allowed at most."""
    try:
        if path == "-":
            return sys.stdin.read(MAX_FEATURES_BYTES + 1)
        with Path(path).open(encoding="utf-8-sig") as file:
            return file.read(MAX_FEATURES_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "not UTF-8 text"
        raise UsageError(f"cannot read {path}: {reason}") from None
