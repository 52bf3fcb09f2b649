"""Fit the ranking model of a lake and write it where the next release reads it."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from embeat_pipeline.common.atomic import write_json
from embeat_pipeline.common.fingerprint import file_digest, fingerprint
from embeat_pipeline.common.stage_cache import is_current, made_metadata, mark_current
from embeat_pipeline.evaluate.inputs.playlist_split import load_split
from embeat_pipeline.evaluate.ranking_model.fit import DEFAULT_OPTIONS, fit_ranking_model
from embeat_pipeline.evaluate.ranking_model.holdout_release import read_holdout_release
from embeat_pipeline.evaluate.ranking_model.training_data import FitOptions
from embeat_pipeline.interactions.split import SplitOptions
from embeat_serve.contract.lake import LakePaths
from embeat_serve.ranking.model import SEED_REGIMES

MODEL = "model_file"
"""Name in the metadata of the digest of the model file; empty where there is no such file."""


def measurement_path(lake: LakePaths) -> Path:
    """File of what the fit measured on validation playlists."""
    return lake.reports / "ranking_model.json"


def write_ranking_model(
    lake: LakePaths, split: SplitOptions, options: FitOptions = DEFAULT_OPTIONS
) -> dict[str, Any]:
    """Fit the ranking model with the holdout release, unless that was done from the same inputs.

    Where the fit is no better than the default for any kind of seed there is no model file, and
    the default weights serve. A model file that is not as it was written is made again.

    Args:
        lake: with a holdout release, see ``build_holdout_release``.
        split: the split under which that was built.
        options: see ``FitOptions``.

    Returns:
        ``fitted`` (how many kinds of seed have weights of this lake), ``queries`` (by kind), and
        ``unchanged`` where nothing was fitted now.

    Raises:
        PipelineError: there is no holdout release of the lake as it is.
        Unavailable: the holdout release cannot be queried.
    """
    from embeat_pipeline.index.build import fusion_path

    holdout = read_holdout_release(lake, split)
    output, model_path = measurement_path(lake), fusion_path(lake)
    settings = {
        "holdout": holdout.release,
        "split": asdict(split),
        "options": asdict(options),
    }
    key = fingerprint(__name__, settings=settings, inputs=[lake.table("playlists")])
    if is_current([output], key) and made_metadata(output).get(MODEL) == _digest(model_path):
        return {**_summary(read_measurement(lake)), "unchanged": True}
    data = load_split(lake, split)
    model, measured = fit_ranking_model(holdout, data.train, data.validation, options)
    if _summary(measured)["fitted"]:
        write_json(model_path, model.to_dict())
    else:
        model_path.unlink(missing_ok=True)
    write_json(output, measured)
    mark_current([output], key, {**_summary(measured), MODEL: _digest(model_path)})
    return _summary(measured)


def read_measurement(lake: LakePaths) -> dict[str, Any]:
    """What the fit measured, see ``fit_ranking_model``; empty where nothing was fitted yet."""
    try:
        return json.loads(measurement_path(lake).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}


def _digest(model_path: Path) -> str:
    return file_digest(model_path) if model_path.is_file() else ""


def _summary(measured: dict[str, Any]) -> dict[str, Any]:
    kinds = {kind: measured[kind] for kind in SEED_REGIMES if kind in measured}
    return {
        "fitted": sum(of_kind["fitted"] for of_kind in kinds.values()),
        **{f"queries_{kind}": of_kind["queries"] for kind, of_kind in kinds.items()},
    }
