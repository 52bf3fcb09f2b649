"""Servers on a hand-made release, started on the command line."""

import contextlib
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from embeat_serve.contract.lake import LakePaths
from tests.support.handmade_release import build_release

START_SECONDS = 120
LISTENING = re.compile(r"embeat: listening on (http://\S+)/")


class Server:
    """``python -m embeat_serve --http`` in a process of its own."""

    def __init__(self, lake: Path | None, log: Path, **environment: str):
        self.log = log
        where = ["--lake", str(lake)] if lake else []
        with log.open("w") as errors:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "embeat_serve", "--http", "127.0.0.1:0", *where],
                stderr=errors,
                env={**os.environ, "EMBEAT_HTTP_WORKERS": "2", **environment},
            )
        self.url = self._address()
        self.client = httpx.Client(base_url=self.url, timeout=60)

    def _address(self) -> str:
        deadline = time.monotonic() + START_SECONDS
        while True:
            if match := LISTENING.search(self.log.read_text()):
                return match[1]
            assert self.process.poll() is None, self.log.read_text()
            assert time.monotonic() < deadline, "the server does not start"
            time.sleep(0.05)

    def wait_for(self, path: str, holds: Callable[[httpx.Response], bool]) -> httpx.Response:
        deadline = time.monotonic() + START_SECONDS
        while not holds(answer := self.client.get(path)):
            assert time.monotonic() < deadline, answer.text
            time.sleep(0.05)
        return answer

    def wait_until_ready(self) -> None:
        self.wait_for("/readyz", lambda answer: answer.status_code == 200)

    def stop(self) -> int:
        self.client.close()
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            return self.process.wait(timeout=60)
        self.process.kill()
        return self.process.wait()


def children(server: Server) -> list[int]:
    """Process ids of its workers."""
    text = Path(f"/proc/{server.process.pid}/task/{server.process.pid}/children").read_text()
    return [int(pid) for pid in text.split()]


needs_proc = pytest.mark.skipif(
    not Path("/proc/self/task").is_dir(), reason="reads processes from /proc"
)


@pytest.fixture(scope="session")
def lake(tmp_path_factory: pytest.TempPathFactory) -> LakePaths:
    """A lake with a release published. Read only."""
    return build_release(tmp_path_factory.mktemp("http") / "lake")


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Server]]:
    """Starts servers, and stops them after the test."""
    started: list[Server] = []

    def begin(lake: Path | None, **environment: str) -> Server:
        server = Server(lake, tmp_path / f"server{len(started)}.log", **environment)
        started.append(server)
        return server

    yield begin
    for server in started:
        server.stop()


@pytest.fixture(scope="session")
def server(lake: LakePaths, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server for all tests that change nothing."""
    running = Server(lake.root, tmp_path_factory.mktemp("log") / "server.log")
    running.wait_until_ready()
    yield running
    assert running.stop() == 0


@pytest.fixture(scope="session")
def client(server: Server) -> Any:
    """A client of the shared server."""
    return server.client
