"""Write the generated parts of the docs: ``python docs/generate.py``, or ``make docs``.

``configuration.md`` lists every setting and every option of both command lines; ``data.md``
lists the columns of every table. A test fails while either is out of date.
"""

import argparse
import ast
import inspect
import textwrap
from collections.abc import Iterator
from dataclasses import MISSING, Field, fields
from pathlib import Path
from typing import Any

from embeat_pipeline.acoustic.config import TrainingConfig
from embeat_pipeline.cli import build_parser as pipeline_parser
from embeat_pipeline.common.schemas import COLUMNS
from embeat_pipeline.evaluate.options import EvaluationOptions
from embeat_pipeline.genres.config import GenreOptions
from embeat_pipeline.index.config import BuildOptions
from embeat_pipeline.playlists.config import NeighbourConfig, Track2VecConfig
from embeat_pipeline.playlists.titles.config import TitleConfig
from embeat_serve.cli.arguments import build_parser as serve_parser
from embeat_serve.filters.request import LIMITS, Filters
from embeat_serve.http.settings import HttpSettings
from embeat_serve.option_fields import bounds_of
from embeat_serve.options import RecallOptions
from embeat_serve.upstream_options import UpstreamOptions

DOCS = Path(__file__).parent
BEGIN = "<!-- generated: {} (make docs) -->"
END = "<!-- end -->"

ENVIRONMENT = {
    "EMBEAT_LAKE": ("`data_lake`", "the data lake"),
    "EMBEAT_PRESET": ("`default`", "recall settings to start from: `default` or `upstream`"),
    "EMBEAT_QDRANT_URL": ("unset: embedded", "a Qdrant server to serve from and to upload to"),
    "EMBEAT_QDRANT_API_KEY": ("unset", "its key"),
    "EMBEAT_QDRANT_CA": ("unset: the system's", "PEM file of the authorities to trust"),
    "EMBEAT_QDRANT_SHARDS": ("1", "shards of each collection that publishing makes"),
    "EMBEAT_QDRANT_REPLICAS": ("1", "copies of each shard"),
    "EMBEAT_DEVICE": ("`auto`", "`cpu` or `cuda` to insist; for training and encoding"),
    "EMBEAT_EXECUTOR": ("unset: processes here", "`module:name` of a Dagster executor"),
    "EMBEAT_FULL_BUILD": ("unset", "`1`: build the next release in full, not from the last one"),
    "EMBEAT_PUBLISH_WORSE": ("unset", "`1`: publish although the check before it has failed"),
}
"""Variable -> default, and what it is for. Settings with a class of their own come below."""


def main() -> None:
    """Write what is generated."""
    for path, text in pages().items():
        path.write_text(text, encoding="utf-8")


def pages() -> dict[Path, str]:
    """Path -> text of every page that is generated, wholly or in part."""
    data = DOCS / "data.md"
    before, rest = data.read_text(encoding="utf-8").split(BEGIN.format("tables"))
    after = rest.split(END, 1)[1]
    tables = "\n".join([BEGIN.format("tables"), "", *_tables(), END])
    return {
        DOCS / "configuration.md": "\n".join(_configuration()) + "\n",
        data: f"{before}{tables}{after}",
    }


def _tables() -> Iterator[str]:
    for table, columns in COLUMNS.items():
        yield f"### `{table}`"
        yield ""
        yield "| column | type | |"
        yield "|---|---|---|"
        for column in columns:
            yield f"| `{column.name}` | {_arrow_type(column.type)} | {column.description} |"
        yield ""


def _arrow_type(type: Any) -> str:
    return str(type).replace("element: ", "").replace("item: ", "")


def _configuration() -> Iterator[str]:
    yield "# Configuration"
    yield ""
    yield "This page is generated from the code: `make docs`."
    yield ""
    yield "## Environment"
    yield ""
    yield "| variable | default | |"
    yield "|---|---|---|"
    for name, (default, text) in ENVIRONMENT.items():
        yield f"| `{name}` | {default} | {text} |"
    yield ""
    yield "Each recall setting and each HTTP setting below has a variable, too."
    yield ""
    parsers = {"embeat_serve": serve_parser(), "embeat_pipeline": pipeline_parser()}
    for program, parser in parsers.items():
        yield from _options(f"python -m {program}", parser)
    yield from _settings(
        "Recall settings",
        RecallOptions,
        "Fields of `RecallOptions`; `options` of the HTTP API. Shares are fractions of the "
        "list's length.",
        "EMBEAT_",
    )
    yield from _settings(
        "Recall settings of the preset `upstream`",
        UpstreamOptions,
        "Used where the merge of the system that Embeat re-imagines is asked for.",
        "EMBEAT_",
    )
    yield from _settings("Filters", Filters, "Fields of `Filters`; `filters` of the HTTP API.")
    yield from _settings("HTTP server", HttpSettings, "", "EMBEAT_HTTP_")
    for title, kind in (
        ("Genres", GenreOptions),
        ("Encoder training", TrainingConfig),
        ("Track2Vec", Track2VecConfig),
        ("Neighbour lists", NeighbourConfig),
        ("Title model", TitleConfig),
        ("Index", BuildOptions),
        ("Evaluation", EvaluationOptions),
    ):
        yield from _settings(title, kind, f"Fields of `{kind.__name__}`, set from Python.")


