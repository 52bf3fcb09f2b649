import subprocess
import sys

import pytest

import embeat_serve
from embeat_serve import errors

PUBLIC = [
    "BrokenRelease",
    "EmbeatError",
    "Filters",
    "InvalidFeatures",
    "NoRelease",
    "RecallOptions",
    "Recommendations",
    "Recommender",
    "SeedNotFound",
    "SeedSong",
    "Song",
    "StoreUnreachable",
    "Unavailable",
    "UsageError",
    "open",
]


def test_the_public_names_are_these_and_sorted():
    assert embeat_serve.__all__ == PUBLIC == sorted(PUBLIC)
    assert set(PUBLIC) <= set(dir(embeat_serve))


@pytest.mark.parametrize("name", PUBLIC)
def test_a_public_name_can_be_used(name: str):
    assert getattr(embeat_serve, name).__name__ == name


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="nonsense"):
        embeat_serve.nonsense  # type: ignore[attr-defined]  # noqa: B018


def test_every_error_of_serving_is_public():
    serving = {
        name
        for name, value in vars(errors).items()
        if isinstance(value, type) and issubclass(value, errors.EmbeatError)
        if not issubclass(value, errors.PipelineError)
    }
    assert serving <= set(PUBLIC)


def test_the_import_loads_no_engine():
    code = "import embeat_serve, sys; print(*{name.split('.')[0] for name in sys.modules})"
    process = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert not {"numpy", "qdrant_edge", "qdrant_client"} & set(process.stdout.split())
