"""A release after a small change: made by changing the one served, and made afresh.

    python benchmarks/index_increment.py --lake LAKE [--share 0.01] [--queries 200]

LAKE has to be one that serves a release; it is only read. In a copy, three of ten of the changed
tracks are new and seven have another popularity. Both builds run one after the other; their
processor seconds are compared, those of the child processes included. Overlap is between the lists
of 20 that both give, by approximate search as serving does it.
"""

import argparse
import json
import os
import shutil
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow.parquet as pq

from embeat_pipeline.common.atomic import link
from embeat_pipeline.common.parquet import conform
from embeat_pipeline.common.schemas import SCHEMAS
from embeat_pipeline.index.build import build_release
from embeat_pipeline.index.config import MODELS, TABLES, BuildOptions
from embeat_pipeline.index.incremental.segment_reuse import reuse_collection
from embeat_pipeline.index.release_checks import verify_folder
from embeat_serve.contract.lake import LakePaths
from embeat_serve.contract.manifest import Manifest
from embeat_serve.contract.schema import Collection, TrackField
from embeat_serve.stores.factory import current_release
from embeat_serve.stores.qdrant_edge import EdgeStore
from embeat_serve.stores.query import Filter, Match, Query

RESULTS = Path(__file__).parent / "results" / "index_increment.json"
LIST = 20
NEW = 0.3
"""Of the changed tracks, how many are new."""


