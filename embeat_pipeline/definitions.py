"""Collect everything that Dagster loads: assets, checks, jobs, schedules, sensors, resources.

Dagster loads this module in each of its processes, so nothing heavy may be imported here or at
the top of an ``assets.py``. ``workspace.yaml`` points here; nothing is defined here.
"""

import os

import dagster as dg

from embeat_pipeline.acoustic import assets as acoustic
from embeat_pipeline.evaluate import assets as evaluate
from embeat_pipeline.genres import assets as genres
from embeat_pipeline.index import assets as index
from embeat_pipeline.ingest import assets as ingest
from embeat_pipeline.orchestration import executors, jobs, schedules, sensors
from embeat_pipeline.orchestration.resources import LakeResource
from embeat_pipeline.playlists import assets as playlists
from embeat_pipeline.ranking import assets as ranking
from embeat_pipeline.settings import PipelineSettings
from embeat_serve.settings import Settings

settings = Settings.from_environment()

stages = (ingest, genres, acoustic, playlists, ranking, index, evaluate)

defs = dg.Definitions(
    assets=[asset for stage in stages for asset in stage.ASSETS],
    asset_checks=[check for stage in stages for check in stage.CHECKS],
    resources={
        "lake": LakeResource(
            # Dagster's processes do not share a working directory.
            lake_root=str(settings.lake.root.absolute()),
            device=PipelineSettings.from_environment().device,
        )
    },
    jobs=[jobs.pipeline, jobs.reindex_now, jobs.evaluate],
    schedules=[schedules.nightly_reindex],
    sensors=[sensors.raw_files],
    executor=executors.executor_of(os.environ),
)
