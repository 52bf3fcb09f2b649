"""Decide whether an output has to be made again: digest its code, libraries, settings and inputs.

An output is made by the function of one module. What can change its bytes is

- the code: that module and every module of the project it imports, whole and transitively, imports
  within functions included, and the resources (``.sql``, ``.json``, ...) of their packages;
- the libraries these modules import, and Python itself;
- the settings, and the contents of the input files, which the caller names.

Modules are read, never run. Every character of them counts: a changed comment may make an output
again, a changed line of code is never missed. What is reached only through ``NO_BYTES`` does not
count.
"""

import hashlib
import json
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, NamedTuple

PROJECT = ("embeat_pipeline", "embeat_serve")
"""Packages whose sources count."""

ROOT = Path(__file__).resolve().parents[2]
"""Folder that holds the packages."""

NO_BYTES = {
    "embeat_pipeline": "holds the version number; the code itself counts",
    "embeat_pipeline.common.file_lock": "keeps processes apart",
    "embeat_pipeline.common.fingerprint": "decides when an output is made, not what it holds",
    "embeat_pipeline.common.logging": "says what happens",
    "embeat_pipeline.common.progress": "shows how far work is",
    "embeat_pipeline.index.lock": "keeps processes apart",
    "embeat_pipeline.index.verification": "checks a release and changes nothing in it",
    "embeat_pipeline.index.release_checks": "checks a release and changes nothing in it",
    "embeat_serve": "names for users; the pipeline imports the modules themselves",
}
"""Module that cannot change what an output holds -> why."""

LIBRARIES = {
    "duckdb": "duckdb",
    "gensim": "gensim",
    "implicit": "implicit",
    "lightgbm": "lightgbm",
    "jinja2": "jinja2",
    "matplotlib": "matplotlib",
    "numpy": "numpy",
    "opencc": "opencc",
    "polars": "polars",
    "pyarrow": "pyarrow",
    "qdrant_edge": "qdrant-edge-py",
    "rapidfuzz": "rapidfuzz",
    "regex": "regex",
    "scipy": "scipy",
    "sklearn": "scikit-learn",
    "torch": "torch",
}
"""Package that can change what an output holds -> its distribution, whose version counts."""

OTHER_LIBRARIES = {
    "filelock": "keeps processes apart",
    "qdrant_client": "talks to a server; what a release holds is made without one",
    "rich": "shows progress",
    "tenacity": "repeats what failed",
    "threadpoolctl": "limits threads",
}
"""Package that cannot -> why."""

DIGEST_CHUNK = 1 << 20
DIGEST_LENGTH = 16

_STRING_OR_COMMENT = re.compile(
    r"""
    ("{3}(?:\\.|[^\\])*?"{3} | '{3}(?:\\.|[^\\])*?'{3}
    | "(?:\\.|[^"\\\n])*" | '(?:\\.|[^'\\\n])*')
    | ^[ \t]*\#[^\n]*\n? | [ \t]*\#[^\n]*
    """,
    re.VERBOSE | re.MULTILINE | re.DOTALL,
)
_IMPORT_FROM = re.compile(r"\bfrom\s+([\w.]+)\s+import\s+(\([^)]*\)|(?:\\\n|[^\n;])*)")
_IMPORT = re.compile(r"\bimport\s+([\w.]+(?:[ \t]+as[ \t]+\w+)?(?:[ \t]*,[ \t]*[\w.]+)*)")
_QUOTED_MODULE = re.compile(rf"[\"']((?:{'|'.join(PROJECT)})(?:\.\w+)+)[\"']")
_NAME = re.compile(r"[\w.]+")


class Source(NamedTuple):
    """What matters of a module's file."""

    digest: str
    """Of its whole text."""
    names: frozenset[str]
    """Dotted names that may be modules it imports or starts as a process."""


