import dagster as dg
import pytest

from embeat_pipeline.evaluate import assets, publish_gate
from embeat_pipeline.evaluate.publish_gate import Verdict
from embeat_pipeline.evaluate.report import store
from embeat_pipeline.index.gate_verdict import require_verdict
from embeat_pipeline.orchestration.resources import LakeResource
from embeat_serve.errors import PipelineError


def test_holdout_release_and_report_are_assets(evaluated_copy, evaluation_options, monkeypatch):
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
    assert made == {"holdout_release", "evaluation"}
    metadata = result.asset_materializations_for_node("evaluation")[0].metadata
    charts = [value for name, value in metadata.items() if name.startswith("chart_")]
    assert len(charts) >= 5
    assert all("data:image/svg+xml;base64," in str(chart.value) for chart in charts)
    assert "ndcg@20 product, 1 seeds" in metadata


def judge(lake: LakeResource) -> dg.AssetCheckResult:
    result = assets.release_is_no_worse(lake=lake)
    assert isinstance(result, dg.AssetCheckResult)
    return result


def test_the_gate_records_its_verdict_on_the_release_last_built(tmp_path, monkeypatch):
    lake = LakeResource(lake_root=str(tmp_path))
    lake.paths.index.mkdir()
    (lake.paths.index / "BUILT").write_text("built\n")
    assert judge(lake).passed
    require_verdict(lake.paths, "built")
    worse = Verdict(False, "nDCG fell")
    monkeypatch.setattr(publish_gate, "judge_release", lambda *_: worse)
    assert not judge(lake).passed
    with pytest.raises(PipelineError, match="nDCG fell"):
        require_verdict(lake.paths, "built")


def test_the_gate_blocks():
    (check,) = assets.CHECKS
    (spec,) = check.check_specs
    assert spec.blocking
    assert spec.asset_key == dg.AssetKey("release")
