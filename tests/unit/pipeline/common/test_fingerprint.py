"""What an output's fingerprint sees: sources, libraries, settings and inputs."""

import ast
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from embeat_pipeline.common.fingerprint import (
    LIBRARIES,
    NO_BYTES,
    OTHER_LIBRARIES,
    PROJECT,
    code_version,
    file_digest,
    fingerprint,
    imported_modules,
    library_versions,
    module_closure,
)

REPOSITORY = Path(__file__).resolve().parents[4]
MODULE = "embeat_pipeline.common.atomic"
TRACK2VEC = "playlists.track2vec.playlist_vectors"
MAKERS = (
    "embeat_pipeline.ingest.ingest",
    "embeat_pipeline.ingest.staging",
    "embeat_pipeline.genres.assign",
    "embeat_pipeline.acoustic.train",
    "embeat_pipeline.acoustic.encode_catalogue",
    f"embeat_pipeline.{TRACK2VEC}",
    "embeat_pipeline.playlists.neighbours.lists",
    "embeat_pipeline.index.build",
    "embeat_pipeline.evaluate.report.store",
)
"""Modules whose functions make what the lake holds."""
BEFORE_INDEX = MAKERS[: MAKERS.index("embeat_pipeline.index.build")]

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda values: st.lists(values, max_size=3) | st.dictionaries(st.text(), values, max_size=3),
    max_leaves=5,
)


def module_name(path: Path) -> str:
    parts = path.relative_to(REPOSITORY).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {
    module_name(path): path
    for package in PROJECT
    for path in sorted((REPOSITORY / package).rglob("*.py"))
}


