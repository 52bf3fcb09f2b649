"""Run the pipeline's job in this process, and print a line for each asset.

Here belongs how the command line starts, shows and explains a run. Dagster's own logging stays
quiet; the run and its metadata are in the instance, where the UI shows them.
"""

import shlex
import uuid
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import dagster as dg

from embeat_pipeline.common.file_lock import lake_lock, lake_lock_path
from embeat_pipeline.execution.instance import (
    LAKE_TAG,
    close_dead_runs,
    dagster_home,
    open_instance,
)
from embeat_pipeline.stages import STAGES
from embeat_serve.contract.lake import LakePaths
from embeat_serve.contract.manifest import Manifest
from embeat_serve.contract.schema import Collection
from embeat_serve.errors import EmbeatError, PipelineError

ROW_COUNT = "dagster/row_count"


def run_pipeline(
    lake: LakePaths, raw: Path | None = None, stages: Sequence[str] = STAGES, device: str = "auto"
) -> None:
    """Run ``stages`` on ``lake``, printing a line for each asset they make.

    Args:
        lake: data lake to work in.
        raw: folder of the dump; the lake's own where None.
        stages: names from ``STAGES``.
        device: ``auto``, ``cpu`` or ``cuda``.

    Raises:
        EmbeatError: as a stage raised it; ``PipelineError`` for a failed blocking check, any
            other failure of a stage, and a lake that another run is working on.
        KeyboardInterrupt: the run was interrupted, and is recorded as such.
    """
    lake = LakePaths(lake.root.absolute())
    home = dagster_home(lake)
    with lake_lock(lake), warnings.catch_warnings():
        warnings.simplefilter("ignore", dg.BetaWarning)
        warnings.simplefilter("ignore", dg.PreviewWarning)
        with open_instance(home) as instance:
            close_dead_runs(instance, home, own=lake_lock_path(lake))
            _execute(instance, lake, raw, stages, device)


def _execute(
    instance: dg.DagsterInstance,
    lake: LakePaths,
    raw: Path | None,
    stages: Sequence[str],
    device: str,
) -> None:
    from embeat_pipeline.definitions import defs

    graph = defs.resolve_asset_graph()
    selected = dg.AssetSelection.groups(*stages).resolve(graph)
    seen = RunLines({key: graph.get(key).group_name or "" for key in selected})
    run_id = str(uuid.uuid4())
    instance.add_event_listener(run_id, seen)
    resource = {"lake_root": str(lake.root), "device": device}
    if raw:
        resource["raw_root"] = str(raw.absolute())
    try:
        defs.resolve_job_def("pipeline").execute_in_process(
            instance=instance,
            run_id=run_id,
            asset_selection=sorted(selected),
            tags={LAKE_TAG: str(lake.root)},
            run_config={
                "resources": {"lake": {"config": resource}},
                "loggers": {"console": {"config": {"log_level": "CRITICAL"}}},
            },
        )
    except EmbeatError:
        raise
    except dg.DagsterExecutionInterruptedError:
        raise KeyboardInterrupt from None
    except Exception as error:
        if seen.failed_checks:
            raise PipelineError(f"{'; '.join(seen.failed_checks)}; nothing was published") from None
        reason = " ".join(f"{type(error).__name__}: {error}".split())
        raise PipelineError(
            f"{seen.step or 'the run'} failed: {reason} "
            "(the traceback is in the run's log: python -m embeat_pipeline ui)"
        ) from error
    finally:
        # Dagster leaves them claimed when a step is interrupted.
        instance.event_log_storage.free_concurrency_slots_for_run(run_id)


class RunLines:
    """Prints what a run makes, as its events come in.

    Attributes:
        step: name of the step that started last.
        failed_checks: what failed blocking checks found.
    """

    def __init__(self, stage_of: Mapping[dg.AssetKey, str]):
        self.step = ""
        self.failed_checks: list[str] = []
        self._stage_of = stage_of
        self._made: list[dg.AssetMaterialization] = []
        self._started = 0.0

    def __call__(self, entry: dg.EventLogEntry) -> None:
        """See one event."""
        event = entry.dagster_event
        if event is None:
            return
        if event.is_step_start:
            self.step, self._started, self._made = event.step_key or "", entry.timestamp, []
        elif event.is_step_materialization:
            self._made.append(event.step_materialization_data.materialization)
        elif event.is_step_success:
            for row, made in enumerate(self._made):
                seconds = "" if row else f"{entry.timestamp - self._started:,.1f} s"
                print(self._line(made, seconds), flush=True)
        elif event.event_type is dg.DagsterEventType.ASSET_CHECK_EVALUATION:
            self._see_check(event.asset_check_evaluation_data)

    def _line(self, made: dg.AssetMaterialization, seconds: str) -> str:
        metadata: dict[str, Any] = {name: value.value for name, value in made.metadata.items()}
        rows = f"{metadata[ROW_COUNT]:,} rows" if ROW_COUNT in metadata else ""
        note = "unchanged" if metadata.get("unchanged") else ""
        name = made.asset_key.to_user_string()
        line = f"{self._stage_of[made.asset_key]:<10} {name:<18} {rows:>16} {seconds:>10}  {note}"
        return line.rstrip()

    def _see_check(self, check: dg.AssetCheckEvaluation) -> None:
        if check.passed:
            return
        asset = check.asset_key.to_user_string()
        found = f"check {check.check_name} of {asset} failed: {check.description or 'no details'}"
        if check.blocking and check.severity is dg.AssetCheckSeverity.ERROR:
            self.failed_checks.append(found)
        else:
            print(f"{self._stage_of[check.asset_key]:<10} {found}", flush=True)


def published_line(lake: LakePaths) -> str:
    """What is published in ``lake``, and how to ask it for music."""
    if not lake.current.is_file():
        return "No release is published; run all stages to make one."
    import duckdb

    manifest = Manifest.read(lake.release(lake.current.read_text(encoding="utf-8").strip()))
    with duckdb.connect() as connection:
        song = connection.execute(
            "SELECT track_name || coalesce(' - ' || artist_names[1], '') FROM read_parquet(?) "
            "WHERE track_name IS NOT NULL ORDER BY popularity DESC NULLS LAST, track_code LIMIT 1",
            [str(lake.table("tracks"))],
        ).fetchone()
    command = ["python", "-m", "embeat_serve", "--lake", str(lake.root), song[0] if song else "…"]
    tracks = manifest.counts[Collection.TRACKS]
    return f"Published release {manifest.release}: {tracks:,} tracks. Try: {shlex.join(command)}"
