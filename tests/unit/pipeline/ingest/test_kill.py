"""A run killed at any moment leaves whole tables, and the next one finishes the work."""

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import polars as pl
import pyarrow.parquet as pq
import pytest

from embeat_pipeline.common.schemas import SCHEMAS
from embeat_pipeline.ingest.ingest import OUTPUTS, ingest
from embeat_pipeline.synthetic.write import write_sample
from embeat_serve.contract.lake import LakePaths

pytestmark = pytest.mark.slow

KILLS = 20

RUN = """
import sys
from pathlib import Path
from embeat_pipeline.ingest.ingest import ingest
from embeat_serve.contract.lake import LakePaths
print("ready", flush=True)
ingest(LakePaths(Path(sys.argv[1])), raw=Path(sys.argv[2]))
"""


def start(lake: LakePaths, raw: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", RUN, str(lake.root), str(raw)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def test_killing_it_at_a_random_moment_twenty_times(tmp_path: Path):
    # From the first to the second the lake grows, back it is made afresh.
    raws = [tmp_path / "old", tmp_path / "new"]
    write_sample(raws[0], tracks=900, playlists=30)
    tracks = pl.read_parquet(raws[0] / "tracks.parquet")
    tracks.head(600).write_parquet(raws[0] / "tracks.parquet")
    shutil.copytree(raws[0], raws[1])
    tracks.tail(300).write_parquet(raws[1] / "tracks_2.parquet")
    lake = LakePaths(tmp_path / "lake")
    started = time.monotonic()
    ingest(lake, raw=raws[0])
    usual = time.monotonic() - started
    moments = random.Random(0)  # noqa: S311 - moments to kill at, nothing secret
    killed = 0
    for number in range(KILLS):
        process = start(lake, raws[1 - number % 2])
        time.sleep(moments.uniform(0, 0.7 * usual))
        process.send_signal(signal.SIGKILL)
        killed += process.wait() == -signal.SIGKILL
        if process.stdout:
            process.stdout.close()
        for name in OUTPUTS:
            # Every table is there, of its schema, and can be read to its end.
            assert pq.read_schema(lake.table(name)).equals(SCHEMAS[name])
            assert pl.read_parquet(lake.table(name)).height >= 0
        finished = lake.tables / "tracks.parquet.made.json"
        if finished.is_file():
            rows = {name: pl.read_parquet(lake.table(name)) for name in OUTPUTS}
            assert rows["tracks"].height in (600, 900)
            codes = rows["playlists"]["track_codes"].explode()
            assert codes.to_numpy().max() < rows["tracks"].height
    assert killed >= KILLS // 4
    ingest(lake, raw=raws[0])
    anew = LakePaths(tmp_path / "anew")
    ingest(anew, raw=raws[0])
    for name in OUTPUTS:
        assert lake.table(name).read_bytes() == anew.table(name).read_bytes()
    assert not list(lake.tables.glob(".ingest-*"))
    assert not list(lake.tables.glob(".*.tmp"))
