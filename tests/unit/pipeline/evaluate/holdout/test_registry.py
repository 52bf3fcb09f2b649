"""A holdout release stands for one release by name, whatever else has the same tables."""

import pytest

from embeat_pipeline.evaluate.holdout.registry import holdout_of, register
from embeat_pipeline.index import build
from embeat_pipeline.index.build import input_digests, release_name
from embeat_pipeline.index.config import DEFAULT_OPTIONS, BuildOptions
from embeat_pipeline.interactions.split import SplitOptions
from embeat_serve.contract.lake import LakePaths
from embeat_serve.contract.manifest import ReleaseFile
from tests.support.index_lake import lake

__all__ = ["lake"]

SPLIT = SplitOptions()


def add_holdout(lake: LakePaths, name: str) -> None:
    """Put the least of a holdout release into the evaluation lake, and register it."""
    folder = LakePaths(lake.root / "evaluation").release(name)
    folder.mkdir(parents=True)
    (folder / ReleaseFile.MANIFEST).write_text("{}")
    register(lake, SPLIT, name)


def name_now(lake: LakePaths, options: BuildOptions = DEFAULT_OPTIONS) -> str:
    return release_name(input_digests(lake), options)


def test_it_stands_for_the_release_that_the_lake_builds(lake: LakePaths) -> None:
    add_holdout(lake, "holdout")
    assert holdout_of(lake, name_now(lake), SPLIT) == "holdout"
    assert holdout_of(lake, name_now(lake), SplitOptions(seed=1)) is None


def test_a_release_of_the_same_tables_by_other_code_has_its_own(
    lake: LakePaths, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_holdout(lake, "before")
    old = name_now(lake)
    monkeypatch.setattr(build, "code_version", lambda _: "upgraded")
    new = name_now(lake)
    assert holdout_of(lake, new, SPLIT) is None
    add_holdout(lake, "after")
    assert (holdout_of(lake, old, SPLIT), holdout_of(lake, new, SPLIT)) == ("before", "after")


def test_a_release_of_the_same_tables_with_other_settings_has_none(lake: LakePaths) -> None:
    add_holdout(lake, "holdout")
    assert holdout_of(lake, name_now(lake, BuildOptions(graph_links=8)), SPLIT) is None


def test_a_holdout_release_that_was_removed_stands_for_nothing(lake: LakePaths) -> None:
    add_holdout(lake, "holdout")
    (LakePaths(lake.root / "evaluation").release("holdout") / ReleaseFile.MANIFEST).unlink()
    assert holdout_of(lake, name_now(lake), SPLIT) is None
