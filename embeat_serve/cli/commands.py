"""Do what a command line asks for: a list, a similarity, or a server.

Imports of the engine are inside the functions, so that a wrong flag is answered at once.
"""

import argparse
import shutil
import sys
from typing import TYPE_CHECKING, Any

from embeat_serve.cli import filter_arguments
from embeat_serve.cli.arguments import read_seed, read_settings
from embeat_serve.cli.output import complain, write_file
from embeat_serve.errors import UsageError

if TYPE_CHECKING:
    from embeat_serve.recommender import Recommender
    from embeat_serve.results import Recommendations

MAX_MISSING = 5
"""Most seeds that the complaint about missing ones names."""


def answer(arguments: argparse.Namespace) -> str:
    """The text that answers a command line.

    Raises:
        EmbeatError: the command line or the release cannot answer it.
    """
    from embeat_serve.recommender import Recommender

    seed = read_seed(arguments)
    recommender = Recommender(read_settings(arguments))
    if arguments.similarity:
        return _similarity(recommender, arguments)
    return _list(recommender, arguments, seed)


def serve(arguments: argparse.Namespace) -> int:
    """Serve over HTTP until a signal stops it; returns the exit status.

    Raises:
        UsageError: a setting is wrong, or a package is not installed.
    """
    read_seed(arguments)
    try:
        from embeat_serve.http.server import run as run_server
        from embeat_serve.http.settings import HttpSettings
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("embeat"):
            raise
        raise UsageError(
            f"--http needs the package {error.name}; run `pip install 'embeat[http]'`"
        ) from None
    http = HttpSettings.from_environment(arguments.http)
    return run_server(read_settings(arguments), http)


def _similarity(recommender: "Recommender", arguments: argparse.Namespace) -> str:
    from embeat_serve.export.tabular import to_json

    one, other = arguments.similarity
    similarity = recommender.similarity(one, other)
    if not arguments.json:
        return f"{similarity:.4f}\n"
    content = {"release": recommender.release, "a": one, "b": other}
    return to_json({**content, "similarity": round(similarity, 6)})


def _list(recommender: "Recommender", arguments: argparse.Namespace, seed: dict[str, Any]) -> str:
    from embeat_serve.cli.table import table
    from embeat_serve.export.tabular import to_json

    request: dict[str, Any] = {
        **seed,
        "dislikes": arguments.not_like or (),
        "filters": filter_arguments.read(arguments),
        "explain": arguments.explain,
    }
    if arguments.k is not None:
        request["k"] = arguments.k
    is_question = arguments.text is not None and arguments.title is None
    result = (recommender.ask if is_question else recommender.recommend)(**request)
    _complain_of_doubts(result)
    _write_files(result, arguments)
    if arguments.json:
        return to_json(result.to_dict())
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    return table(result, width, arguments.links)


def _complain_of_doubts(result: "Recommendations") -> None:
    """Say which seeds are missing, what the release lacks, and how an unclear seed was read."""
    from embeat_serve.cli.table import doubt
    from embeat_serve.export.labels import seeds_label

    if result.missing:
        shown = ", ".join(result.missing[:MAX_MISSING])
        others = len(result.missing) - MAX_MISSING
        complain(f"not in the catalogue: {shown}{f' and {others} more' if others > 0 else ''}")
    if result.title is not None and not result.title.is_known:
        complain(f"no playlist has a name like {result.title.text!r}, so the title says nothing")
    for note in result.notes:
        complain(note)
    if result.guessed or result.alternatives:
        complain(doubt(result))
    if result.understood is not None and result.understood.is_title_too:
        complain(f"taken for {seeds_label(result)}; as the name of a list, ask with --title")


def _write_files(result: "Recommendations", arguments: argparse.Namespace) -> None:
    from embeat_serve.export.playlists import jspf, m3u
    from embeat_serve.export.tabular import to_csv

    for path, write in ((arguments.m3u, m3u), (arguments.csv, to_csv), (arguments.jspf, jspf)):
        if path:
            write_file(path, write(result))
