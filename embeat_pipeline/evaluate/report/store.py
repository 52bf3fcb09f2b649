"""The evaluation stage: measure, and keep the result where people and Dagster find it."""

import json
import math
from dataclasses import asdict
from pathlib import Path
from typing import Any

from embeat_pipeline.common.atomic import atomic_path, write_json
from embeat_pipeline.common.fingerprint import fingerprint
from embeat_pipeline.common.stage_cache import is_current, mark_current
from embeat_pipeline.evaluate.evaluation import DEFAULT_OPTIONS, evaluate
from embeat_pipeline.evaluate.options import EvaluationOptions
from embeat_pipeline.evaluate.ranking_model.holdout_release import (
    HoldoutRelease,
    evaluation_lake,
    record_twin,
)
from embeat_pipeline.evaluate.report.html import page
from embeat_serve.contract.lake import LakePaths
from embeat_serve.contract.manifest import ReleaseFile
from embeat_serve.errors import NoRelease
from embeat_serve.settings import Settings
from embeat_serve.stores.factory import current_release

TABLES = ("tracks", "artists", "genre_map", "related_artists", "playlists")


def evaluation_json(lake: LakePaths) -> Path:
    """Where the figures are kept."""
    return lake.reports / "evaluation.json"


def evaluation_page(lake: LakePaths) -> Path:
    """Where the page is kept."""
    return lake.reports / "evaluation.html"


def run_evaluation(
    lake: LakePaths, options: EvaluationOptions | None = None, device: str = "auto"
) -> dict[str, Any]:
    """Evaluate a lake and write its report, unless nothing that decides it has changed.

    Returns:
        The figures, see ``evaluation.evaluate``; with ``unchanged`` where they were there.

    Raises:
        NoRelease: nothing is published.
        PipelineError: the lake cannot be evaluated.
    """
    options = options or DEFAULT_OPTIONS
    release = current_release(lake)
    inputs = [*map(lake.table, TABLES), lake.models / ReleaseFile.ENCODER]
    outputs = [evaluation_json(lake), evaluation_page(lake)]
    settings = {
        "options": {**asdict(options), "workers": None},
        "recall": asdict(Settings.from_environment().recall),
    }
    missing = [path.name for path in inputs if not path.is_file()]
    if missing:
        raise NoRelease(
            f"{', '.join(missing)} is missing from {lake.root}; "
            f"run `python -m embeat_pipeline run --lake {lake.root}`"
        )
    key = fingerprint(__name__, settings=settings, inputs=inputs)
    if is_current(outputs, key):
        return json.loads(outputs[0].read_text(encoding="utf-8")) | {"unchanged": True}
    result = plain(evaluate(lake, options, device))
    record_twin(lake, release, HoldoutRelease(evaluation_lake(lake), result["release"]))
    write_report(lake, result)
    mark_current(outputs, key, {"release": result["release"]})
    return result


def write_report(lake: LakePaths, result: dict[str, Any]) -> None:
    """Write figures and page to ``reports``."""
    write_json(evaluation_json(lake), result)
    with atomic_path(evaluation_page(lake)) as scratch:
        scratch.write_text(page(result), encoding="utf-8")


def plain(value: Any) -> Any:
    """JSON values: what is not a number becomes null, tuples become lists."""
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
