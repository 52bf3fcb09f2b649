"""Find the holdout release that stands for a release of the lake.

A release is named after everything that decides its content, code and settings included. So a
holdout release is recorded under the name of the release that the lake would build when it was
made; a release of another version has no part in it.
"""

import hashlib
import json
from dataclasses import asdict
from pathlib import Path

from embeat_pipeline.common.atomic import write_json
from embeat_pipeline.interactions.split import SplitOptions
from embeat_serve.contract.lake import LakePaths
from embeat_serve.contract.manifest import ReleaseFile
from embeat_serve.errors import PipelineError


def register(lake: LakePaths, options: SplitOptions, holdout: str) -> None:
    """Record that ``holdout`` stands for the release that the lake as it is would build.

    Args:
        lake: lake whose tables, as they are, the holdout release was made from.
        options: how its playlists were split.
        holdout: name of the release in the evaluation lake.
    """
    from embeat_pipeline.index.build import input_digests, release_name
    from embeat_pipeline.index.config import BuildOptions

    try:
        inputs = input_digests(lake)
    except PipelineError:
        return  # No release can be made from these tables, so there is nothing to compare with.
    names = {key: name for key, name in _names(lake).items() if _exists(lake, name)}
    release = release_name(inputs, BuildOptions.from_environment())
    write_json(_registry_path(lake), {**names, _key(release, options): holdout})


def holdout_of(lake: LakePaths, release: str, options: SplitOptions) -> str | None:
    """Name of the holdout release of a release; None where there is none (any more)."""
    name = _names(lake).get(_key(release, options))
    return name if name and _exists(lake, name) else None


def _key(release: str, options: SplitOptions) -> str:
    split = json.dumps(asdict(options), sort_keys=True)
    return f"{release}-{hashlib.sha256(split.encode()).hexdigest()[:12]}"


def _exists(lake: LakePaths, holdout: str) -> bool:
    releases = LakePaths(_registry_path(lake).parent)
    return (releases.release(holdout) / ReleaseFile.MANIFEST).is_file()


def _registry_path(lake: LakePaths) -> Path:
    return lake.root / "evaluation" / "holdout_releases.json"


def _names(lake: LakePaths) -> dict[str, str]:
    try:
        return json.loads(_registry_path(lake).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
