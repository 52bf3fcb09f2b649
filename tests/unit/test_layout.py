"""The house rules that a machine can see: which way imports run, and how long files are."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
SERVE = sorted((REPOSITORY / "embeat_serve").rglob("*.py"))
PIPELINE = sorted((REPOSITORY / "embeat_pipeline").rglob("*.py"))
SOURCES = [
    path
    for folder in ("embeat_serve", "embeat_pipeline", "tests", "benchmarks")
    for path in sorted((REPOSITORY / folder).rglob("*.py"))
]
STAGES = ("ingest", "genres", "acoustic", "playlists", "ranking", "index")
KNOWS_DAGSTER = {
    *(f"embeat_pipeline/{stage}/assets.py" for stage in (*STAGES, "evaluate")),
    "embeat_pipeline/definitions.py",
    *(
        str(path.relative_to(REPOSITORY))
        for folder in ("orchestration", "execution")
        for path in sorted((REPOSITORY / "embeat_pipeline" / folder).rglob("*.py"))
    ),
}
HEAVY = {"dagster", "duckdb", "gensim", "lightgbm", "pandas", "polars", "pyarrow", "scipy", "torch"}


def named(paths: list[Path]) -> list:
    return [pytest.param(path, id=str(path.relative_to(REPOSITORY))) for path in paths]


def imports(path: Path, top_level_only: bool = False) -> set[str]:
    """Dotted names of the modules a file imports."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    found = set()
    for node in tree.body if top_level_only else ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add("." * node.level + (node.module or ""))
    return found


def packages(path: Path, top_level_only: bool = False) -> set[str]:
    return {name.split(".")[0] for name in imports(path, top_level_only)}


@pytest.mark.parametrize("path", named(SERVE))
def test_serving_knows_nothing_of_the_pipeline(path: Path) -> None:
    assert not packages(path) & (HEAVY | {"embeat_pipeline"})


@pytest.mark.parametrize("path", named(PIPELINE))
def test_only_the_orchestration_knows_dagster(path: Path) -> None:
    if str(path.relative_to(REPOSITORY)) not in KNOWS_DAGSTER:
        assert "dagster" not in packages(path)


@pytest.mark.parametrize("path", named([path for path in PIPELINE if path.name == "assets.py"]))
def test_asset_modules_are_thin_and_quick_to_load(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert "from __future__ import annotations" not in text  # breaks `context:` and `config:`
    assert not packages(path, top_level_only=True) & (HEAVY - {"dagster"} | {"numpy"})
    assert len(text.splitlines()) <= 120
    assert "ASSETS" in text
    assert "CHECKS" in text


@pytest.mark.parametrize("path", named(SOURCES))
def test_files_stay_small(path: Path) -> None:
    is_test = path.is_relative_to(REPOSITORY / "tests")
    assert len(path.read_text(encoding="utf-8").splitlines()) <= (400 if is_test else 300)


def test_every_stage_is_a_package_with_assets() -> None:
    from embeat_pipeline.stages import STAGES as declared

    assert declared == STAGES
    for stage in STAGES:
        assert (REPOSITORY / "embeat_pipeline" / stage / "assets.py").is_file()


def loaded_by(statement: str) -> set[str]:
    """Top-level packages loaded after a statement in a fresh interpreter."""
    code = f"{statement}\nimport sys; print(*{{name.split('.')[0] for name in sys.modules}})"
    process = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=REPOSITORY, check=True
    )
    return set(process.stdout.split())


def test_serving_loads_none_of_the_pipelines_packages() -> None:
    loaded = loaded_by("import embeat_serve.cli.main, embeat_serve.recommender")
    assert not loaded & (HEAVY | {"embeat_pipeline", "qdrant_client"})


def test_code_location_loads_no_heavy_package() -> None:
    loaded = loaded_by("import embeat_pipeline.definitions")
    assert not loaded & (HEAVY - {"dagster"})


def test_pipeline_command_line_answers_before_loading_dagster() -> None:
    loaded = loaded_by("import embeat_pipeline.cli")
    assert not loaded & HEAVY
