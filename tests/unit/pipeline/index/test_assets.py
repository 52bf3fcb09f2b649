"""The index stage as Dagster runs it, in one process and on a real instance."""

from collections.abc import Iterator

import dagster as dg
import pytest

from embeat_pipeline.index.assets import ASSETS, CHECKS
from embeat_pipeline.index.gate_verdict import record_verdict
from embeat_pipeline.orchestration.materialization import MADE, SKIPPED
from embeat_pipeline.orchestration.resources import LakeResource
from embeat_serve.contract.lake import LakePaths
from embeat_serve.errors import NoRelease, PipelineError
from embeat_serve.settings import Settings
from embeat_serve.stores.factory import open_store, published_release

pytestmark = pytest.mark.slow


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.instance_for_test() as instance:
        yield instance


def materialize(
    lake: LakePaths, instance: dg.DagsterInstance, *, raise_on_error: bool = False
) -> dg.ExecuteInProcessResult:
    definitions = dg.Definitions(
        assets=ASSETS,
        asset_checks=CHECKS,
        resources={"lake": LakeResource(lake_root=str(lake.root))},
    )
    job = definitions.resolve_implicit_global_asset_job_def()
    return job.execute_in_process(instance=instance, raise_on_error=raise_on_error)


def test_a_release_is_built_checked_and_served(
    built_copy: tuple[LakePaths, str], instance: dg.DagsterInstance
) -> None:
    lake, release = built_copy
    record_verdict(lake, release, passed=True, reason="nothing is published yet")
    result = materialize(lake, instance)
    assert result.success
    (made,) = result.asset_materializations_for_node("release")
    assert made.metadata["release"].value == release
    assert made.metadata["unchanged"].value is True
    assert made.metadata["outcome"].value == SKIPPED
    assert made.metadata["dagster/row_count"].value == 600
    (check,) = result.get_asset_check_evaluations()
    assert (check.passed, check.blocking, check.check_name) == (True, True, "release_is_fit")
    (served,) = result.asset_materializations_for_node("published_release")
    assert served.metadata["release"].value == release
    assert served.metadata["outcome"].value == MADE
    store, manifest, folder = open_store(Settings(lake=lake))
    store.close()
    assert (manifest.release, folder) == (release, lake.release(release))


def test_an_unfit_release_blocks_what_follows(
    built_copy: tuple[LakePaths, str], instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake, _ = built_copy
    monkeypatch.setattr("embeat_pipeline.index.release_checks.MIN_MEAN_RECALL", 2.0)
    result = materialize(lake, instance)
    assert not result.success
    (check,) = result.get_asset_check_evaluations()
    assert not check.passed
    assert "tracks_recall_all: 1.0, expected at least 2.0" in (check.description or "")
    assert result.asset_materializations_for_node("published_release") == []
    with pytest.raises(NoRelease):
        published_release(Settings(lake=lake))


def test_a_release_built_by_another_run_after_the_check_is_not_served(
    built_copy: tuple[LakePaths, str], instance: dg.DagsterInstance
) -> None:
    lake, _ = built_copy
    record_verdict(lake, "judged", passed=True, reason="no worse")
    with pytest.raises(PipelineError, match="release_is_no_worse has judged judged"):
        materialize(lake, instance, raise_on_error=True)
    with pytest.raises(NoRelease):
        published_release(Settings(lake=lake))


def test_there_is_one_check_per_release() -> None:
    keys = {key.to_user_string() for asset in ASSETS for key in asset.keys}
    assert keys == {"release", "published_release"}
    assert [key.name for check in CHECKS for key in check.check_keys] == ["release_is_fit"]
