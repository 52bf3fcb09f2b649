"""When the pipeline runs: its jobs, the nightly schedule, the sensor on new dumps, the pools.

Here belongs what starts or limits runs. What a run does is in the stages' ``assets.py``.
"""

import hashlib
import json
import os
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path

import dagster as dg

from embeat_pipeline.orchestration.resources import LakeResource
from embeat_pipeline.stages import STAGES
from embeat_serve.errors import UsageError

SENSOR_SECONDS = 30
"""Shortest time between two looks at the raw folder; a dump has to hold still for one."""

pipeline = dg.define_asset_job(
    "pipeline",
    selection=dg.AssetSelection.groups(*STAGES),
    description=(
        "From raw dumps to a published release: reads the dumps, assigns genres, trains the "
        "models, builds a release, checks it and publishes it. Stages whose inputs did not change "
        "are skipped. The evaluation report is made on demand."
    ),
)

reindex_now = dg.define_asset_job(
    "reindex_now",
    selection=dg.AssetSelection.groups("index"),
    description=(
        "Build, check and publish a release of the tables and models as they are. Where little "
        "changed since the release being served, a copy of that one is changed; set "
        "EMBEAT_FULL_BUILD=1 to make all of it afresh."
    ),
)

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


def executor_of(environment: Mapping[str, str]) -> dg.ExecutorDefinition:
    """What runs the steps: processes here, or what ``EMBEAT_EXECUTOR=module:name`` names.

    Raises:
        UsageError: there is no such executor.
    """
    named = environment.get("EMBEAT_EXECUTOR", "")
    if not named:
        # A process per step gives a stage's memory back when it ends. Forking them from a server
        # that has loaded the definitions saves each of them two seconds of imports.
        preloaded = {"preload_modules": ["embeat_pipeline.definitions"]}
        return dg.multiprocess_executor.configured(
            {"max_concurrent": 2, "start_method": {"forkserver": preloaded}}
        )
    module, _, name = named.partition(":")
    try:
        found = getattr(import_module(module), name)
    except (ImportError, AttributeError, ValueError) as error:
        raise UsageError(
            f"EMBEAT_EXECUTOR names {named!r}, which cannot be imported ({error}); expected "
            f"module:name of an executor, such as dagster_k8s:k8s_job_executor"
        ) from None
    if not isinstance(found, dg.ExecutorDefinition):
        raise UsageError(f"EMBEAT_EXECUTOR names {named!r}, which is no Dagster executor")
    return found


def raw_digest(raw: Path) -> str | None:
    """Digest of which files lie under ``raw``: relative path, size and time of change.

    Hidden files and Markdown notes are no dump. None where there is nothing else.
    """
    seen = []
    for folder, folders, names in os.walk(raw, followlinks=True):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in names:
            path = Path(folder, name)
            if name.startswith(".") or path.suffix == ".md":
                continue
            try:
                status = path.stat()
            except FileNotFoundError:  # a copy in progress renames its scratch files
                continue
            seen.append((str(path.relative_to(raw)), status.st_size, status.st_mtime_ns))
    if not seen:
        return None
    return hashlib.sha256(json.dumps(sorted(seen)).encode()).hexdigest()[:16]


@dg.sensor(
    job=pipeline,
    minimum_interval_seconds=SENSOR_SECONDS,
    default_status=dg.DefaultSensorStatus.STOPPED,
    description=(
        "Runs the whole pipeline when files appear or change in the lake's raw folder, once they "
        "have held still from one look to the next. Off until switched on here."
    ),
)
def raw_files(
    context: dg.SensorEvaluationContext, lake: LakeResource
) -> dg.RunRequest | dg.SkipReason:
    """Ask for one run per state of the raw folder.

    The cursor holds the digest last run and the digest seen at the last look: a folder that is
    still being copied into looks different every time.
    """
    cursor = json.loads(context.cursor) if context.cursor else {}
    digest = raw_digest(lake.raw)
    if digest is None:
        return dg.SkipReason(f"No dump in {lake.raw}.")
    if digest == cursor.get("run"):
        return dg.SkipReason(f"{lake.raw} has not changed since the last run.")
    if digest != cursor.get("seen"):
        context.update_cursor(json.dumps({**cursor, "seen": digest}))
        return dg.SkipReason(f"{lake.raw} has changed; waiting until it holds still.")
    context.update_cursor(json.dumps({"run": digest, "seen": digest}))
    return dg.RunRequest(run_key=digest)
