"""Write the evaluation report to ``reports/``, and skip the evaluation where it is up to date."""

import json
import math
from dataclasses import asdict
from pathlib import Path
from typing import Any

from embeat_pipeline.common.atomic import atomic_path, write_json
from embeat_pipeline.common.fingerprint import fingerprint
from embeat_pipeline.common.stage_cache import is_current, mark_current
from embeat_pipeline.evaluate.evaluation import DEFAULT_OPTIONS, evaluate
from embeat_pipeline.evaluate.holdout.release import build_holdout_release, record_path
from embeat_pipeline.evaluate.options import EvaluationOptions
from embeat_pipeline.evaluate.report.html import render_report
from embeat_serve.contract.lake import LakePaths
from embeat_serve.contract.manifest import ReleaseFile
from embeat_serve.errors import NoRelease
from embeat_serve.settings import Settings
from embeat_serve.stores.factory import current_release

TABLES = ("tracks", "artists", "genre_map", "related_artists", "playlists")


def evaluation_json(lake: LakePaths) -> Path:
    """File of the figures."""
    return lake.reports / "evaluation.json"


def evaluation_page(lake: LakePaths) -> Path:
    """File of the HTML page."""
    return lake.reports / "evaluation.html"


def evaluate_lake(
    lake: LakePaths, options: EvaluationOptions | None = None, device: str = "auto"
) -> dict[str, Any]:
    """Materialize what the report reads, then the report: the command ``evaluate``.

    The steps are those of Dagster's job ``evaluate``: the assets ``holdout_release`` and
    ``evaluation``. None is made twice.

    Returns:
        See ``run_evaluation``.

    Raises:
        NoRelease: nothing is published.
        PipelineError: the lake cannot be evaluated.
    """
    options = options or DEFAULT_OPTIONS
    _require_release(lake)
    build_holdout_release(lake, options.split, device)
    return run_evaluation(lake, options, device)


def run_evaluation(
    lake: LakePaths, options: EvaluationOptions | None = None, device: str = "auto"
) -> dict[str, Any]:
    """Evaluate the holdout release and write the report, unless its inputs are unchanged.

    Returns:
        The figures, see ``evaluation.evaluate``; with ``unchanged`` where nothing was measured.

    Raises:
        NoRelease: nothing is published.
        PipelineError: there is no holdout release of the lake as it is.
    """
    options = options or DEFAULT_OPTIONS
    _require_release(lake)
    inputs = [path for path in (*_tables(lake), record_path(lake)) if path.is_file()]
    settings = {
        "options": {**asdict(options), "workers": None},
        "recall": asdict(Settings.from_environment().recall),
    }
    outputs = [evaluation_json(lake), evaluation_page(lake)]
    key = fingerprint(__name__, settings=settings, inputs=inputs)
    if is_current(outputs, key):
        return json.loads(outputs[0].read_text(encoding="utf-8")) | {"unchanged": True}
    result = to_json_values(evaluate(lake, options, device))
    write_report(lake, result)
    mark_current(outputs, key, {"release": result["release"]})
    return result


def write_report(lake: LakePaths, result: dict[str, Any]) -> None:
    """Write figures and page to ``reports/``."""
    write_json(evaluation_json(lake), result)
    with atomic_path(evaluation_page(lake)) as scratch:
        scratch.write_text(render_report(result), encoding="utf-8")


def to_json_values(value: Any) -> Any:
    """Copy nested values as JSON has them: NaN and infinity as null, tuples as lists."""
    if isinstance(value, dict):
        return {str(key): to_json_values(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [to_json_values(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def _tables(lake: LakePaths) -> list[Path]:
    return [*map(lake.table, TABLES), lake.models / ReleaseFile.ENCODER]


def _require_release(lake: LakePaths) -> None:
    current_release(lake)
    missing = [path.name for path in _tables(lake) if not path.is_file()]
    if missing:
        raise NoRelease(
            f"{', '.join(missing)} is missing from {lake.root}; "
            f"run `python -m embeat_pipeline run --lake {lake.root}`"
        )
