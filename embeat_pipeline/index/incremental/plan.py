"""Decide which collections of a new release can be patched from an earlier release.

Where a collection has to be built anew, the reason goes into the manifest.
"""

import json
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa

from embeat_pipeline.common.atomic import write_json
from embeat_pipeline.common.fingerprint import library_versions, source_digest
from embeat_pipeline.index.config import FULL_BUILD, BuildOptions
from embeat_pipeline.index.incremental.point_digests import (
    FOLDER,
    Changes,
    compare_digests,
    digests_path,
)
from embeat_serve.contract.lake import LakePaths
from embeat_serve.contract.manifest import Manifest
from embeat_serve.errors import BrokenRelease, NoRelease
from embeat_serve.stores.factory import current_release, read_manifest

BUILT = "BUILT"
"""File that names the release last built, published or not."""

POINT_BUILDERS = (
    "embeat_pipeline.index.shard_worker",
    "embeat_pipeline.index.incremental.point_digests",
)
"""Modules whose code and libraries decide how points look and are stored, and their digests."""

NO_EARLIER_RELEASE = "no release was served or built before"
"""Reason of a first build; it is not worth a message."""


class FullRebuildRequired(Exception):
    """A collection has to be built anew; the message says why."""


class BaseRelease(NamedTuple):
    """Release to patch, or the reason why there is none."""

    manifest: Manifest | None
    reason: str = ""


def write_recipe(folder: Path, options: BuildOptions) -> None:
    """Record in a release what a later build must share with it to patch it."""
    write_json(folder / FOLDER / "recipe.json", recipe(options))


def find_base(lake: LakePaths, options: BuildOptions) -> BaseRelease:
    """Return the release to patch; none where everything has to be built anew.

    Only the served release qualifies, since it has passed its checks. In a lake that publishes
    nothing (of an evaluation) it is the release last built. Format, settings, code and engine
    must be the same, since unchanged points are not looked at again.
    """
    if not options.increments:
        return BaseRelease(None, f"requested by {FULL_BUILD}=1 or increments=False")
    try:
        name = _served_or_built(lake)
    except OSError:
        return BaseRelease(None, NO_EARLIER_RELEASE)
    try:
        manifest = read_manifest(lake, name)
        before = json.loads((lake.release(name) / FOLDER / "recipe.json").read_bytes())
    except (BrokenRelease, OSError, ValueError) as error:
        return BaseRelease(None, f"release {name} cannot be read: {error}")
    differences = list(_differences(before, recipe(options)))
    if differences:
        return BaseRelease(None, f"release {name} was built with other {', '.join(differences)}")
    return BaseRelease(manifest)


def _served_or_built(lake: LakePaths) -> str:
    try:
        return current_release(lake)
    except NoRelease:
        return (lake.index / BUILT).read_text(encoding="utf-8").strip()


def recipe(options: BuildOptions) -> dict[str, Any]:
    """Return everything besides the tables that decides how points look and are stored."""
    return {
        "parameters": options.parameters(),
        "libraries": {
            name: version
            for module in POINT_BUILDERS
            for name, version in library_versions(module).items()
        },
        "code": "-".join(map(source_digest, POINT_BUILDERS)),
    }


def _differences(before: object, after: object, path: str = "") -> list[str]:
    """Return where two recipes differ, such as ``parameters.graph_links (16, now 8)``."""
    if isinstance(before, dict) and isinstance(after, dict):
        return [
            difference
            for key in sorted({*before, *after})
            for difference in _differences(
                before.get(key), after.get(key), f"{path}.{key}" if path else key
            )
        ]
    return [] if before == after else [f"{path or 'recipe'} ({before}, now {after})"]


def changes_since(base: Path, folder: Path, collection: str, options: BuildOptions) -> Changes:
    """Return how a collection differs from that of the base release.

    Args:
        base: folder of the release to patch.
        folder: folder of the new release; its digests are written.
        collection: one of ``Collection.ALL``.
        options: settings of the build; ``max_changed_share`` is the limit.

    Raises:
        FullRebuildRequired: too many points changed, or the digests cannot be read.
    """
    try:
        changes = compare_digests(digests_path(base, collection), digests_path(folder, collection))
    except (OSError, KeyError, pa.ArrowInvalid) as error:
        raise FullRebuildRequired(
            f"digests of release {base.name} cannot be read: {error}"
        ) from error
    if changes.share > options.max_changed_share:
        raise FullRebuildRequired(
            f"{changes}; above {options.max_changed_share:.0%} all are rebuilt"
        )
    return changes
