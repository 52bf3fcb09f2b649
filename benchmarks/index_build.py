"""Index build: points per second of ours against a row-by-row export, on the same engine.

    python benchmarks/index_build.py [--points N] [--graph]

Both take the same made-up catalogue to the same shard layout, one after the other, so that their
ratio means something on a machine that others use too. The export is everything up to points that
are flushed to disk, by one process each; with ``--graph`` both go on to a finished index, ours by a
process per part.

The row-by-row path is the one every example shows: a row, a dict, lists as lists, a point, and an
upsert whenever a small batch is full, in one process.
"""

import argparse
import contextlib
import io
import json
import platform
import shutil
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import qdrant_edge as edge

from embeat_pipeline.common.schemas import SCHEMAS
from embeat_pipeline.index.collection_build import plan_parts
from embeat_pipeline.index.config import BuildOptions
from embeat_pipeline.index.incremental.point_digests import write_digests
from embeat_pipeline.index.payload import FACTS, read_sql, write_facts
from embeat_pipeline.index.shard_worker import fill_shard
from embeat_pipeline.index.shards import create_shard
from embeat_pipeline.index.worker_processes import build_parts
from embeat_serve.contract.lake import LakePaths
from embeat_serve.contract.schema import VECTOR_SIZE, Collection, VectorName
from embeat_serve.contract.text_keys import name_key, search_text

RESULTS = Path(__file__).parent / "results" / "index_build.json"
SMALL_BATCH = 100
GENRES = 500


