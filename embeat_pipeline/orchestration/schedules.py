"""Schedules: what starts runs by the clock.

Here belong schedules and their times. What a run does is in ``jobs.py``.
"""

import dagster as dg

from embeat_pipeline.orchestration.jobs import pipeline

nightly_reindex = dg.ScheduleDefinition(
    name="nightly_reindex",
    job=pipeline,
    cron_schedule="0 3 * * *",
    default_status=dg.DefaultScheduleStatus.STOPPED,
    description=(
        "Runs the whole pipeline at 03:00 UTC. Off until switched on here; a night without new "
        "data costs seconds, since nothing is made twice."
    ),
)
