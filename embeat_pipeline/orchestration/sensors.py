"""Sensors: what starts runs when something outside changes.

Here belongs the watch on the raw folder. Which files are a dump is decided by ingest.
"""

import hashlib
import json
from contextlib import suppress
from pathlib import Path

import dagster as dg

from embeat_pipeline.ingest.reading.discovery import dump_files
from embeat_pipeline.orchestration.jobs import pipeline
from embeat_pipeline.orchestration.resources import LakeResource

SENSOR_SECONDS = 30
"""Shortest time between two looks at the raw folder; a dump has to stay the same for as long."""


def raw_digest(raw: Path) -> str | None:
    """Digest of which files a dump has: relative path, size and time of change; None without any.

    No file is read, so that a look at a large dump is cheap.
    """
    files = []
    for path in dump_files(raw):
        with suppress(FileNotFoundError):  # A copy in progress renames its scratch files.
            status = path.stat()
            name = path.relative_to(raw).as_posix()
            files.append((name, status.st_size, status.st_mtime_ns))
    if not files:
        return None
    return hashlib.sha256(json.dumps(files).encode()).hexdigest()[:16]


@dg.sensor(
    job=pipeline,
    minimum_interval_seconds=SENSOR_SECONDS,
    default_status=dg.DefaultSensorStatus.STOPPED,
    description=(
        "Runs the whole pipeline when files appear or change in the lake's raw folder, once they "
        "stay the same from one look to the next. Off until switched on here."
    ),
)
def raw_files(
    context: dg.SensorEvaluationContext, lake: LakeResource
) -> dg.RunRequest | dg.SkipReason:
    """Request one run for each state of the raw folder.

    The cursor holds the digest of the last run and that of the last look: a folder that is still
    being copied into looks different every time.
    """
    cursor = json.loads(context.cursor) if context.cursor else {}
    digest = raw_digest(lake.raw)
    if digest is None:
        return dg.SkipReason(f"No dump in {lake.raw}.")
    if digest == cursor.get("run"):
        return dg.SkipReason(f"{lake.raw} has not changed since the last run.")
    if digest != cursor.get("seen"):
        context.update_cursor(json.dumps({**cursor, "seen": digest}))
        return dg.SkipReason(f"{lake.raw} has changed; waiting until it stays the same.")
    context.update_cursor(json.dumps({"run": digest, "seen": digest}))
    return dg.RunRequest(run_key=digest)
