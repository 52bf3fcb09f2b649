"""The jobs: what each of them makes."""

import dagster as dg

from embeat_pipeline.definitions import defs
from embeat_pipeline.orchestration.jobs import pipeline, reindex_now
from embeat_pipeline.stages import STAGES


def assets_of(job: dg.JobDefinition) -> set[dg.AssetKey]:
    return set(job.asset_layer.selected_asset_keys)


def test_the_pipeline_makes_every_stage_and_no_report() -> None:
    graph = defs.resolve_asset_graph()
    made = assets_of(defs.resolve_job_def(pipeline.name))
    assert {graph.get(key).group_name for key in made} == set(STAGES)
    assert made == {
        key for key in graph.get_all_asset_keys() if graph.get(key).group_name in STAGES
    }


def test_reindexing_now_makes_a_release_of_what_is_there() -> None:
    job = defs.resolve_job_def(reindex_now.name)
    names = {key.to_user_string() for key in assets_of(job)}
    assert names == {"release", "published_release"}
    assert "release_is_fit" in {key.name for key in job.asset_layer.asset_graph.asset_check_keys}
