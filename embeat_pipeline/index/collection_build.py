"""Build the collections of a release: each one anew, or as a patch of an earlier release."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from pathlib import Path

import pyarrow.parquet as pq

from embeat_pipeline.common.logging import pipeline_logger
from embeat_pipeline.common.progress import progress
from embeat_pipeline.index.config import BuildOptions
from embeat_pipeline.index.incremental.change_files import write_changes
from embeat_pipeline.index.incremental.plan import (
    NO_EARLIER_RELEASE,
    BaseRelease,
    FullRebuildRequired,
    changes_since,
)
from embeat_pipeline.index.incremental.point_digests import Changes, write_digests
from embeat_pipeline.index.incremental.segment_reuse import reuse_collection
from embeat_pipeline.index.payload import CENTROIDS, source_of, write_facts
from embeat_pipeline.index.shard_worker import Part, Task
from embeat_pipeline.index.shards import join_shards
from embeat_pipeline.index.vectors import write_centroids
from embeat_pipeline.index.worker_processes import build_parts
from embeat_serve.contract.lake import LakePaths
from embeat_serve.contract.schema import Collection


@dataclass(frozen=True)
class BuildSite:
    """Where a release is built, and from what."""

    lake: LakePaths
    """Lake with the input tables."""
    folder: Path
    """Folder of the new release."""
    scratch: Path
    """Folder for files that the release does not keep."""
    options: BuildOptions


@dataclass(frozen=True)
class Rebuild:
    """Build a collection anew, in parts that are joined at the end."""

    collection: str
    reason: str
    """Why the collection is not patched instead."""
    site: BuildSite

    def parts(self) -> Sequence[Part]:
        """Return parts with equal numbers of points."""
        return self._parts

    def finish(self) -> None:
        """Join the shards of all parts into one."""
        folders = [Path(part.folder) for part in self._parts]
        join_shards(folders, self.site.folder / self.collection)

    @cached_property
    def _parts(self) -> list[Part]:
        return plan_parts(self.collection, self.site.lake, self.site.scratch, self.site.options)


@dataclass(frozen=True)
class Patch:
    """Take a collection over from another release and change the points that differ."""

    collection: str
    base: Path
    """Folder of the release to take the collection over from."""
    changes: Changes
    site: BuildSite

    def parts(self) -> Sequence[Part]:
        """Copy the collection and return one part that changes it in place."""
        target = self.site.folder / self.collection
        reuse_collection(self.base / self.collection, target)
        codes = self.changes.changed
        part = Part(
            lake=str(self.site.lake.root),
            scratch=str(self.site.scratch),
            folder=str(target),
            collection=self.collection,
            low=int(codes[0]) if len(codes) else 0,
            high=int(codes[-1]) + 1 if len(codes) else 0,
            points=len(codes),
            options=self.site.options,
            task=Task.CHANGE,
        )
        write_changes(self.changes, part.changes)
        return [part]

    def finish(self) -> None:
        """Do nothing: the part changed the collection where it belongs."""


@dataclass(frozen=True)
class BuiltCollections:
    """What ``build_collections`` made."""

    counts: dict[str, int]
    """Collection -> points."""
    plans: Sequence[Rebuild | Patch]

    @property
    def patches(self) -> dict[str, Changes]:
        """Collection -> its changes, for those that were patched."""
        return {plan.collection: plan.changes for plan in self.plans if isinstance(plan, Patch)}

    @property
    def rebuild_reasons(self) -> dict[str, str]:
        """Collection -> reason, for those that were built anew."""
        return {plan.collection: plan.reason for plan in self.plans if isinstance(plan, Rebuild)}


def build_collections(site: BuildSite, base: BaseRelease) -> BuiltCollections:
    """Leave a finished shard per collection, and digests of its points, in ``site.folder``.

    Args:
        site: folders and options of the build.
        base: release that collections may be taken over from.

    Raises:
        PipelineError: a process failed.
    """
    counts = _write_sources(site)
    plans = [_plan(collection, site, base) for collection in Collection.ALL]
    work = [part for plan in plans for part in plan.parts()]
    with progress("index", sum(part.points for part in work), "points") as advance:
        build_parts(work, site.options, advance)
    for plan in plans:
        plan.finish()
    return BuiltCollections(counts, plans)


def _write_sources(site: BuildSite) -> dict[str, int]:
    """Write what points are made from besides the tables; return points per collection."""
    lake, scratch = site.lake, site.scratch
    write_facts(lake, scratch, site.options)
    artists = pq.read_metadata(lake.table("artists")).num_rows
    tracks, vectors = lake.table("tracks"), lake.table("track_vectors")
    write_centroids(tracks, vectors, artists, scratch / CENTROIDS)
    write_digests(lake, scratch, site.folder)
    return {
        collection: pq.read_metadata(source_of(collection, lake, scratch).vectors).num_rows
        for collection in Collection.ALL
    }


def _plan(collection: str, site: BuildSite, base: BaseRelease) -> Rebuild | Patch:
    try:
        if base.manifest is None:
            raise FullRebuildRequired(base.reason)
        folder = site.lake.release(base.manifest.release)
        changes = changes_since(folder, site.folder, collection, site.options)
    except FullRebuildRequired as error:
        reason = str(error)
        if reason != NO_EARLIER_RELEASE:
            pipeline_logger().info("index: %s is rebuilt: %s", collection, reason)
        return Rebuild(collection, reason, site)
    pipeline_logger().info(
        "index: %s is patched from release %s: %s", collection, folder.name, changes
    )
    return Patch(collection, folder, changes, site)


def plan_parts(
    collection: str, lake: LakePaths, scratch: Path, options: BuildOptions
) -> list[Part]:
    """Return parts of a collection with equal numbers of points, whatever gaps the codes have."""
    source = source_of(collection, lake, scratch)
    codes = pq.read_table(source.vectors, columns=[source.code]).column(0).to_numpy()
    number = options.part_count(len(codes))
    bounds = [len(codes) * part // number for part in range(number + 1)]
    return [
        Part(
            lake=str(lake.root),
            scratch=str(scratch),
            folder=str(scratch / f"{collection}-{position}"),
            collection=collection,
            low=int(codes[first]) if len(codes) else 0,
            high=int(codes[last - 1]) + 1 if len(codes) else 0,
            points=last - first,
            options=options,
        )
        for position, (first, last) in enumerate(pairwise(bounds))
    ]
