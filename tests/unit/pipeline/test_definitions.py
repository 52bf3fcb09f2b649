"""The asset graph as Dagster sees it, run whole on a made-up dump."""

import shutil
from pathlib import Path

import dagster as dg
import pytest

from embeat_pipeline.definitions import defs
from embeat_pipeline.index import release_checks
from embeat_pipeline.stages import STAGES
from embeat_serve.contract.lake import LakePaths
from embeat_serve.contract.manifest import Manifest


def test_every_asset_says_what_it_is_and_what_made_it() -> None:
    graph = defs.resolve_asset_graph()
    for key in graph.get_all_asset_keys():
        assert graph.get(key).description, key
        assert graph.get(key).kinds, key


def test_every_asset_has_the_version_of_its_code() -> None:
    graph = defs.resolve_asset_graph()
    assert all(graph.get(key).code_version for key in graph.get_all_asset_keys())


def test_groups_are_the_stages_and_the_evaluation() -> None:
    graph = defs.resolve_asset_graph()
    groups = {graph.get(key).group_name for key in graph.get_all_asset_keys()}
    assert groups == {*STAGES, "evaluate"}


def test_every_stage_leads_to_the_published_release_and_no_evaluation_does() -> None:
    graph = defs.resolve_asset_graph()
    above = graph.upstream_key_iterator(dg.AssetKey("published_release"))
    assert {graph.get(key).group_name for key in above} == set(STAGES)


def test_the_pipeline_makes_all_stages_and_no_evaluation() -> None:
    graph = defs.resolve_asset_graph()
    keys = defs.resolve_job_def("pipeline").asset_layer.executable_asset_keys
    assert {graph.get(key).group_name for key in keys} == set(STAGES)


def test_one_job_makes_holdout_release_and_report() -> None:
    keys = defs.resolve_job_def("evaluate").asset_layer.executable_asset_keys
    assert {key.to_user_string() for key in keys} == {"holdout_release", "evaluation"}


@pytest.mark.parametrize("job", ["pipeline", "reindex_now"])
def test_whatever_publishes_runs_both_checks_of_the_release(job: str) -> None:
    steps = {node.name for node in defs.resolve_job_def(job).nodes}
    assert steps >= {"published_release", "release_release_is_fit", "release_release_is_no_worse"}


@pytest.fixture
def built_lake(published_lake: LakePaths, tmp_path: Path) -> LakePaths:
    """A lake with every stage done but the last."""
    lake = LakePaths(tmp_path / "lake")
    shutil.copytree(published_lake.root, lake.root)
    lake.current.unlink()
    return lake


def index_again(lake: LakePaths) -> dg.ExecuteInProcessResult:
    with dg.DagsterInstance.ephemeral() as instance:
        return defs.resolve_job_def("pipeline").execute_in_process(
            instance=instance,
            asset_selection=[dg.AssetKey("release"), dg.AssetKey("published_release")],
            run_config={"resources": {"lake": {"config": {"lake_root": str(lake.root)}}}},
            raise_on_error=False,
        )


def materialized(result: dg.ExecuteInProcessResult) -> set[str]:
    made = [event.asset_key for event in result.get_asset_materialization_events()]
    return {key.to_user_string() for key in made if key}


def test_fit_release_is_published(built_lake: LakePaths) -> None:
    result = index_again(built_lake)
    assert result.success
    assert materialized(result) == {"release", "published_release"}
    assert all(check.passed for check in result.get_asset_check_evaluations())
    release = built_lake.current.read_text(encoding="utf-8").strip()
    assert Manifest.read(built_lake.release(release)).release == release


def test_unfit_release_is_not_published(
    built_lake: LakePaths, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(release_checks, "MIN_MEAN_RECALL", 2.0)
    result = index_again(built_lake)
    assert not result.success
    assert materialized(result) == {"release"}
    assert not built_lake.current.exists()
