"""Releases are published while the server answers requests."""

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


class Answers:
    """Statuses and releases of the answers so far."""

    def __init__(self) -> None:
        self.statuses: Counter[int] = Counter()
        self.releases: set[str] = set()


@contextmanager
def four_clients(server: Server) -> Iterator[Answers]:
    """Four clients send one request after the other until the block ends."""
    answers, stop = Answers(), threading.Event()

    def send_requests() -> None:
        with httpx.Client(base_url=server.url, timeout=60) as client:
            while not stop.is_set():
                answer = client.get("/v1/recommend", params={"track": SUNNY})
                release = answer.headers.get("embeat-release", "")
                answers.statuses[answer.status_code] += 1
                answers.releases.add(release)
                assert answer.json().get("release", "") == release

    with ThreadPoolExecutor(4) as pool:
        clients = [pool.submit(send_requests) for _ in range(4)]
        try:
            server.wait_for("/healthz", lambda _: bool(answers.releases))
            yield answers
        finally:
            stop.set()
    for future in clients:
        future.result()


@needs_proc
@pytest.mark.parametrize("workers", [1, 2])
def test_a_rollover_under_load_fails_no_request(
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

    with four_clients(server) as answers:
        for number in range(1, 4):
            publish(releases, f"release{number}")
            # The old release is no longer needed.
            server.wait_for("/metrics", only(f"release{number}"))
            shutil.rmtree(releases.release(f"release{number - 1}"))
    assert set(answers.statuses) == {200}
    assert answers.releases == {f"release{number}" for number in range(4)}
    # Spare processes opened the releases, one at a time.
    server.wait_for("/metrics", lambda _: len(children(server)) == workers)
    assert not before & set(children(server))
    # One process opens a release, and one is ending.
    assert most <= workers + 2
    assert "embeat_workers_replaced 0.0" in server.client.get("/metrics").text


@pytest.mark.parametrize("damage", [Collection.TRACKS, "words/text.npy"])
def test_a_release_that_cannot_be_opened_is_never_used(
    start: Start, releases: LakePaths, damage: str
) -> None:
    broken = releases.release("release1") / damage
    shutil.rmtree(broken) if broken.is_dir() else broken.unlink()
    server = start(releases.root, EMBEAT_HTTP_WORKERS="1")
    server.wait_until_ready()
    with four_clients(server) as answers:
        publish(releases, "release1")
        settled = len(server.log.read_text().splitlines()) + 40
        server.wait_for("/readyz", lambda _: len(server.log.read_text().splitlines()) > settled)
        assert release_is("release0")(server.client.get("/readyz"))
        publish(releases, "release2")
        server.wait_for("/readyz", release_is("release2"))
    assert set(answers.statuses) == {200}
    assert answers.releases == {"release0", "release2"}


@needs_proc
def test_a_server_stopped_during_a_rollover_leaves_no_process(
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
