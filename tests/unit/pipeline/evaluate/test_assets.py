import shutil

import dagster as dg
import pytest

from embeat_pipeline.evaluate import assets
from embeat_pipeline.evaluate.report import store as record
from embeat_pipeline.orchestration.resources import LakeResource
from embeat_serve.contract.lake import LakePaths


@pytest.fixture
def lake(evaluated_lake, tmp_path):
    copy = LakePaths(tmp_path / "lake")
    shutil.copytree(evaluated_lake.root, copy.root)
    return copy


def test_the_report_is_an_asset_with_charts(lake, evaluation_options, monkeypatch):
    monkeypatch.setattr(record, "DEFAULT_OPTIONS", evaluation_options)
    with dg.DagsterInstance.ephemeral() as instance:
        result = dg.materialize(
            assets.ASSETS,
            instance=instance,
            resources={"lake": LakeResource(lake_root=str(lake.root), device="cpu")},
        )
    assert result.success
    metadata = result.asset_materializations_for_node("evaluation")[0].metadata
    charts = [value for name, value in metadata.items() if name.startswith("chart_")]
    assert len(charts) >= 5
    assert all("data:image/svg+xml;base64," in str(chart.value) for chart in charts)
    assert "ndcg@20 product, 1 seeds" in metadata


def test_the_gate_blocks():
    (check,) = assets.CHECKS
    (spec,) = check.check_specs
    assert spec.blocking
    assert spec.asset_key == dg.AssetKey("release")
