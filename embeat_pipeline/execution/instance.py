"""Open the Dagster instance, and close the runs that killed processes left in it.

A killed run stays "started" for ever and keeps its pools, so that the next run would wait for it.
Whoever starts runs holds a file lock meanwhile, so a run whose lock is free is dead.
"""

import os
from pathlib import Path

import dagster as dg

from embeat_pipeline.common.file_lock import is_locked, lake_lock_path
from embeat_serve.contract.lake import LakePaths

REPOSITORY = Path(__file__).resolve().parents[2]
LAKE_TAG = "embeat/lake"
"""Tag of runs started from the command line: the lake they hold."""


def dagster_home(lake: LakePaths) -> Path:
    """DAGSTER_HOME if set, else that of this checkout, else a folder in the lake. Absolute."""
    checkout = REPOSITORY / "dagster_home"
    if given := os.environ.get("DAGSTER_HOME"):
        home = Path(given)
    elif checkout.is_dir():
        home = checkout
    else:
        home = lake.root / ".dagster"
    home.mkdir(parents=True, exist_ok=True)
    return home.resolve()


def open_instance(home: Path) -> dg.DagsterInstance:
    """Instance of ``home`` for runs in this process.

    Capturing a step's output swaps the process's file descriptors, which would turn progress
    bars into log lines; so it is off here, unlike in the UI. The pipeline's own messages stay as
    they are for the same reason.
    """
    overrides = {
        "python_logs": {"managed_python_loggers": []},
        "telemetry": {"enabled": False},
        "compute_logs": {
            "module": "dagster._core.storage.noop_compute_log_manager",
            "class": "NoOpComputeLogManager",
        },
    }
    # The public way to override settings; the folder is as temporary as its owner wants.
    return dg.DagsterInstance.local_temp(str(home), overrides=overrides)


def ui_lock(home: Path) -> Path:
    """Lock file of the UI on the instance in ``home``."""
    return home / ".ui.lock"


def close_dead_runs(instance: dg.DagsterInstance, home: Path, own: Path | None = None) -> None:
    """Mark runs whose process is gone as failed, and free the pools they held.

    Args:
        instance: the instance of ``home``.
        home: its folder.
        own: a lock the caller already holds.
    """
    unfinished = dg.RunsFilter(
        statuses=[
            dg.DagsterRunStatus.STARTING,
            dg.DagsterRunStatus.STARTED,
            dg.DagsterRunStatus.CANCELING,
        ]
    )
    for record in instance.get_run_records(unfinished):
        run = record.dagster_run
        lake = run.tags.get(LAKE_TAG)
        lock = lake_lock_path(LakePaths(Path(lake))) if lake else ui_lock(home)
        if lock != own and lock.parent.is_dir() and is_locked(lock):
            continue
        instance.report_run_failed(run, "The process of this run is gone.")
        instance.event_log_storage.free_concurrency_slots_for_run(run.run_id)