def _options(program: str, parser: argparse.ArgumentParser, level: str = "##") -> Iterator[str]:
    yield f"{level} `{program}`"
    yield ""
    subcommands: dict[str, argparse.ArgumentParser] = {}
    rows = []
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            subcommands = dict(action.choices)
        elif not isinstance(action, argparse._HelpAction):
            rows.append(f"| {_flags(action)} | {_help(action)} |")
    if rows:
        yield "| option | |"
        yield "|---|---|"
        yield from rows
        yield ""
    for name, command in subcommands.items():
        yield from _options(f"{program} {name}", command, "###")


def _flags(action: argparse.Action) -> str:
    value = action.metavar if action.nargs != 0 else None
    values = " ".join(value) if isinstance(value, tuple) else value or ""
    if not value and action.choices:
        values = "{" + ",".join(map(str, action.choices)) + "}"
    names = action.option_strings or [str(action.metavar or action.dest)]
    shown = names if not action.option_strings else [f"{name} {values}".strip() for name in names]
    return ", ".join(f"`{name}`" for name in shown)


def _help(action: argparse.Action) -> str:
    return (action.help or "").replace("|", "\\|").replace("%%", "%")


def _settings(title: str, kind: type, text: str, prefix: str = "") -> Iterator[str]:
    yield f"## {title}"
    yield ""
    if text:
        yield text
        yield ""
    described = descriptions(kind)
    variable = "| variable " if prefix else ""
    yield f"| setting {variable}| default | range | |"
    yield "|---" * (5 if prefix else 4) + "|"
    for item in fields(kind):
        if item.name == "upstream":
            continue
        name = f"| `{prefix}{item.name.upper()}` " if prefix else ""
        text = " ".join(described.get(item.name, "").split()).replace("|", "\\|")
        yield f"| `{item.name}` {name}| {_default(item)} | {_range(kind, item)} | {text} |"
    yield ""


def descriptions(kind: type) -> dict[str, str]:
    """Field -> its docstring, or its line under ``Attributes:`` of the class's docstring."""
    tree = ast.parse(textwrap.dedent(inspect.getsource(kind))).body[0]
    if not isinstance(tree, ast.ClassDef):
        raise TypeError(f"{kind} is no class")
    found = _attributes(ast.get_docstring(tree) or "")
    for node, following in zip(tree.body, tree.body[1:], strict=False):
        if (
            isinstance(node, ast.AnnAssign)
            and isinstance(node.target, ast.Name)
            and isinstance(following, ast.Expr)
            and isinstance(following.value, ast.Constant)
        ):
            found[node.target.id] = str(following.value.value)
    return found


def _attributes(docstring: str) -> dict[str, str]:
    found: dict[str, str] = {}
    name = ""
    for line in docstring.partition("Attributes:")[2].splitlines():
        if line.startswith("    ") and not line.startswith("     ") and ":" in line:
            name, _, text = line.strip().partition(":")
            found[name] = text.strip()
        elif line.startswith("     ") and name:
            found[name] += " " + line.strip()
        elif line.strip():
            break
    return found


def _default(item: Field[Any]) -> str:
    if item.default is not MISSING:
        value = item.default
    elif item.default_factory is not MISSING:
        value = item.default_factory()
    else:
        return "required"
    if isinstance(value, tuple):
        value = ", ".join(map(str, value))
    return "unset" if value is None or value == "" else f"`{value}`"


def _range(kind: type, item: Field[Any]) -> str:
    if isinstance(item.default, bool):
        return "true, false"
    if kind is Filters and (limits := LIMITS.get(item.name.rpartition("_")[0])):
        return f"{limits[0]:g} to {limits[1]:g}"
    if kind in (RecallOptions, UpstreamOptions) and isinstance(item.default, int | float):
        low, high = bounds_of(item)
        return f"{low:g} to {high:g}"
    return ""


if __name__ == "__main__":
    main()
