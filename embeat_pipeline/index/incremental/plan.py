"""What of a release can be made from the one being served, by changing only what changed.

Whatever has to be made afresh comes with the reason, which the manifest keeps.
"""

import hashlib
import json
from functools import lru_cache
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from embeat_pipeline.common.atomic import write_json
from embeat_pipeline.index.config import FULL_BUILD, BuildOptions
from embeat_pipeline.index.incremental.point_digests import FOLDER, Changes, compare, digests_of
from embeat_serve.contract.lake import LakePaths
from embeat_serve.contract.manifest import Manifest
from embeat_serve.contract.schema import Collection
from embeat_serve.errors import BrokenRelease, NoRelease
from embeat_serve.stores.factory import current_release, read_manifest

BUILT = "BUILT"
"""File that names the release last built, published or not."""

CHANGED = "changed.parquet"
REMOVED = "removed.parquet"

CODE = {
    "embeat_pipeline.common": ("text_expressions.py",),
    "embeat_pipeline.index": (
        "sql/artists.sql",
        "incremental/point_digests.py",
        "sql/facts.sql",
        "language.py",
        "neighbour_payload.py",
        "payload.py",
        "shards.py",
        "sql/tracks.sql",
        "vectors.py",
    ),
    "embeat_serve.contract": ("schema.py", "neighbour_codec.py", "text_keys.py"),
}
"""Files that decide what a point is made of the same tables, by package."""

LIBRARIES = ("duckdb", "opencc", "polars", "qdrant-edge-py")
"""Libraries that do."""

FIRST = "no release was served or built before"
"""Why there is nothing to change; nobody needs to be told."""


class Base(NamedTuple):
    """Release to start from, or why there is none."""

    manifest: Manifest | None
    reason: str = ""


class Plan(NamedTuple):
    """How each collection is made."""

    changes: dict[str, Changes]
    """Collection to take over -> how it changes."""
    afresh: dict[str, str]
    """Collection to make afresh -> why."""


def write_recipe(folder: Path, options: BuildOptions) -> None:
    """Record in a release what another has to share with it to be made from it."""
    write_json(folder / FOLDER / "recipe.json", recipe(options))


def base_of(lake: LakePaths, options: BuildOptions) -> Base:
    """The release to start from; none where everything has to be made.

    Only what is served will do, since it has passed its checks; in a lake that publishes nothing
    (of an evaluation), what was built last. And it has to be of the same format, settings, code
    and engine, since points that did not change are not looked at again.
    """
    if not options.increments:
        return Base(None, f"asked for ({FULL_BUILD}=1, or increments=False)")
    try:
        name = _served_or_built(lake)
    except OSError:
        return Base(None, FIRST)
    try:
        manifest = read_manifest(lake, name)
        before = json.loads((lake.release(name) / FOLDER / "recipe.json").read_bytes())
    except (BrokenRelease, OSError, ValueError) as error:
        return Base(None, f"release {name} cannot be read: {error}")
    differences = list(_differences(before, recipe(options)))
    if differences:
        return Base(None, f"release {name} was made with other {', '.join(differences)}")
    return Base(manifest)


def _served_or_built(lake: LakePaths) -> str:
    try:
        return current_release(lake)
    except NoRelease:
        return (lake.index / BUILT).read_text(encoding="utf-8").strip()


def recipe(options: BuildOptions) -> dict[str, Any]:
    """What decides, besides the tables, what points are and how they are kept."""
    return {
        "parameters": options.parameters(),
        "libraries": {name: version(name) for name in LIBRARIES},
        "code": _code(),
    }


@lru_cache(maxsize=1)
def _code() -> str:
    digest = hashlib.sha256()
    for package, names in CODE.items():
        for name in names:
            digest.update(files(package).joinpath(name).read_bytes())
    return digest.hexdigest()[:16]


def _differences(before: object, after: object, place: str = "") -> list[str]:
    """Where two recipes differ: ``parameters.graph_links (16, now 8)``."""
    if isinstance(before, dict) and isinstance(after, dict):
        return [
            difference
            for key in sorted({*before, *after})
            for difference in _differences(
                before.get(key), after.get(key), f"{place}.{key}" if place else key
            )
        ]
    return [] if before == after else [f"{place or 'recipe'} ({before}, now {after})"]


def plan_changes(base: Path, folder: Path, options: BuildOptions) -> Plan:
    """Collections that are worth changing rather than making afresh, and how they change.

    Args:
        base: folder of the release to start from.
        folder: of the new release, its digests written.
        options: of the build.
    """
    changes, afresh = {}, {}
    for collection in Collection.ALL:
        try:
            found = compare(digests_of(base, collection), digests_of(folder, collection))
        except (OSError, KeyError, pa.ArrowInvalid) as error:
            afresh[collection] = f"digests of release {base.name} cannot be read: {error}"
            continue
        if found.share <= options.max_changed_share:
            changes[collection] = found
        else:
            afresh[collection] = f"{found}; above {options.max_changed_share:.0%} all are made"
    return Plan(changes, afresh)


def write_changes(changes: Changes, folder: Path) -> None:
    """Leave the codes for the process that applies them."""
    folder.mkdir(parents=True)
    for name, codes in ((CHANGED, changes.changed), (REMOVED, changes.removed)):
        pq.write_table(pa.table({"code": codes.astype(np.uint32)}), folder / name)
