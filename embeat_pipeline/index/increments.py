"""What of a release can be made from the one being served, by changing only what changed."""

import json
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from embeat_pipeline.index.config import BuildOptions
from embeat_pipeline.index.digests import FOLDER, Changes, compare, digests_of
from embeat_pipeline.lake import write_json
from embeat_serve.contract import Collection, LakePaths, Manifest
from embeat_serve.errors import BrokenRelease, NoRelease
from embeat_serve.stores.opening import current_release, read_manifest

BUILT = "BUILT"
"""File that names the release last built, published or not."""

CHANGED = "changed.parquet"
REMOVED = "removed.parquet"


def write_recipe(folder: Path, options: BuildOptions) -> None:
    """Record in a release what another has to share with it to be made from it."""
    write_json(folder / FOLDER / "recipe.json", _recipe(options))


def base_of(lake: LakePaths, options: BuildOptions) -> Manifest | None:
    """The release to start from; None where everything has to be made.

    Only what is served will do, since it has passed its checks; in a lake that publishes nothing
    (of an evaluation), what was built last. And it has to be of the same format, settings and
    engine, since points that did not change are not looked at again.
    """
    if not options.increments:
        return None
    try:
        manifest = read_manifest(lake, _served_or_built(lake))
        folder = lake.release(manifest.release)
        recipe = json.loads((folder / FOLDER / "recipe.json").read_bytes())
    except (NoRelease, BrokenRelease, OSError, ValueError):
        return None
    return manifest if recipe == _recipe(options) else None


def _served_or_built(lake: LakePaths) -> str:
    try:
        return current_release(lake)
    except NoRelease:
        return (lake.index / BUILT).read_text(encoding="utf-8").strip()


def _recipe(options: BuildOptions) -> dict[str, Any]:
    return {"parameters": options.parameters(), "engine": version("qdrant-edge-py")}


def plan_changes(base: Path, digests: dict[str, Path], options: BuildOptions) -> dict[str, Changes]:
    """Collections that are worth changing rather than making afresh, and how they change."""
    changes = {}
    for collection in Collection.ALL:
        try:
            found = compare(digests_of(base, collection), digests[collection])
        except (OSError, pa.ArrowInvalid):
            continue
        if found.share <= options.max_changed_share:
            changes[collection] = found
    return changes


def write_changes(changes: Changes, folder: Path) -> None:
    """Leave the codes for the process that applies them."""
    folder.mkdir(parents=True)
    for name, codes in ((CHANGED, changes.changed), (REMOVED, changes.removed)):
        pq.write_table(pa.table({"code": codes.astype(np.uint32)}), folder / name)
