"""Collections of a release: made in parts, or taken over from another release and changed."""

import sys
from itertools import pairwise
from pathlib import Path

import pyarrow.parquet as pq

from embeat_pipeline.common.progress import progress
from embeat_pipeline.index.config import BuildOptions
from embeat_pipeline.index.incremental.plan import FIRST, Base, Plan, plan_changes, write_changes
from embeat_pipeline.index.incremental.point_digests import Changes, write_digests
from embeat_pipeline.index.incremental.segment_reuse import carry_collection
from embeat_pipeline.index.payload import CENTROIDS, source_of, write_facts
from embeat_pipeline.index.shard_worker import Part
from embeat_pipeline.index.shards import join_shards
from embeat_pipeline.index.vectors import write_centroids
from embeat_pipeline.index.worker_processes import build_parts
from embeat_serve.contract.lake import LakePaths
from embeat_serve.contract.schema import Collection


def build_collections(
    lake: LakePaths, folder: Path, workshop: Path, options: BuildOptions, base: Base
) -> tuple[dict[str, int], Plan]:
    """Leave a finished shard per collection in ``folder``, and the digests of its points.

    Args:
        lake: where the tables are.
        folder: of the new release.
        workshop: scratch folder.
        options: of the build.
        base: release that collections may be taken over from.

    Returns:
        Points per collection, and how each was made.

    Raises:
        PipelineError: a process failed.
    """
    write_facts(lake, workshop, options)
    artists = pq.read_metadata(lake.table("artists")).num_rows
    tracks, vectors = lake.table("tracks"), lake.table("track_vectors")
    write_centroids(tracks, vectors, artists, workshop / CENTROIDS)
    counts = {
        collection: pq.read_metadata(source_of(collection, lake, workshop).vectors).num_rows
        for collection in Collection.ALL
    }
    write_digests(lake, workshop, folder)
    if base.manifest is None:
        plan, taken_over = Plan({}, dict.fromkeys(Collection.ALL, base.reason)), folder
    else:
        taken_over = lake.release(base.manifest.release)
        plan = plan_changes(taken_over, folder, options)
    _tell(plan, taken_over.name)
    afresh = {
        collection: plan_parts(collection, lake, workshop, options) for collection in plan.afresh
    }
    work = [part for parts in afresh.values() for part in parts]
    for collection, found in plan.changes.items():
        carry_collection(taken_over / collection, folder / collection)
        part = _whole(collection, lake, workshop, folder, options, found)
        write_changes(found, part.changes)
        work.append(part)
    with progress("index", sum(part.points for part in work), "points") as advance:
        build_parts(work, options, advance)
    for collection, parts in afresh.items():
        join_shards([Path(part.folder) for part in parts], folder / collection)
    return counts, plan


def _tell(plan: Plan, base: str) -> None:
    for collection, why in plan.afresh.items():
        if why != FIRST:
            print(f"index: {collection} is made afresh: {why}", file=sys.stderr)
    for collection, changes in plan.changes.items():
        print(f"index: {collection} of release {base} is changed: {changes}", file=sys.stderr)


def plan_parts(
    collection: str,
    lake: LakePaths,
    workshop: Path,
    options: BuildOptions,
) -> list[Part]:
    """Parts of a collection, of equal numbers of points whatever gaps the codes have."""
    source = source_of(collection, lake, workshop)
    codes = pq.read_table(source.vectors, columns=[source.code]).column(0).to_numpy()
    number = options.part_count(len(codes))
    places = [len(codes) * part // number for part in range(number + 1)]
    return [
        Part(
            lake=str(lake.root),
            workshop=str(workshop),
            folder=str(workshop / f"{collection}-{position}"),
            collection=collection,
            low=int(codes[first]) if len(codes) else 0,
            high=int(codes[last - 1]) + 1 if len(codes) else 0,
            points=last - first,
            options=options,
        )
        for position, (first, last) in enumerate(pairwise(places))
    ]


def _whole(
    collection: str,
    lake: LakePaths,
    workshop: Path,
    folder: Path,
    options: BuildOptions,
    changes: Changes,
) -> Part:
    changed = changes.changed
    return Part(
        lake=str(lake.root),
        workshop=str(workshop),
        folder=str(folder / collection),
        collection=collection,
        low=int(changed[0]) if len(changed) else 0,
        high=int(changed[-1]) + 1 if len(changed) else 0,
        points=len(changed),
        options=options,
        task="change",
    )
