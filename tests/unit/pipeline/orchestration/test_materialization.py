"""Materializations: what Dagster is told, and that it agrees with what stages skip."""

import shutil
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.definitions.data_version import CachingStaleStatusResolver, StaleStatus
from dagster._core.loader import LoadingContextForTest

from embeat_pipeline.definitions import defs
from embeat_pipeline.orchestration.materialization import SKIPPED, asset_result, timed
from embeat_serve.contract.lake import LakePaths


def test_a_stage_is_timed() -> None:
    result, seconds = timed(sorted, [2, 1], reverse=True)
    assert result == [2, 1]
    assert seconds >= 0


def test_what_was_skipped_says_so() -> None:
    result = asset_result({"unchanged": True}, data_version="a", seconds=1.23456)
    assert result.metadata == {"outcome": SKIPPED, "unchanged": True, "seconds": 1.235}
    assert result.data_version == dg.DataVersion("a")


@pytest.fixture
def lake(tables_lake: LakePaths, tmp_path: Path) -> LakePaths:
    """A lake with ingest and genres done."""
    lake = LakePaths(tmp_path / "lake")
    shutil.copytree(tables_lake.root, lake.root)
    return lake


def test_skipped_stages_leave_nothing_out_of_date(lake: LakePaths, sample_raw: Path) -> None:
    ingested = [dg.AssetKey(name) for name in ("tracks", "artists", "playlists")]
    genres = dg.AssetKey("artist_genres")
    others = [dg.AssetKey(name) for name in ("genre_map", "related_artists", "rejects")]
    resource = {"lake_root": str(lake.root), "raw_root": str(sample_raw)}
    with dg.DagsterInstance.ephemeral() as instance:
        for selection in ([*ingested, *others, genres], [*ingested, *others]):
            result = defs.resolve_job_def("pipeline").execute_in_process(
                instance=instance,
                asset_selection=selection,
                run_config={"resources": {"lake": {"config": resource}}},
            )
            assert result.success
            for event in result.get_asset_materialization_events():
                assert event.materialization.metadata["outcome"].value == SKIPPED
        resolver = CachingStaleStatusResolver(
            instance, defs.resolve_asset_graph(), LoadingContextForTest(instance)
        )
        for key in (*ingested, *others, genres):
            assert resolver.get_status(key) is StaleStatus.FRESH, resolver.get_stale_causes(key)
