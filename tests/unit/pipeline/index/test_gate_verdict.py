"""Only a release that the check before publishing has passed may be published."""

from pathlib import Path

import pytest

from embeat_pipeline.index.gate_verdict import record_verdict, require_verdict, verdict_path
from embeat_serve.contract.lake import LakePaths
from embeat_serve.errors import PipelineError


@pytest.fixture
def lake(tmp_path: Path) -> LakePaths:
    lake = LakePaths(tmp_path / "lake")
    lake.index.mkdir(parents=True)
    return lake


def test_a_release_that_passed_may_be_published(lake: LakePaths) -> None:
    record_verdict(lake, "a", passed=True, reason="no worse")
    require_verdict(lake, "a")


def test_a_release_that_was_not_judged_may_not(lake: LakePaths) -> None:
    with pytest.raises(PipelineError, match="has judged no release, expected that it has passed"):
        require_verdict(lake, "a")
    record_verdict(lake, "b", passed=True, reason="no worse")
    with pytest.raises(PipelineError, match=r"has judged b, .* --select index"):
        require_verdict(lake, "a")


def test_a_release_that_failed_may_not(lake: LakePaths) -> None:
    record_verdict(lake, "a", passed=True, reason="no worse")
    record_verdict(lake, "a", passed=False, reason="nDCG fell")
    with pytest.raises(PipelineError, match=r"has failed it \(nDCG fell\)"):
        require_verdict(lake, "a")


@pytest.mark.parametrize("content", ["", "{", "[]", "{}"])
def test_a_damaged_verdict_passes_nothing(lake: LakePaths, content: str) -> None:
    verdict_path(lake).write_text(content)
    with pytest.raises(PipelineError, match="has judged no release"):
        require_verdict(lake, "a")


def test_what_is_served_needs_no_verdict(lake: LakePaths) -> None:
    lake.current.write_text("a\n")
    require_verdict(lake, "a")
    with pytest.raises(PipelineError):
        require_verdict(lake, "b")
