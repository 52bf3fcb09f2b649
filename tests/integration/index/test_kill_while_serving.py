"""A server that keeps asking is never told anything wrong: not by kills, not by swaps.

Three builds are killed here; ``EMBEAT_KILLS=50`` kills fifty.
"""

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow.parquet as pq
import pytest

from embeat_pipeline.common.schemas import SCHEMAS
from embeat_pipeline.index.build import build_release
from embeat_pipeline.index.incremental.segment_reuse import copy_sparse
from embeat_pipeline.index.publish import collect_garbage, publish_release, rollback
from embeat_pipeline.index.verification import verified_checks
from embeat_serve.contract.lake import LakePaths
from embeat_serve.contract.schema import Collection, TrackField
from embeat_serve.release_watcher import PublishedReleases, ReleaseWatcher
from embeat_serve.settings import Settings
from embeat_serve.stores.factory import published_release
from embeat_serve.stores.query import Filter, Match, Query

pytestmark = [pytest.mark.slow, pytest.mark.process]

KILLS = int(os.environ.get("EMBEAT_KILLS", "3"))
HALF_PRECISION = 2e-3
RUN = """
import sys
from pathlib import Path
from embeat_pipeline.index.build import build_release
from embeat_pipeline.index.config import BuildOptions
from embeat_pipeline.index.publish import collect_garbage, publish_release
from embeat_serve.contract.lake import LakePaths
lake = LakePaths(Path(sys.argv[1]))
print("ready", flush=True)
sys.stdin.readline()
publish_release(lake, build_release(lake, BuildOptions.from_environment())["release"])
collect_garbage(lake)
"""


@dataclass
class Truth:
    """What the tables of a lake say, by the release they make."""

    vectors: np.ndarray
    known: np.ndarray
    codes: np.ndarray
    popularity: dict[int, int | None]

    @classmethod
    def of(cls, lake: LakePaths) -> "Truth":
        rows = pl.read_parquet(lake.table("track_vectors")).drop_nulls()
        tracks = pl.read_parquet(lake.table("tracks"))
        popularity = dict(tracks.select("track_code", "popularity").iter_rows())
        codes = rows["track_code"].to_numpy()
        return cls(
            rows["acoustic"].to_numpy(), np.isin(np.arange(len(tracks)), codes), codes, popularity
        )


@dataclass
class Server:
    """Asks the published release again and again, in several threads."""

    current: ReleaseWatcher
    truths: dict[str, Truth] = field(default_factory=dict)
    answers: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    stopped: threading.Event = field(default_factory=threading.Event)

    def ask(self, seed: int) -> None:
        choices = np.random.default_rng(seed)
        while not self.stopped.is_set():
            try:
                self.ask_once(int(choices.integers(600)))
            except Exception as error:
                self.wrong.append(f"{type(error).__name__}: {error}")
            time.sleep(0.002)

    def ask_once(self, code: int) -> None:
        everyone = Query(Collection.TRACKS, 10, like=code)
        artist = Filter((Match(TrackField.ARTIST_CODES, (code % 100,)),))
        by_artist = Query(Collection.TRACKS, 600, filter=artist)
        with self.current.current() as release:
            truth = self.truths[release.name]
            (hit,) = release.store.retrieve(Collection.TRACKS, [code], [TrackField.POPULARITY])
            near, credited = release.store.query([everyone, by_artist])
            artists = release.store.count(Collection.ARTISTS)
        assert hit.payload.get(TrackField.POPULARITY) == truth.popularity[code]
        assert artists == 120
        assert len({found.id for found in credited}) == len(credited) > 0
        if truth.known[code]:
            scores = truth.vectors @ truth.vectors[np.searchsorted(truth.codes, code)]
            best = np.sort(scores)[::-1][1:11]
            found = [hit.score for hit in near]
            assert found == pytest.approx(best.tolist(), abs=HALF_PRECISION)
        else:
            assert near == []
        self.answers[release.name] += 1


@contextmanager
def serving(lake: LakePaths, truths: dict[str, Truth], threads: int) -> Iterator[Server]:
    server = Server(
        ReleaseWatcher(PublishedReleases(Settings(lake=lake), check_every=0.01)), truths
    )
    running = [threading.Thread(target=server.ask, args=(seed,)) for seed in range(threads)]
    for thread in running:
        thread.start()
    try:
        yield server
    finally:
        server.stopped.set()
        for thread in running:
            thread.join()
        server.current.close()


