"""Keep the verdict of the check before publishing, so that only a release it passed is published.

Runs of the UI take the lake step by step. So another run may build a release after this run's
check and before its publication. The verdict names the release that was judged.
"""

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

from embeat_pipeline.common.atomic import write_json
from embeat_serve.contract.lake import LakePaths
from embeat_serve.errors import BrokenRelease, NoRelease, PipelineError
from embeat_serve.stores.factory import current_release


def verdict_path(lake: LakePaths) -> Path:
    """Return the file of the newest verdict."""
    return lake.index / "verdict.json"


def record_verdict(lake: LakePaths, release: str, *, passed: bool, reason: str) -> None:
    """Record what the check found out about a release, in place of the verdict before."""
    write_json(verdict_path(lake), {"release": release, "passed": passed, "reason": reason})


def require_verdict(lake: LakePaths, release: str) -> None:
    """Do nothing if a release may be published: the check passed it, or it is served already.

    Raises:
        PipelineError: it was not judged, or failed.
    """
    with suppress(NoRelease, BrokenRelease):
        if current_release(lake) == release:
            return
    verdict = _read(lake)
    if verdict.get("release") != release:
        judged = verdict.get("release", "no release")
        found = f"the check release_is_no_worse has judged {judged}"
    elif not verdict.get("passed"):
        found = f"the check release_is_no_worse has failed it ({verdict.get('reason')})"
    else:
        return
    raise PipelineError(
        f"release {release}, built last, is not published: {found}, expected that it has passed "
        f"this one; run `python -m embeat_pipeline run --lake {lake.root} --select index`"
    )


def _read(lake: LakePaths) -> dict[str, Any]:
    try:
        verdict = json.loads(verdict_path(lake).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return verdict if isinstance(verdict, dict) else {}
