import dagster as dg

from embeat_pipeline.evaluate import assets
from embeat_pipeline.evaluate.report import store
from embeat_pipeline.orchestration.resources import LakeResource


def test_holdout_release_model_and_report_are_assets(
    evaluated_copy, evaluation_options, monkeypatch
):
    monkeypatch.setattr(store, "DEFAULT_OPTIONS", evaluation_options)
    with dg.DagsterInstance.ephemeral() as instance:
        result = dg.materialize(
            assets.ASSETS,
            instance=instance,
            resources={"lake": LakeResource(lake_root=str(evaluated_copy.root), device="cpu")},
        )
    assert result.success
    keys = [event.asset_key for event in result.get_asset_materialization_events()]
    made = {key.to_user_string() for key in keys if key}
    assert made == {"holdout_release", "ranking_model", "evaluation"}
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