@pytest.fixture
def lake(
    built: tuple[LakePaths, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> LakePaths:
    """A lake that serves the release built; servers look for another all the time."""
    original, release = built
    lake = LakePaths(tmp_path / "lake")
    shutil.copytree(
        original.root,
        lake.root,
        copy_function=lambda source, target: copy_sparse(Path(source), Path(target)),
    )
    publish_release(lake, release)
    return lake


def change(lake: LakePaths, step: int) -> None:
    """Some tracks become as popular as the step's number says."""
    tracks = pl.read_parquet(lake.table("tracks"))
    chosen = pl.col("track_code") % 40 == step % 40
    popularity = pl.when(chosen).then(step % 100 + 1).otherwise("popularity")
    changed = tracks.with_columns(popularity.cast(tracks["popularity"].dtype).alias("popularity"))
    table = changed.to_arrow().cast(SCHEMAS["tracks"])
    pq.write_table(table, lake.table("tracks"), row_group_size=250)


def release_to_be(lake: LakePaths) -> str:
    from embeat_pipeline.index.build import input_digests, release_name
    from embeat_pipeline.index.config import BuildOptions

    return release_name(input_digests(lake), BuildOptions())


def start(lake: LakePaths, afresh: bool) -> "subprocess.Popen[str]":
    process = subprocess.Popen(
        [sys.executable, "-c", RUN, str(lake.root)],
        start_new_session=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env={**os.environ, "EMBEAT_FULL_BUILD": str(int(afresh))},
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def go(process: "subprocess.Popen[str]") -> None:
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()


def test_kills_at_random_moments_change_no_answer(lake: LakePaths) -> None:
    moments = np.random.default_rng(KILLS)
    truths = {published_release(Settings(lake=lake)): Truth.of(lake)}
    taken, release = 2.0, next(iter(truths))
    with serving(lake, truths, threads=1) as server:
        for step in range(KILLS):
            change(lake, step)
            release = release_to_be(lake)
            truths[release] = Truth.of(lake)
            process = start(lake, afresh=step % 2 == 0)
            go(process)
            time.sleep(moments.uniform(0, 1.2) * taken)
            if moments.random() < 0.5:
                os.killpg(process.pid, signal.SIGKILL)
            else:  # the processes it started are left behind
                process.kill()
            process.communicate()
            assert published_release(Settings(lake=lake)) in truths

            started = time.monotonic()
            publish_release(lake, build_release(lake)["release"])
            collect_garbage(lake)
            taken = time.monotonic() - started
            assert published_release(Settings(lake=lake)) == release
            names = {path.name for path in lake.index.iterdir()}
            assert names <= {*truths, ".lock", "BUILT", "CURRENT", "PREVIOUS"}
        assert [check for check in verified_checks(lake, release) if not check.passed] == []
        wait_for(server, release)
    assert server.wrong == []


def test_ten_swaps_under_load_lose_no_query(lake: LakePaths) -> None:
    first = published_release(Settings(lake=lake))
    truths = {first: Truth.of(lake)}
    change(lake, 1)
    second = release_to_be(lake)
    truths[second] = Truth.of(lake)
    with serving(lake, truths, threads=4) as server:
        assert build_release(lake)["release"] == second
        publish_release(lake, second)
        for served in (second, first) * 4 + (second,):
            wait_for(server, served)
            rollback(lake)
            collect_garbage(lake, keep=0)
        wait_for(server, first)
    assert server.wrong == []
    assert min(server.answers.values()) > 10


def wait_for(server: Server, release: str) -> None:
    """Until it has answered from that release once more."""
    before, deadline = server.answers[release], time.monotonic() + 60
    while server.answers[release] == before and not server.wrong:
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_a_server_goes_on_with_a_release_that_is_removed(lake: LakePaths) -> None:
    truths = {published_release(Settings(lake=lake)): Truth.of(lake)}
    server = Server(
        ReleaseWatcher(PublishedReleases(Settings(lake=lake), check_every=0.01)), truths
    )
    server.ask_once(1)
    time.sleep(0.02)
    server.ask_once(2)
    lake.current.unlink()
    shutil.rmtree(lake.index)
    for code in range(20):
        server.ask_once(code)
    server.current.close()
