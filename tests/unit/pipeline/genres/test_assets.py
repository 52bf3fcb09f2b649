"""The stage as Dagster runs it."""

import shutil
from pathlib import Path

import dagster as dg

from embeat_pipeline.genres.assets import ASSETS, CHECKS
from embeat_pipeline.orchestration.resources import LakeResource
from embeat_serve.contract.lake import LakePaths


def test_assets_are_made_described_and_checked(tables_lake: LakePaths, tmp_path: Path) -> None:
    lake = LakePaths(tmp_path / "lake")
    shutil.copytree(tables_lake.root, lake.root)
    with dg.DagsterInstance.ephemeral() as instance:
        result = dg.materialize(
            [*ASSETS, *CHECKS],
            resources={"lake": LakeResource(lake_root=str(lake.root))},
            instance=instance,
        )
    made = {
        event.asset_key.to_user_string(): event.step_materialization_data.materialization.metadata
        for event in result.get_asset_materialization_events()
        if event.asset_key
    }
    assert set(made) == {"artist_genres", "genre_vectors"}
    assert {"genres", "known", "pairs"} <= set(made["genre_vectors"])
    assert {"scale", "sources", "checked", "genre_map", "seconds"} <= set(made["artist_genres"])
    assert "data:image/svg+xml" in str(made["artist_genres"]["genre_map"].value)
    checks = {check.check_name: check for check in result.get_asset_check_evaluations()}
    assert set(checks) == {"coverage", "calibration", "predicted_share", "confused_genres"}
    assert all(check.severity == dg.AssetCheckSeverity.WARN for check in checks.values())
    assert not any(check.blocking for check in checks.values())