def names_imported(path: Path) -> Iterator[str]:
    """Dotted names in the imports of a file, by Python's own parser."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative imports are not followed"
            yield node.module or ""
            yield from (f"{node.module}.{name.name}" for name in node.names)


def test_file_digest_depends_on_content_alone(tmp_path: Path) -> None:
    large = bytes(3 << 20)  # more than one chunk
    (tmp_path / "a").write_bytes(large)
    (tmp_path / "b").write_bytes(large)
    (tmp_path / "c").write_bytes(large[:-1] + b"1")
    assert file_digest(tmp_path / "a") == file_digest(tmp_path / "b")
    assert file_digest(tmp_path / "a") != file_digest(tmp_path / "c")


@given(settings=st.dictionaries(st.text(), json_values, max_size=4))
def test_order_of_settings_does_not_count(settings: dict) -> None:
    backwards = dict(reversed(settings.items()))
    assert fingerprint(MODULE, settings=settings) == fingerprint(MODULE, settings=backwards)


def test_inputs_settings_and_module_count(tmp_path: Path) -> None:
    first, second = tmp_path / "tracks.parquet", tmp_path / "artists.parquet"
    first.write_text("tracks")
    second.write_text("artists")
    key = fingerprint(MODULE, settings={"epochs": 5}, inputs=[first, second])
    assert fingerprint(MODULE, settings={"epochs": 5}, inputs=[second, first]) == key
    assert fingerprint(MODULE, settings={"epochs": 5}, inputs=[first]) != key
    assert fingerprint(MODULE, settings={"epochs": 6}, inputs=[first, second]) != key
    other = "embeat_pipeline.common.schemas"
    assert fingerprint(other, settings={"epochs": 5}, inputs=[first, second]) != key
    second.write_text("other artists")
    assert fingerprint(MODULE, settings={"epochs": 5}, inputs=[first, second]) != key


def test_module_that_does_not_exist_is_an_error() -> None:
    with pytest.raises(ModuleNotFoundError, match="no_such"):
        fingerprint("embeat_pipeline.no_such", settings={})
    with pytest.raises(ModuleNotFoundError, match="numpy"):
        code_version("numpy")


def test_every_import_that_python_sees_is_followed() -> None:
    for module, path in MODULES.items():
        expected = {name for name in names_imported(path) if name in MODULES}
        assert expected <= set(imported_modules(module)), module


def test_modules_started_as_processes_are_followed() -> None:
    assert "embeat_pipeline.index.shard_worker" in module_closure("embeat_pipeline.index.build")


@pytest.mark.parametrize("maker", BEFORE_INDEX)
def test_nothing_of_the_index_counts_for_the_stages_before_it(maker: str) -> None:
    packages = {".".join(module.split(".")[:2]) for module in module_closure(maker)}
    assert "embeat_pipeline.index" not in packages


def test_every_module_without_bytes_exists_and_gives_a_reason() -> None:
    assert set(NO_BYTES) <= set(MODULES)
    assert all(NO_BYTES.values())
    assert not set(NO_BYTES) & {name for maker in MAKERS for name in module_closure(maker)}


def test_every_library_that_makers_import_is_judged() -> None:
    imported = {
        name.partition(".")[0]
        for maker in MAKERS
        for module in module_closure(maker)
        for name in names_imported(MODULES[module])
    }
    others = imported - set(sys.stdlib_module_names) - set(PROJECT)
    assert others <= set(LIBRARIES) | set(OTHER_LIBRARIES)


@pytest.mark.parametrize(
    ("maker", "libraries"),
    [
        ("embeat_pipeline.ingest.ingest", {"duckdb", "polars", "pyarrow", "opencc"}),
        ("embeat_pipeline.acoustic.train", {"torch", "numpy", "pyarrow"}),
        (f"embeat_pipeline.{TRACK2VEC}", {"gensim", "numpy", "scipy", "torch"}),
        ("embeat_pipeline.playlists.neighbours.lists", {"implicit", "numpy", "scipy", "torch"}),
        ("embeat_pipeline.index.build", {"qdrant-edge-py", "duckdb", "polars", "opencc"}),
    ],
)
def test_versions_of_libraries_that_compute_count(maker: str, libraries: set[str]) -> None:
    versions = library_versions(maker)
    assert versions.keys() >= libraries | {"python"}
    assert "not installed" not in versions.values()


@pytest.mark.slow
@pytest.mark.parametrize("maker", MAKERS)
def test_every_module_that_importing_loads_is_in_the_closure(maker: str) -> None:
    code = f"import {maker}, sys, json; print(json.dumps(sorted(sys.modules)))"
    process = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
    )
    loaded = {name for name in json.loads(process.stdout) if name in MODULES}
    # What only a module of NO_BYTES brings with it cannot change bytes either.
    behind = {name for module in NO_BYTES for name in imported_modules(module)} | set(NO_BYTES)
    assert loaded - behind <= set(module_closure(maker))


Versions = Callable[[], dict[str, str]]


@pytest.fixture
def copied_code(tmp_path: Path) -> Path:
    """A folder with a copy of both packages, to be edited."""
    for package in PROJECT:
        shutil.copytree(
            REPOSITORY / package,
            tmp_path / "code" / package,
            ignore=shutil.ignore_patterns("__pycache__"),
        )
    return tmp_path / "code"


@pytest.fixture
def versions(copied_code: Path) -> Versions:
    """Code versions of ``MAKERS`` by the copied packages as they are now."""

    def read() -> dict[str, str]:
        code = (
            "import json; from embeat_pipeline.common.fingerprint import code_version; "
            f"print(json.dumps({{name: code_version(name) for name in {MAKERS!r}}}))"
        )
        process = subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            check=True,
            cwd=copied_code,
            env={**os.environ, "PYTHONPATH": str(copied_code)},
        )
        return json.loads(process.stdout)

    return read


def changed(before: dict[str, str], after: dict[str, str]) -> set[str]:
    return {name.removeprefix("embeat_pipeline.") for name in before if before[name] != after[name]}


def edit(path: Path, addition: str) -> None:
    path.write_text(path.read_text(encoding="utf-8") + addition, encoding="utf-8")


def test_where_the_code_lies_does_not_count(versions: Versions) -> None:
    assert versions() == {maker: code_version(maker) for maker in MAKERS}


def test_unrelated_code_does_not_count(copied_code: Path, versions: Versions) -> None:
    before = versions()
    edit(copied_code / "embeat_serve" / "http" / "app.py", "LIMIT = 1\n")
    edit(copied_code / "embeat_pipeline" / "common" / "progress.py", "LIMIT = 1\n")
    edit(copied_code / "embeat_pipeline" / "genres" / "assets.py", "LIMIT = 1\n")
    assert versions() == before


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (
            "embeat_pipeline/genres/sql/centroid_round.sql",
            {"genres.assign", "evaluate.report.store"},
        ),
        ("embeat_pipeline/index/term_dictionary.py", {"index.build", "evaluate.report.store"}),
        ("embeat_pipeline/playlists/neighbours/ease.py", {"playlists.neighbours.lists"}),
        ("embeat_pipeline/playlists/track2vec/skipgram.py", {TRACK2VEC}),
        ("embeat_serve/contract/text_keys.py", {"ingest.ingest", "ingest.staging", "index.build"}),
        ("embeat_serve/reranking/selection.py", {"evaluate.report.store"}),
    ],
)
def test_code_counts_for_what_it_makes_and_nothing_else(
    copied_code: Path, versions: Versions, path: str, expected: set[str]
) -> None:
    before = versions()
    edit(copied_code / path, "SELECT 1;\n" if path.endswith(".sql") else "\nLIMIT = 1\n")
    found = changed(before, versions())
    reports = {"evaluate.report.store"}
    assert found >= expected | reports
    left = {
        "embeat_serve/contract/text_keys.py": {"acoustic.train", TRACK2VEC},
    }.get(path, {maker.removeprefix("embeat_pipeline.") for maker in MAKERS} - expected - reports)
    assert not found & left


def test_every_character_of_a_source_counts(copied_code: Path, versions: Versions) -> None:
    path = copied_code / "embeat_pipeline" / "genres" / "assign.py"
    edit(path, 'COLOUR = "#0072b2"\n')
    before = versions()
    path.write_text(path.read_text(encoding="utf-8").replace("#0072b2", "#0072b3"))
    assert "genres.assign" in changed(before, versions())