def main() -> None:
    """Measure both, print a table, write JSON."""
    parser = argparse.ArgumentParser(description="Index build against a row-by-row export.")
    parser.add_argument("--points", type=int, default=200_000, metavar="N")
    parser.add_argument("--graph", action="store_true", help="also build the graph (minutes)")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        lake = made_up_lake(Path(temporary) / "lake", arguments.points, arguments.seed)
        scratch = Path(temporary) / "scratch"
        scratch.mkdir()
        options = BuildOptions()
        measured = {
            "ours": ours(lake, scratch, options, arguments.graph),
            "row by row": row_by_row(lake, scratch, options, arguments.graph),
        }
    show(arguments.points, measured)
    RESULTS.parent.mkdir(exist_ok=True)
    content = {
        "points": arguments.points,
        "seconds": measured,
        "machine": f"{platform.machine()}, Python {platform.python_version()}",
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    RESULTS.write_text(json.dumps(content, indent=2) + "\n")


def ours(lake: LakePaths, scratch: Path, options: BuildOptions, graph: bool) -> dict[str, float]:
    """Seconds of our path, from the tables; the export part by part in this process."""
    started, processor = time.perf_counter(), time.process_time()
    write_facts(lake, scratch, options)
    write_digests(lake, scratch, scratch, [Collection.TRACKS])
    parts = plan_parts(Collection.TRACKS, lake, scratch, options)
    with contextlib.redirect_stdout(io.StringIO()):
        for part in parts:
            fill_shard(part).close()
    found = {
        "export": time.perf_counter() - started,
        "export, processor": time.process_time() - processor,
    }
    if graph:
        for part in parts:
            shutil.rmtree(part.folder)
        started = time.perf_counter()
        build_parts(parts, options, lambda steps=1, note="": None)
        found["finished"] = time.perf_counter() - started
    return found


def row_by_row(
    lake: LakePaths, scratch: Path, options: BuildOptions, graph: bool
) -> dict[str, float]:
    """Seconds of the row-by-row path; the artists' facts are there already, as a head start."""
    facts = pq.read_table(scratch / FACTS, columns=["artist_code", "related_artist_codes"])
    related = {
        row["artist_code"]: [int(code) for code in (row["related_artist_codes"] or "").split()]
        for row in facts.to_pylist()
    }
    started, processor = time.perf_counter(), time.process_time()
    shard = create_shard(scratch / "row-by-row", Collection.TRACKS, options)
    vectors = pq.read_table(lake.table("track_vectors")).column("acoustic").combine_chunks()
    matrix = vectors.flatten().to_numpy().reshape(-1, VECTOR_SIZE)
    batch: list[edge.Point] = []
    for row in rows_of(lake, scratch):
        code = row.pop("track_code")
        payload = {name: value for name, value in row.items() if value is not None}
        payload["related_artist_codes"] = related.get(row["artist_codes"][0], [])
        payload["name_key"] = name_key(row["track_name"])
        payload["search_text"] = search_text(" ".join([row["track_name"], *row["artist_names"]]))
        vector = {VectorName.ACOUSTIC: matrix[code].tolist()}
        batch.append(edge.Point(code, vector, payload))
        if len(batch) == SMALL_BATCH:
            shard.update(edge.UpdateOperation.upsert_points(batch))
            batch = []
    shard.update(edge.UpdateOperation.upsert_points(batch))
    shard.flush()
    seconds = {
        "export": time.perf_counter() - started,
        "export, processor": time.process_time() - processor,
    }
    if graph:
        shard.optimize()
        shard.flush()
        seconds["finished"] = time.perf_counter() - started
    shard.close()
    return seconds


def rows_of(lake: LakePaths, scratch: Path) -> Iterator[dict[str, Any]]:
    """Rows of the same query that ours runs, one by one."""
    with duckdb.connect() as connection:
        connection.register("codes", pq.read_table(lake.table("tracks"), columns=["track_code"]))
        tables = [str(lake.table("tracks")), str(scratch / FACTS)]
        yield from (
            connection.sql(read_sql("tracks.sql"), params=[*tables, 0, 1 << 32])
            .pl()
            .iter_rows(named=True)
        )


def made_up_lake(root: Path, tracks: int, seed: int) -> LakePaths:
    """Tables of ``tracks`` tracks by a third as many artists, as full as a real catalogue's."""
    lake, random = LakePaths(root), np.random.default_rng(seed)
    artists = max(tracks // 3, 2)
    code, artist = np.arange(tracks), random.integers(0, artists, (tracks, 2))
    names = np.char.add("Some Artist No. ", np.arange(artists).astype(str))
    columns: dict[str, dict[str, Any]] = {
        "tracks": {
            "track_code": code,
            "track_id": np.char.zfill(code.astype(str), 22),
            "track_name": np.char.add("A Song About the Number ", code.astype(str)),
            "artist_codes": list(artist),
            "artist_names": list(names[artist]),
            "album_code": code // 10,
            "album_name": np.char.add("Album ", (code // 10).astype(str)),
            "isrc": np.char.add("USXX1", np.char.zfill(code.astype(str), 7)),
            "recording_code": code,
            "popularity": random.integers(0, 101, tracks),
            "release_year": random.integers(1950, 2025, tracks),
            "explicit": random.random(tracks) < 0.1,
            "key": random.integers(0, 12, tracks),
            "mode": random.integers(0, 2, tracks),
            "tempo": random.uniform(60, 200, tracks),
            "energy": random.random(tracks),
        },
        "artists": {
            "artist_code": np.arange(artists),
            "artist_name": names,
            "aliases": [[]] * artists,
            "num_tracks": np.full(artists, 3),
        },
        "genre_map": {
            "genre_code": np.arange(GENRES),
            "genre": np.char.add("genre ", np.arange(GENRES).astype(str)),
        },
        "artist_genres": {
            "artist_code": np.repeat(np.arange(artists), 3),
            "genre_code": random.integers(0, GENRES, 3 * artists),
            "position": np.tile(np.arange(3), artists),
        },
        "related_artists": {
            "artist_code": np.repeat(np.arange(artists), 20),
            "related_artist_code": random.integers(0, artists, 20 * artists),
            "rank": np.tile(np.arange(20), artists),
        },
        "track_vectors": {
            "track_code": code,
            "acoustic": list(random.standard_normal((tracks, VECTOR_SIZE), np.float32)),
        },
    }
    lake.tables.mkdir(parents=True)
    for name, content in columns.items():
        table = pa.table(
            {
                field.name: pa.array(content[field.name]).cast(field.type)
                if field.name in content
                else pa.nulls(len(next(iter(content.values()))), field.type)
                for field in SCHEMAS[name]
            }
        )
        pq.write_table(table, lake.table(name), compression="zstd")
    return lake


def show(points: int, measured: dict[str, dict[str, float]]) -> None:
    """Print one table: points per second of each phase, and how many times faster ours is."""
    phases = list(measured["ours"])
    print(f"{points:,} points, points per second")
    print(f"{'':<20}{'row by row':>12}{'ours':>12}{'ratio':>8}")
    for phase in phases:
        slow, fast = measured["row by row"][phase], measured["ours"][phase]
        print(f"{phase:<20}{points / slow:>12,.0f}{points / fast:>12,.0f}{slow / fast:>7.1f}x")


if __name__ == "__main__":
    main()