def file_digest(path: Path) -> str:
    """SHA-256 of a file's bytes, first 16 hex digits."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(DIGEST_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()[:DIGEST_LENGTH]


def fingerprint(module: str, *, settings: Mapping[str, Any], inputs: Iterable[Path] = ()) -> str:
    """Digest of all that an output is made from: 16 hex digits.

    Args:
        module: the module whose function makes it, usually ``__name__``.
        settings: JSON values; others count as their text.
        inputs: files it reads, told apart by name and content.

    Raises:
        ModuleNotFoundError: the project has no such module.
        OSError: an input cannot be read.
    """
    return _digest(
        {
            "code": code_version(module),
            "inputs": [[path.name, file_digest(path)] for path in sorted(inputs)],
            "settings": dict(settings),
        }
    )


@cache
def code_version(module: str) -> str:
    """Digest of the code and the libraries that make an output: 16 hex digits.

    It stays the same within a process, so that what a running process already imported is never
    taken for code that was edited since.
    """
    return _digest({"code": source_digest(module), "libraries": library_versions(module)})


@cache
def source_digest(module: str) -> str:
    """Digest of the sources and resources of ``module`` and what it imports: 16 hex digits."""
    modules = module_closure(module)
    sources = {name: _read_source(_source_path(name)).digest for name in modules}
    packages = {".".join(name.split(".")[:2]) for name in modules}
    resources = {
        path.relative_to(ROOT).as_posix(): file_digest(path)
        for package in packages
        for path in _resources(package)
    }
    return _digest({"sources": sources, "resources": resources})


@cache
def library_versions(module: str) -> Mapping[str, str]:
    """Versions of Python and of the libraries that ``module`` and what it imports compute with."""
    packages = {
        name.partition(".")[0]
        for member in module_closure(module)
        for name in _read_source(_source_path(member)).names
    }
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    return {"python": python} | {
        distribution: _installed_version(distribution)
        for package, distribution in sorted(LIBRARIES.items())
        if package in packages
    }


@cache
def module_closure(module: str) -> tuple[str, ...]:
    """Names of ``module`` and of all project modules it imports, sorted.

    What only a module of ``NO_BYTES`` leads to is left out.

    Raises:
        ModuleNotFoundError: the project has no such module.
    """
    if not _is_module(module):
        raise ModuleNotFoundError(f"no module {module} in {ROOT}", name=module)
    members: set[str] = set()
    waiting = [module]
    while waiting:
        name = waiting.pop()
        if name in members or (name in NO_BYTES and name != module):
            continue
        members.add(name)
        waiting += imported_modules(name)
    return tuple(sorted(members))


def imported_modules(module: str) -> Iterator[str]:
    """Project modules that ``module`` names in an import or as a whole string, and their parents.

    A string counts since ``python -m`` starts a module as a process.
    """
    for name in _read_source(_source_path(module)).names:
        if name.partition(".")[0] not in PROJECT:
            continue
        parts = name.split(".")
        prefixes = (".".join(parts[:length]) for length in range(1, len(parts) + 1))
        yield from filter(_is_module, prefixes)


@cache
def _read_source(path: Path) -> Source:
    text = path.read_text(encoding="utf-8")
    code = _STRING_OR_COMMENT.sub(lambda found: found[1] or "", text)
    names = set(_QUOTED_MODULE.findall(code))
    for package, imported in _IMPORT_FROM.findall(code):
        names |= {package, *(f"{package}.{name}" for name in _NAME.findall(imported))}
    for imported in _IMPORT.findall(code):
        names |= set(_NAME.findall(imported))
    return Source(hashlib.sha256(text.encode()).hexdigest(), frozenset(names))


@cache
def _is_module(name: str) -> bool:
    if name.partition(".")[0] not in PROJECT:
        return False
    return _source_path(name).is_file()


@cache
def _source_path(module: str) -> Path:
    path = ROOT.joinpath(*module.split("."))
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


def _resources(package: str) -> Iterator[Path]:
    folder = ROOT.joinpath(*package.split("."))
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.suffix not in (".py", ".pyc"):
            yield path


@cache
def _installed_version(distribution: str) -> str:
    try:
        return version(distribution)
    except PackageNotFoundError:
        return "not installed"


def _digest(content: Mapping[str, Any]) -> str:
    text = json.dumps(content, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:DIGEST_LENGTH]
