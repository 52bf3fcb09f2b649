"""The HTTP server under load: throughput, latency, errors and memory, also while releases change.

    python benchmarks/http_load.py --lake DIR [--seconds 60] [--connections 32] [--swaps 10]

Recommendations of 20 songs for random popular tracks, over connections that are kept open, first
with one worker process as the baseline, then with one per core, then again while so many releases
are published one after the other (hard links to the one there is, under other names). Figures
besides: processor time per answer of all the server's processes, and their memory in turn.
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
"""Answers of the first seconds are not counted: caches fill."""
READ_LIMIT = 1 << 20


@dataclass
class Load:
    """What came back."""

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
        lake, releases = linked(options.lake, Path(folder), options.swaps)
        tracks = popular(lake)
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


def linked(source: Path, folder: Path, number: int) -> tuple[LakePaths, list[str]]:
    """A lake whose releases are all the one published in ``source``."""
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
    """Switch to a release, as publishing does."""
    scratch = lake.current.with_suffix(".new")
    scratch.write_text(f"{release}\n")
    scratch.replace(lake.current)


def popular(lake: LakePaths) -> list[str]:
    """Ids of the best-known tracks."""
    publish(lake, next(path.name for path in lake.index.iterdir() if path.is_dir()))
    query = Query(
        Collection.TRACKS, TRACKS, order_by=TrackField.POPULARITY_RANK, payload=["track_id"]
    )
    with embeat_serve.open(lake=lake.root) as recommender, recommender.opened() as release:
        return [hit.payload["track_id"] for hit in release.store.query([query])[0]]


def measure(
    lake: LakePaths, tracks: list[str], workers: int, swaps: list[str], options: argparse.Namespace
) -> dict:
    """One server, one load."""
    server = subprocess.Popen(
        [sys.executable, "-m", "embeat_serve", "--http", "127.0.0.1:0", "--lake", str(lake.root)],
        stderr=subprocess.PIPE,
        text=True,
        # Everybody waits for an answer before asking again, so nothing need be refused.
        env={**os.environ, "EMBEAT_HTTP_WORKERS": str(workers), "EMBEAT_HTTP_TIMEOUT": "120"},
    )
    if server.stderr is None:
        raise OSError("the server has no output")
    port = int(server.stderr.readline().rstrip("/\n").rpartition(":")[2])
    # The log of requests must not fill its pipe.
    drain = subprocess.Popen(["cat"], stdin=server.stderr, stdout=subprocess.DEVNULL)
    try:
        load, busy, elapsed = asyncio.run(run(server.pid, lake, tracks, port, swaps, options))
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
        "cpu ms": round(1e3 * busy / max(1, sum(load.statuses.values())), 2),
        "memory MiB": load.memory,
        "tracks": json.loads(
            (lake.release(lake.current.read_text().strip()) / "manifest.json").read_text()
        )["counts"]["tracks"],
    }


async def run(
    pid: int,
    lake: LakePaths,
    tracks: list[str],
    port: int,
    swaps: list[str],
    options: argparse.Namespace,
) -> tuple[Load, float, float]:
    """The load itself: what came back, processor seconds of the server, seconds counted."""
    load = Load()
    # The first answer comes when the release is open.
    await connection(Load(), tracks[:1], port, time.monotonic() + 0.01, 0, random.Random(0))  # noqa: S311
    started, busy = time.monotonic(), processor_seconds(pid)
    begin, end = started + WARM_SECONDS, started + WARM_SECONDS + options.seconds
    asking = [
        asyncio.create_task(connection(load, tracks, port, end, begin, random.Random(seed)))  # noqa: S311
        for seed in range(options.connections)
    ]
    steps = max(len(swaps), 6)
    for step in range(steps):
        await asyncio.sleep((end - time.monotonic()) / (steps - step + 0.5))
        load.memory.append(round(memory(pid), 1))
        if step < len(swaps) - 1:
            publish(lake, swaps[step + 1])
    await asyncio.gather(*asking)
    return load, processor_seconds(pid) - busy, end - begin


async def connection(
    load: Load, tracks: list[str], port: int, end: float, begin: float, choice: random.Random
) -> None:
    """Ask over one connection until the end."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=READ_LIMIT)
    while time.monotonic() < end:
        asked = time.monotonic()
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
        if asked >= begin:
            load.seconds.append(time.monotonic() - asked)
    writer.close()


def family(pid: int) -> list[int]:
    """The server's process and its workers'."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *map(int, children)]


def memory(pid: int) -> float:
    """MiB of anonymous memory: files, of which there is one copy for all, are not counted."""
    private = 0
    for member in family(pid):
        # A process whose release was exchanged may have ended since it was listed.
        with suppress(OSError):
            for line in Path(f"/proc/{member}/smaps_rollup").read_text().splitlines():
                if line.startswith("Anonymous:"):
                    private += int(line.split()[1])
    return private / 1024


def processor_seconds(pid: int) -> float:
    """Used by all of them so far."""
    ticks = 0
    for member in family(pid):
        with suppress(OSError):
            fields = Path(f"/proc/{member}/stat").read_text().rpartition(")")[2].split()
            ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    main()
