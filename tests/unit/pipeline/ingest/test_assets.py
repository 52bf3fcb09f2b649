"""The stage as Dagster sees it."""

from pathlib import Path

import dagster as dg

from embeat_pipeline.ingest.assets import ASSETS, CHECKS, TABLES
from embeat_pipeline.orchestration.resources import LakeResource
from embeat_pipeline.synthetic.write import write_sample


def test_one_step_makes_six_tables_and_the_check_passes(tmp_path: Path):
    write_sample(tmp_path / "raw", tracks=600, playlists=20)
    lake = LakeResource(lake_root=str(tmp_path), device="cpu")
    result = dg.materialize([*ASSETS, *CHECKS], resources={"lake": lake})
    assert result.success
    made = {
        event.asset_key.to_user_string()
        for event in result.get_asset_materialization_events()
        if event.asset_key
    }
    assert made == set(TABLES)
    checks = {check.check_name: check for check in result.get_asset_check_evaluations()}
    assert all(check.passed for check in checks.values())
    assert checks["every_row_is_accounted_for"].blocking
    agreement = checks["recordings_agree_with_isrcs"]
    assert not agreement.blocking
    assert agreement.metadata["pairs_of_one_isrc"].value == agreement.metadata["pairs_right"].value
    table = agreement.metadata["joined_though_isrcs_differ"].value
    assert str(table).startswith("| title_a | title_b |")
    tracks = result.asset_materializations_for_node("ingest")[0]
    assert tracks.metadata["dagster/row_count"].value == 600
    assert "dagster/column_schema" in tracks.metadata
