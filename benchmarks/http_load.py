"""Measure the HTTP server under load: throughput, latency, errors, memory, rollovers.

    python benchmarks/http_load.py --lake DIR [--seconds 60] [--connections 32] [--swaps 10]

Each connection stays open and requests 20 songs for random popular tracks, one request after the
other. There are three runs: one worker process (the baseline), one per core, and one per core while
releases are published in turn (hard links to the published one, under other names). The results
also hold the processor time per answer, of all processes of the server, and their memory over time.
"""

import argparse
import asyncio
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

import embeat_serve
from embeat_serve.contract.lake import LakePaths
from embeat_serve.contract.manifest import ReleaseFile
from embeat_serve.contract.schema import Collection, TrackField
from embeat_serve.stores.query import Query

RESULTS = Path(__file__).parent / "results" / "http_load.json"
TRACKS = 2_000
WARM_SECONDS = 5
"""Answers of the first seconds do not count, since caches fill."""
READ_LIMIT = 1 << 20


@dataclass
class Load:
    """Answers of one run."""

    seconds: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    failed: int = 0
    releases: set[str] = field(default_factory=set)
    memory: list[float] = field(default_factory=list)


def main() -> None:
    """Measure, print a table, write JSON."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--lake", type=Path, required=True)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--swaps", type=int, default=10)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.lake.parent) as folder:
        lake, releases = link_releases(options.lake, Path(folder), options.swaps)
        tracks = popular_tracks(lake)
        columns = ("workers", "swaps", "answers", "errors", "per s", "p50 ms", "p99 ms", "cpu ms")
        print("".join(f"{column:>9}" for column in columns), "  memory, MiB", flush=True)
        rows = []
        for workers, swaps in (
            (1, 0),
            (os.cpu_count() or 2, 0),
            (os.cpu_count() or 2, len(releases)),
        ):
            publish(lake, releases[0])
            row = measure(lake, tracks, workers, releases[:swaps], options)
            rows.append(row)
            shown = [row[name] for name in columns]
            memory = ", ".join(f"{value:.0f}" for value in row["memory MiB"])
            print("".join(f"{value:>9}" for value in shown), "  " + memory, flush=True)
    RESULTS.parent.mkdir(exist_ok=True)
    content = {"lake tracks": row["tracks"], "load": os.getloadavg(), "rows": rows}
    RESULTS.write_text(json.dumps(content, indent=1) + "\n")


def link_releases(source: Path, folder: Path, number: int) -> tuple[LakePaths, list[str]]:
    """Make a lake of ``number`` + 1 releases, each a copy of the one published in ``source``."""
    original, lake = LakePaths(source), LakePaths(folder)
    name = original.current.read_text().strip()
    releases = [f"{name}-{place}" for place in range(number + 1)]
    for release in releases:
        shutil.copytree(original.release(name), lake.release(release), copy_function=os.link)
        manifest = lake.release(release) / ReleaseFile.MANIFEST
        content = manifest.read_text().replace(name, release)
        manifest.unlink()
        manifest.write_text(content)
    return lake, releases


def publish(lake: LakePaths, release: str) -> None:
    """Publish a release of the lake."""
    scratch = lake.current.with_suffix(".new")
    scratch.write_text(f"{release}\n")
    scratch.replace(lake.current)


def popular_tracks(lake: LakePaths) -> list[str]:
    """Ids of the most popular tracks."""
    publish(lake, next(path.name for path in lake.index.iterdir() if path.is_dir()))
    query = Query(
        Collection.TRACKS, TRACKS, order_by=TrackField.POPULARITY_RANK, payload=["track_id"]
    )
    with embeat_serve.open(lake=lake.root) as recommender, recommender.opened() as release:
        return [hit.payload["track_id"] for hit in release.store.query([query])[0]]


def measure(
    lake: LakePaths, tracks: list[str], workers: int, swaps: list[str], options: argparse.Namespace
) -> dict:
    """Run one server under load; returns its row of the table."""
    server = subprocess.Popen(
        [sys.executable, "-m", "embeat_serve", "--http", "127.0.0.1:0", "--lake", str(lake.root)],
        stderr=subprocess.PIPE,
        text=True,
        # Connections wait for their answer, so a long time limit refuses no request.
        env={**os.environ, "EMBEAT_HTTP_WORKERS": str(workers), "EMBEAT_HTTP_TIMEOUT": "120"},
    )
    if server.stderr is None:
        raise OSError("the server has no output")
    port = int(server.stderr.readline().rstrip("/\n").rpartition(":")[2])
    # Nothing else reads the log, and a full pipe would stop the server.
    drain = subprocess.Popen(["cat"], stdin=server.stderr, stdout=subprocess.DEVNULL)
    try:
        load, cpu_seconds, elapsed = asyncio.run(
            run_load(server.pid, lake, tracks, port, swaps, options)
        )
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(timeout=60)
        drain.wait(timeout=60)
    p50, p99 = np.percentile(load.seconds or [np.nan], [50, 99]) * 1e3
    errors = load.failed + sum(n for status, n in load.statuses.items() if status != 200)
    return {
        "workers": workers,
        "swaps": len(load.releases) - 1,
        "answers": load.statuses[200],
        "errors": errors,
        "per s": round(len(load.seconds) / elapsed),
        "p50 ms": round(p50, 1),
        "p99 ms": round(p99, 1),
        "cpu ms": round(1e3 * cpu_seconds / max(1, sum(load.statuses.values())), 2),
        "memory MiB": load.memory,
        "tracks": json.loads(
            (lake.release(lake.current.read_text().strip()) / "manifest.json").read_text()
        )["counts"]["tracks"],
    }


async def run_load(
    pid: int,
    lake: LakePaths,
    tracks: list[str],
    port: int,
    swaps: list[str],
    options: argparse.Namespace,
) -> tuple[Load, float, float]:
    """Send the load; returns the answers, processor seconds of the server, and seconds counted."""
    load = Load()
    # The first answer comes once the release is open.
    await connection(Load(), tracks[:1], port, time.monotonic() + 0.01, 0, random.Random(0))  # noqa: S311
    started, cpu_before = time.monotonic(), processor_seconds(pid)
    begin, end = started + WARM_SECONDS, started + WARM_SECONDS + options.seconds
    connections = [
        asyncio.create_task(connection(load, tracks, port, end, begin, random.Random(seed)))  # noqa: S311
        for seed in range(options.connections)
    ]
    steps = max(len(swaps), 6)
    for step in range(steps):
        await asyncio.sleep((end - time.monotonic()) / (steps - step + 0.5))
        load.memory.append(round(memory(pid), 1))
        if step < len(swaps) - 1:
            publish(lake, swaps[step + 1])
    await asyncio.gather(*connections)
    return load, processor_seconds(pid) - cpu_before, end - begin


async def connection(
    load: Load, tracks: list[str], port: int, end: float, begin: float, choice: random.Random
) -> None:
    """Send requests over one connection until the end."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=READ_LIMIT)
    while time.monotonic() < end:
        sent = time.monotonic()
        path = f"/v1/recommend?track={choice.choice(tracks)}&k=20&explain=true"
        writer.write(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            headers = dict(
                line.lower().split(": ", 1) for line in head.split("\r\n")[1:] if ": " in line
            )
            await reader.readexactly(int(headers["content-length"]))
        except (OSError, asyncio.IncompleteReadError):
            load.failed += 1
            reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=READ_LIMIT)
            continue
        load.statuses[int(head.split(" ", 2)[1])] += 1
        if "embeat-release" in headers:
            load.releases.add(headers["embeat-release"])
        if sent >= begin:
            load.seconds.append(time.monotonic() - sent)
    writer.close()


def process_ids(pid: int) -> list[int]:
    """Process ids of the server and its workers."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *map(int, children)]


def memory(pid: int) -> float:
    """Anonymous memory of all processes in MiB; files do not count, since all share one copy."""
    private = 0
    for member in process_ids(pid):
        # A worker that was replaced may have ended since.
        with suppress(OSError):
            for line in Path(f"/proc/{member}/smaps_rollup").read_text().splitlines():
                if line.startswith("Anonymous:"):
                    private += int(line.split()[1])
    return private / 1024


def processor_seconds(pid: int) -> float:
    """Processor time that all processes have used, in seconds."""
    ticks = 0
    for member in process_ids(pid):
        with suppress(OSError):
            fields = Path(f"/proc/{member}/stat").read_text().rpartition(")")[2].split()
            ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    main()
