"""What the docs say is true: commands parse, links lead somewhere, generated pages are current."""

import importlib.util
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from embeat_pipeline.cli import build_parser as pipeline_parser
from embeat_serve.cli.arguments import build_parser as serve_parser
from embeat_serve.cli.main import main as recommend
from embeat_serve.contract.lake import LakePaths
from embeat_serve.errors import UsageError

REPOSITORY = Path(__file__).resolve().parents[2]
PAGES = [
    REPOSITORY / "README.md",
    REPOSITORY / "ARCHITECTURE.md",
    *sorted((REPOSITORY / "docs").rglob("*.md")),
]
SOURCES = [
    path
    for package in ("embeat_serve", "embeat_pipeline")
    for path in sorted((REPOSITORY / package).rglob("*.py"))
]
PARSERS = {"embeat_serve": serve_parser, "embeat_pipeline": pipeline_parser}
COMMAND = re.compile(r"python -m (embeat_serve|embeat_pipeline)\b([^`\n#]*)")
MODULE_PATH = re.compile(r"`([a-z_0-9]+(?:/[a-z_0-9]+)*\.(?:py|sql|toml))`")
LINK = re.compile(r"\]\(([^)\s]+)\)")
ROW = re.compile(r"^\d+ +\S.* {2}\S.* {2}(?:[a-z_]+ \d\.\d\d ?)+ +\d\.\d{3}$")


def named(paths: list[Path]) -> list:
    return [pytest.param(path, id=str(path.relative_to(REPOSITORY))) for path in paths]


def generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate", REPOSITORY / "docs" / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_generated_pages_are_current() -> None:
    for path, text in generator().pages().items():
        assert path.read_text(encoding="utf-8") == text, f"run `make docs`: {path.name} is old"


def test_every_option_and_setting_is_described() -> None:
    lines = (REPOSITORY / "docs" / "configuration.md").read_text(encoding="utf-8").splitlines()
    rows = [line for line in lines if line.startswith("| `")]
    assert len(rows) > 150
    assert not [line for line in rows if line.rstrip(" |").endswith("|") or line.endswith("|  |")]


def test_every_environment_variable_is_listed() -> None:
    page = (REPOSITORY / "docs" / "configuration.md").read_text(encoding="utf-8")
    used = {
        name
        for path in SOURCES
        for name in re.findall(r"\"(EMBEAT_[A-Z_]+[A-Z])\b", path.read_text(encoding="utf-8"))
    }
    assert "EMBEAT_FULL_BUILD" in used
    assert not {name for name in used if f"`{name}`" not in page}


def commands(page: Path) -> Iterator[tuple[str, str]]:
    for program, arguments in COMMAND.findall(page.read_text(encoding="utf-8")):
        yield program, re.sub(r"\s\s.*|\.{3}.*|…$|[>|].*", "", arguments).strip()


def refusal_of(program: str, arguments: str) -> str:
    """What the command line says against the arguments; empty where it takes them."""
    try:
        PARSERS[program]().parse_args(shlex.split(arguments))
    except UsageError as error:
        return str(error)
    return ""


@pytest.mark.parametrize("page", named(PAGES))
def test_every_command_is_one_that_the_command_line_takes(page: Path) -> None:
    for program, arguments in commands(page):
        if arguments:
            refusal = refusal_of(program, arguments)
            # A command may be named without the options that it needs.
            assert not refusal or "required" in refusal


@pytest.mark.parametrize("page", named(PAGES))
def test_every_link_leads_somewhere(page: Path) -> None:
    for link in LINK.findall(page.read_text(encoding="utf-8")):
        if link.startswith(("http:", "https:")):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), link
        if anchor:
            headings = re.findall(r"^#+ (.*)$", target.read_text(encoding="utf-8"), re.MULTILINE)
            assert anchor in {re.sub(r"[^\w -]", "", h.lower()).replace(" ", "-") for h in headings}


@pytest.mark.parametrize("page", named(PAGES))
def test_every_file_that_is_named_exists(page: Path) -> None:
    folders = ("embeat_serve", "embeat_pipeline", "tests", "benchmarks", "docs")
    files = {
        str(path.relative_to(REPOSITORY))
        for folder in folders
        for path in (REPOSITORY / folder).rglob("*")
        if path.is_file()
    } | {"pyproject.toml"}
    for name in MODULE_PATH.findall(page.read_text(encoding="utf-8")):
        assert any(file == name or file.endswith(f"/{name}") for file in files), name


def test_the_first_pages_are_short() -> None:
    assert len((REPOSITORY / "README.md").read_bytes()) <= 4_096
    assert len((REPOSITORY / "ARCHITECTURE.md").read_bytes()) < 8_000


def test_the_readme_shows_what_the_command_prints(
    published_lake: LakePaths, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    command, _, rest = text.partition("$ .venv/bin/python -m embeat_serve ")[2].partition("\n")
    shown = rest.partition("```")[0].splitlines()
    assert recommend(["--lake", str(published_lake.root), *shlex.split(command)]) == 0
    printed = capsys.readouterr().out.splitlines()
    assert printed[0] == shown[0]
    assert len(printed) == len(shown)
    assert [line.split() for line in printed if line.startswith("#")] == [
        line.split() for line in shown if line.startswith("#")
    ]
    for lines in (printed, shown):
        assert sum(bool(ROW.match(line)) for line in lines) == 3
        assert sum(line.startswith("   ") and line.endswith(".") for line in lines) == 3


def test_the_example_in_python_runs(
    published_lake: LakePaths, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    example = text.partition("```python\n")[2].partition("```")[0]
    monkeypatch.chdir(published_lake.root.parent)
    code = example.replace('"data_lake"', repr(published_lake.root.name))
    exec(compile(code, "README.md", "exec"), {})  # noqa: S102 - the README's own example
    assert len(capsys.readouterr().out.splitlines()) == 5
