"""Publish a release, roll back to the previous one, and remove old releases.

``index/CURRENT`` names the release being served and ``index/PREVIOUS`` the one before. Each is
replaced in one step, so a reader always finds the whole name of a whole release.
"""

from pathlib import Path
from typing import Any

from embeat_pipeline.common.atomic import atomic_path
from embeat_pipeline.index.lock import discard_leftovers, discard_release, index_lock
from embeat_pipeline.index.verification import verified_checks
from embeat_serve.contract.lake import LakePaths
from embeat_serve.contract.manifest import Manifest
from embeat_serve.errors import BrokenRelease, NoRelease, PipelineError, UnfitRelease
from embeat_serve.stores.factory import current_release, read_manifest


def previous_path(lake: LakePaths) -> Path:
    """Return the file that names the release served before the current one."""
    return lake.index / "PREVIOUS"


def publish_release(lake: LakePaths, release: str) -> dict[str, Any]:
    """Serve a release from now on, if it passes every check.

    A check that was recorded when the release was built is not run again while the release is
    unchanged; see ``verification``.

    Returns:
        ``release``, ``previous`` (None where there was none), and the value of each check.

    Raises:
        UnfitRelease: it failed a check; nothing has changed.
        PipelineError: another process is building or publishing.
    """
    checks = verified_checks(lake, release)
    failed = [str(check) for check in checks if not check.passed]
    if failed:
        raise UnfitRelease(
            f"release {release} is not published, {len(failed)} of its checks failed: "
            f"{'; '.join(failed)}"
        )
    metadata = {check.name: check.value for check in checks}
    with index_lock(lake):
        served = _served(lake)
        if served == release:
            return {"release": release, "previous": _previous(lake), **metadata, "unchanged": True}
        if served is not None:
            _write_pointer(previous_path(lake), served)
        _write_pointer(lake.current, release)
    return {"release": release, "previous": served, **metadata}


def rollback(lake: LakePaths) -> dict[str, Any]:
    """Serve the previous release again; a second call returns to the current one.

    Returns:
        ``release`` (served from now on) and ``previous``.

    Raises:
        PipelineError: there is none to go back to.
        BrokenRelease: it cannot be read; nothing has changed.
    """
    nothing = PipelineError(f"no previous release in {lake.index} to go back to")
    if not lake.index.is_dir():
        raise nothing  # The lock would create the folder.
    with index_lock(lake):
        served, previous = _served(lake), _previous(lake)
        if previous is None or previous == served:
            raise nothing
        read_manifest(lake, previous)
        _write_pointer(lake.current, previous)
        if served is not None:
            _write_pointer(previous_path(lake), served)
    return {"release": previous, "previous": served}


def collect_garbage(lake: LakePaths, keep: int = 2) -> list[str]:
    """Remove old releases and leftovers of killed builds.

    The newest ``keep`` releases stay, and so do the served and the previous one. A process that
    has a removed release open can go on reading it.

    Returns:
        Names of the releases removed, sorted.
    """
    with index_lock(lake):
        discard_leftovers(lake)
        pinned = {_served(lake), _previous(lake)}
        built = {
            folder.name: _built_at(folder)
            for folder in lake.index.iterdir()
            if folder.is_dir() and not folder.name.startswith(".")
        }
        newest = sorted(built, key=lambda name: (built[name], name), reverse=True)[:keep]
        removed = sorted(set(built) - pinned - set(newest))
        for release in removed:
            discard_release(lake, release)
    return removed


def _write_pointer(path: Path, release: str) -> None:
    with atomic_path(path) as scratch:
        scratch.write_text(f"{release}\n", encoding="utf-8")


def _served(lake: LakePaths) -> str | None:
    try:
        return current_release(lake)
    except (NoRelease, BrokenRelease):
        return None


def _previous(lake: LakePaths) -> str | None:
    try:
        return previous_path(lake).read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        return None


def _built_at(folder: Path) -> str:
    try:
        return Manifest.read(folder).built_at
    except (OSError, ValueError):
        return ""
