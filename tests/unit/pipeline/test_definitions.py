"""The asset graph as Dagster sees it, run whole on a made-up dump."""

import shutil
from pathlib import Path

import dagster as dg
import pytest

from embeat_pipeline.definitions import defs
from embeat_pipeline.index import verify
from embeat_pipeline.orchestration.jobs import nightly_reindex, raw_files
from embeat_serve.contract.lake import LakePaths
from embeat_serve.contract.manifest import Manifest

GRAPH = {
    "ingest": {"tracks", "artists", "playlists", "genre_map", "related_artists", "rejects"},
    "genres": {"artist_genres"},
    "acoustic": {"encoder", "track_vectors"},
    "playlists": {"playlist_vectors", "track_neighbours", "artist_neighbours"},
    "index": {"release", "published_release"},
    "evaluate": {"evaluation"},
}
MADE_BY_THE_JOB = set().union(*GRAPH.values()) - {"evaluation"}
POOLS = {
    "encoder": "gpu",
    "track_vectors": "gpu",
    "release": "index",
    "published_release": "index",
    "evaluation": "gpu",
}


def asset_nodes() -> dict[str, dg.AssetsDefinition]:
    return {
        key.to_user_string(): asset
        for asset in defs.assets or ()
        if isinstance(asset, dg.AssetsDefinition)
        for key in asset.keys
    }


def test_groups_are_the_stages() -> None:
    graph = defs.resolve_asset_graph()
    found: dict[str, set[str]] = {}
    for key in graph.get_all_asset_keys():
        found.setdefault(graph.get(key).group_name or "", set()).add(key.to_user_string())
    assert found == GRAPH


def test_every_asset_says_what_it_is_and_what_made_it() -> None:
    graph = defs.resolve_asset_graph()
    for key in graph.get_all_asset_keys():
        assert graph.get(key).description, key
        assert graph.get(key).kinds, key


def test_stages_are_connected_in_order() -> None:
    graph = defs.resolve_asset_graph()
    above = graph.upstream_key_iterator(dg.AssetKey("published_release"))
    ancestors = {key.to_user_string() for key in above}
    assert ancestors >= MADE_BY_THE_JOB - {"published_release", "rejects"}


def test_scarce_things_are_pooled() -> None:
    found = {name: asset.op.pool for name, asset in asset_nodes().items() if asset.op.pool}
    assert found == POOLS


def test_one_job_goes_from_dumps_to_a_published_release() -> None:
    job = defs.resolve_job_def("pipeline")
    keys = {key.to_user_string() for key in job.asset_layer.executable_asset_keys}
    assert keys == MADE_BY_THE_JOB
    assert nightly_reindex.job_name == raw_files.job_name == job.name


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
    monkeypatch.setattr(verify, "MIN_MEAN_RECALL", 2.0)
    result = index_again(built_lake)
    assert not result.success
    assert materialized(result) == {"release"}
    assert not built_lake.current.exists()