def main() -> None:
    """Measure both, print a table, write JSON."""
    parser = argparse.ArgumentParser(description="A changed release against one made afresh.")
    parser.add_argument("--lake", type=Path, required=True)
    parser.add_argument("--share", type=float, default=0.01, help="of the tracks to change")
    parser.add_argument("--queries", type=int, default=200)
    parser.add_argument("--workers", type=int, default=1)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        changed = copy_of(LakePaths(arguments.lake), Path(scratch) / "changed")
        bring_up_to_date(changed, arguments.workers)
        count = pq.read_metadata(changed.table("tracks")).num_rows
        change(changed, int(count * arguments.share))
        afresh = LakePaths(Path(scratch) / "afresh")
        link_inputs(changed, afresh)
        options = BuildOptions(workers=arguments.workers)
        measured = {
            "changed": timed(build_release, changed, options),
            "made afresh": timed(build_release, afresh, options),
        }
        measured["verified"] = timed(verify, changed, measured["changed"]["release"])
        overlaps = overlap(changed, afresh, measured["changed"]["release"], arguments.queries)
    show(count, measured, overlaps)
    RESULTS.parent.mkdir(exist_ok=True)
    content = {
        "tracks": count,
        "share": arguments.share,
        "measured": measured,
        "overlap": overlaps,
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    RESULTS.write_text(json.dumps(content, indent=2) + "\n")


def link_inputs(lake: LakePaths, other: LakePaths) -> None:
    """Link all that a release is built from into another lake."""
    for name in TABLES:
        link(lake.table(name), other.table(name))
    for file in MODELS.values():
        link(lake.models / file, other.models / file)


def copy_of(lake: LakePaths, root: Path) -> LakePaths:
    """A lake with the same tables and the same release, to be changed."""
    copy, release = LakePaths(root), current_release(lake)
    link_inputs(lake, copy)
    copy.release(release).mkdir(parents=True)
    for item in lake.release(release).iterdir():
        if item.name in Collection.ALL:
            reuse_collection(item, copy.release(release) / item.name)
        elif item.is_dir():
            shutil.copytree(item, copy.release(release) / item.name)
        else:
            shutil.copy(item, copy.release(release) / item.name)
    copy.current.write_text(f"{release}\n")
    return copy


def bring_up_to_date(lake: LakePaths, workers: int) -> None:
    """Build the release anew where this code makes another of the same tables."""
    release = build_release(lake, BuildOptions(workers=workers))["release"]
    lake.current.write_text(f"{release}\n")


def change(lake: LakePaths, number: int) -> None:
    """Change ``number`` tracks: some are new, the others have another popularity."""
    random = np.random.default_rng(0)
    tracks = pl.read_parquet(lake.table("tracks"))
    new, count = int(NEW * number), len(tracks)
    codes = pl.Series(np.arange(count, count + new), dtype=pl.UInt32)
    chosen = pl.Series(np.isin(np.arange(count), random.permutation(count)[: number - new]))
    other = (pl.col("popularity").fill_null(0) + 50) % 101
    popularity = pl.when(chosen).then(other).otherwise("popularity")
    changed = tracks.with_columns(popularity.cast(tracks["popularity"].dtype).alias("popularity"))
    models = random.permutation(count)[:new]
    added = changed[models].with_columns(track_code=codes, track_id=pl.format("new {}", codes))
    replace(lake, "tracks", pl.concat([changed, added.select(changed.columns)]))
    vectors = pl.read_parquet(lake.table("track_vectors"))
    near = vectors["acoustic"].to_numpy()[models] + random.normal(0, 0.02, (new, 64))
    rows = {"track_code": codes, "acoustic": near.astype(np.float32)}
    more = pl.DataFrame(rows, schema=dict(vectors.schema))
    replace(lake, "track_vectors", pl.concat([vectors, more]))


def replace(lake: LakePaths, name: str, table: pl.DataFrame) -> None:
    """Write a table; its file may be shared with the lake it came from."""
    lake.table(name).unlink()
    pq.write_table(conform(table, SCHEMAS[name]), lake.table(name), compression="zstd")


def timed(work: Callable[..., Any], *arguments: Any) -> dict[str, Any]:
    """What it returned, with its seconds and processor seconds."""
    started, before = time.perf_counter(), sum(os.times()[:4])
    found = work(*arguments)
    seconds = {"seconds": round(time.perf_counter() - started, 1)}
    return {**found, **seconds, "processor_seconds": round(sum(os.times()[:4]) - before, 1)}


def verify(lake: LakePaths, release: str) -> dict[str, Any]:
    """Recall and counts of the changed release."""
    # Not what the build recorded: the time of a verification is measured.
    folder = lake.release(release)
    checks = verify_folder(lake, folder, Manifest.read(folder))
    return {"failed": [str(check) for check in checks if not check.passed], "checks": len(checks)}


def overlap(one: LakePaths, other: LakePaths, release: str, number: int) -> dict[str, float]:
    """Mean overlap@20 by kind of query."""
    random = np.random.default_rng(1)
    with EdgeStore(one.release(release)) as ours, EdgeStore(other.release(release)) as theirs:
        found = {}
        for collection in Collection.ALL:
            codes = random.integers(0, ours.count(collection), number).tolist()
            found[collection] = mean_overlap(
                ours, theirs, [Query(collection, LIST, like=code) for code in codes]
            )
        codes = random.integers(0, ours.count(Collection.TRACKS), number).tolist()
        within = [
            Query(Collection.TRACKS, LIST, like=hit.id, filter=Filter((match,)))
            for hit in ours.retrieve(Collection.TRACKS, codes, [TrackField.GENRE_CODES])
            for genre in hit.payload.get(TrackField.GENRE_CODES, [])[:1]
            for match in [Match(TrackField.GENRE_CODES, (genre,))]
        ]
        found["tracks within a genre"] = mean_overlap(ours, theirs, within)
    return found


def mean_overlap(ours: EdgeStore, theirs: EdgeStore, queries: list[Query]) -> float:
    """Mean share of the longer list that both lists hold."""
    shares = []
    for query in queries:
        (one,), (other,) = ours.query([query]), theirs.query([query])
        ids = {hit.id for hit in one}, {hit.id for hit in other}
        if ids[0] or ids[1]:
            shares.append(len(ids[0] & ids[1]) / max(len(ids[0]), len(ids[1])))
    return round(float(np.mean(shares)), 4)


def show(tracks: int, measured: dict[str, Any], overlaps: dict[str, float]) -> None:
    """Print the tables."""
    print(f"{tracks:,} tracks; points changed: ", end="")
    print(", ".join(f"{k}: {v:,}" for k, v in measured["changed"].items() if "_changed" in k))
    print(f"{'':<14}{'seconds':>10}{'CPU-s':>10}")
    for name, taken in measured.items():
        print(f"{name:<14}{taken['seconds']:>10,.1f}{taken['processor_seconds']:>10,.1f}")
    fast, slow = (measured[name]["processor_seconds"] for name in ("changed", "made afresh"))
    print(f"changed / made afresh: {fast / slow:.1%}")
    for kind, share in overlaps.items():
        print(f"overlap@{LIST} {kind}: {share:.4f}")
    print("failed checks:", measured["verified"]["failed"] or "none")


if __name__ == "__main__":
    main()
