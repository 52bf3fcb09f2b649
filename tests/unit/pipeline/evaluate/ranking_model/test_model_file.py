"""A release, an evaluation and the ranking model: what makes a new release, and what does not."""

import json
from dataclasses import replace

import dagster as dg
import pytest

from embeat_pipeline.common.atomic import write_json
from embeat_pipeline.common.fingerprint import file_digest
from embeat_pipeline.definitions import defs
from embeat_pipeline.evaluate.evaluation import DEFAULT_OPTIONS
from embeat_pipeline.evaluate.options import EvaluationMode, EvaluationOptions
from embeat_pipeline.evaluate.ranking_model.model_file import (
    measurement_path,
    read_measurement,
    write_ranking_model,
)
from embeat_pipeline.evaluate.ranking_model.training_data import FitOptions
from embeat_pipeline.evaluate.report.store import evaluate_lake, run_evaluation
from embeat_pipeline.index.build import build_release, fusion_path
from embeat_serve.contract.manifest import Manifest
from embeat_serve.errors import PipelineError
from embeat_serve.ranking.model import DEFAULT_MODEL, RankingModel
from embeat_serve.stores.factory import current_release

SPLIT = DEFAULT_OPTIONS.split
FEW = FitOptions(draws=((1, 4),), cold_queries=0, min_queries=10, k=40, candidates=40)
"""So few queries that a small lake has a fit within seconds."""


def test_the_release_depends_on_the_ranking_model_in_the_asset_graph():
    graph = defs.resolve_asset_graph()
    above = {key.to_user_string() for key in graph.get(dg.AssetKey("release")).parent_keys}
    assert "ranking_model" in above
    above = {key.to_user_string() for key in graph.get(dg.AssetKey("ranking_model")).parent_keys}
    assert "holdout_release" in above


def test_a_quick_evaluation_changes_no_release(evaluated_copy):
    before = build_release(evaluated_copy)["release"]
    options = EvaluationOptions(mode=EvaluationMode.QUICK, max_queries=20, workers=1)
    evaluate_lake(evaluated_copy, options, "cpu")
    assert build_release(evaluated_copy)["release"] == before == current_release(evaluated_copy)


def test_the_report_reads_the_model_and_leaves_it(evaluated_copy, evaluation_options):
    model = RankingModel(DEFAULT_MODEL.weights * 1.5).to_dict()
    write_json(fusion_path(evaluated_copy), model)
    result = run_evaluation(evaluated_copy, evaluation_options, "cpu")
    assert json.loads(fusion_path(evaluated_copy).read_text()) == model
    manifest = Manifest.read(evaluated_copy.root / "evaluation" / "index" / result["release"])
    assert manifest.inputs["fusion"] == file_digest(fusion_path(evaluated_copy))


def test_a_fitted_model_is_an_input_that_the_next_release_names(evaluated_copy):
    before = current_release(evaluated_copy)
    # On a few playlists chance decides whether the fit is better; here it is always used.
    summary = write_ranking_model(evaluated_copy, SPLIT, replace(FEW, least_gain=-1.0))
    assert summary["fitted"] > 0
    release = build_release(evaluated_copy)["release"]
    assert release != before
    inputs = Manifest.read(evaluated_copy.release(release)).inputs
    assert inputs["fusion"] == file_digest(fusion_path(evaluated_copy))
    assert build_release(evaluated_copy)["release"] == release


def test_a_model_is_fitted_once_for_the_same_inputs(evaluated_copy):
    first = write_ranking_model(evaluated_copy, SPLIT, FEW)
    written = measurement_path(evaluated_copy).stat().st_mtime_ns
    again = write_ranking_model(evaluated_copy, SPLIT, FEW)
    assert again == {**first, "unchanged": True}
    assert measurement_path(evaluated_copy).stat().st_mtime_ns == written


@pytest.mark.parametrize("damage", ["", '{"weights": {}}'])
def test_a_damaged_model_file_is_made_again(evaluated_copy, damage):
    options = replace(FEW, least_gain=-1.0)
    first = write_ranking_model(evaluated_copy, SPLIT, options)
    model = fusion_path(evaluated_copy).read_bytes()
    fusion_path(evaluated_copy).write_text(damage)
    with pytest.raises(PipelineError, match="no ranking model"):
        build_release(evaluated_copy)
    assert write_ranking_model(evaluated_copy, SPLIT, options) == first
    assert fusion_path(evaluated_copy).read_bytes() == model


def test_where_no_fit_helps_the_default_weights_serve(evaluated_copy):
    write_json(fusion_path(evaluated_copy), DEFAULT_MODEL.to_dict())
    nobody = FitOptions(draws=((1, 1),), cold_queries=0, min_queries=10_000, k=20, candidates=20)
    assert write_ranking_model(evaluated_copy, SPLIT, nobody)["fitted"] == 0
    assert not fusion_path(evaluated_copy).exists()
    assert read_measurement(evaluated_copy)["one"]["fitted"] is False


def test_without_a_fit_there_is_no_measurement(tmp_path):
    from embeat_serve.contract.lake import LakePaths

    assert read_measurement(LakePaths(tmp_path)) == {}


def test_one_job_makes_holdout_release_model_and_report():
    job = defs.resolve_job_def("evaluate")
    keys = {key.to_user_string() for key in job.asset_layer.executable_asset_keys}
    assert keys == {"holdout_release", "ranking_model", "evaluation"}
