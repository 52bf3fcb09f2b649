"""Releases that are exchanged while the server is asked."""

import os
import shutil
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from embeat_serve.contract.lake import LakePaths
from embeat_serve.contract.manifest import Manifest
from embeat_serve.contract.schema import Collection
from tests.integration.http.conftest import Server, children, needs_proc
from tests.support.handmade_release import build_release

pytestmark = [pytest.mark.process, pytest.mark.slow]


SUNNY = "0F02KChKwbcQ3tk4q1YxLH"
Start = Callable[..., Server]


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A release."""
    return build_release(tmp_path_factory.mktemp("swaps"), "release", only=120).release("release")


@pytest.fixture
def releases(original: Path, tmp_path: Path) -> LakePaths:
    """A lake with release0 published, and release1 to release3."""
    lake = LakePaths(tmp_path / "lake")
    for number in range(4):
        new = lake.release(f"release{number}")
        shutil.copytree(original, new, copy_function=os.link)
        (new / "manifest.json").unlink()
        replace(Manifest.read(original), release=new.name).write(new)
    publish(lake, "release0")
    return lake


def publish(lake: LakePaths, release: str) -> None:
    scratch = lake.current.with_suffix(".new")
    scratch.write_text(f"{release}\n")
    scratch.replace(lake.current)


def release_is(name: str) -> Callable[[httpx.Response], bool]:
    return lambda answer: answer.status_code == 200 and answer.json()["release"] == name


class Asked:
    """What came back so far."""

    def __init__(self) -> None:
        self.statuses: Counter[int] = Counter()
        self.releases: set[str] = set()


@contextmanager
def asked_by_four(server: Server) -> Iterator[Asked]:
    """Four that ask again and again until the block ends."""
    asked, stop = Asked(), threading.Event()

    def ask() -> None:
        with httpx.Client(base_url=server.url, timeout=60) as client:
            while not stop.is_set():
                answer = client.get("/v1/recommend", params={"track": SUNNY})
                named = answer.headers.get("embeat-release", "")
                asked.statuses[answer.status_code] += 1
                asked.releases.add(named)
                assert answer.json().get("release", "") == named

    with ThreadPoolExecutor(4) as pool:
        asking = [pool.submit(ask) for _ in range(4)]
        try:
            server.wait_for("/healthz", lambda _: bool(asked.releases))
            yield asked
        finally:
            stop.set()
    for future in asking:
        future.result()


@needs_proc
@pytest.mark.parametrize("workers", [1, 2])
def test_releases_are_exchanged_under_load_without_a_failed_request(
    start: Start, releases: LakePaths, workers: int
) -> None:
    server = start(releases.root, EMBEAT_HTTP_WORKERS=str(workers))
    server.wait_until_ready()
    before, most = set(children(server)), 0

    def only(name: str) -> Callable[[httpx.Response], bool]:
        def holds(answer: httpx.Response) -> bool:
            nonlocal most
            most = max(most, len(children(server)))
            named = [line for line in answer.text.splitlines() if "embeat_release{" in line]
            return named == [f'embeat_release{{release="{name}"}} 1.0']

        return holds

    with asked_by_four(server) as asked:
        for number in range(1, 4):
            publish(releases, f"release{number}")
            # What was served before is of no use to anybody any more.
            server.wait_for("/metrics", only(f"release{number}"))
            shutil.rmtree(releases.release(f"release{number - 1}"))
    assert set(asked.statuses) == {200}
    assert asked.releases == {f"release{number}" for number in range(4)}
    # Nobody who answered had to open a release: others did, one at a time.
    server.wait_for("/metrics", lambda _: len(children(server)) == workers)
    assert not before & set(children(server))
    # One that opens a release, and one that is ending.
    assert most <= workers + 2
    assert "embeat_workers_replaced 0.0" in server.client.get("/metrics").text


@pytest.mark.parametrize("damage", [Collection.TRACKS, "words/text.npy"])
def test_a_release_that_cannot_be_opened_is_not_gone_over_to(
    start: Start, releases: LakePaths, damage: str
) -> None:
    broken = releases.release("release1") / damage
    shutil.rmtree(broken) if broken.is_dir() else broken.unlink()
    server = start(releases.root, EMBEAT_HTTP_WORKERS="1")
    server.wait_until_ready()
    with asked_by_four(server) as asked:
        publish(releases, "release1")
        settled = len(server.log.read_text().splitlines()) + 40
        server.wait_for("/readyz", lambda _: len(server.log.read_text().splitlines()) > settled)
        assert release_is("release0")(server.client.get("/readyz"))
        publish(releases, "release2")
        server.wait_for("/readyz", release_is("release2"))
    assert set(asked.statuses) == {200}
    assert asked.releases == {"release0", "release2"}


@needs_proc
def test_a_server_told_to_stop_in_the_middle_of_it_leaves_no_process(
    start: Start, releases: LakePaths
) -> None:
    server = start(releases.root)
    server.wait_until_ready()
    publish(releases, "release1")
    server.wait_for("/metrics", lambda _: len(children(server)) > 2)
    workers = children(server)
    assert server.stop() == 0
    for worker in workers:
        with pytest.raises(ProcessLookupError):
            os.kill(worker, 0)
