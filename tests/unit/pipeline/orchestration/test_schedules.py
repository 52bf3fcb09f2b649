"""The nightly schedule."""

import dagster as dg

from embeat_pipeline.orchestration.schedules import nightly_reindex


def test_the_schedule_runs_the_whole_pipeline_once_it_is_switched_on() -> None:
    assert nightly_reindex.job_name == "pipeline"
    assert nightly_reindex.default_status is dg.DefaultScheduleStatus.STOPPED
