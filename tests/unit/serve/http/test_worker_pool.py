"""The pool and its rollover, with workers that are no processes."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import pytest

from embeat_serve.http import ipc, supervisor, worker_pool
from embeat_serve.http.settings import HttpSettings, PreloadMode
from embeat_serve.http.worker_pool import QueryTimeout, QueueFull, WorkerLost, WorkerPool
from embeat_serve.http.worker_process import Worker
from embeat_serve.settings import Settings

Call = Callable[["FakeWorker", str], Awaitable[bytes]]


class FakeWorker(Worker):
    """Opens what is published when it is first called."""

    def __init__(self, site: "Site"):
        self.site = site
        self.killed = asyncio.Event()
        self.release, self.failure = None, None
        self.role = supervisor.WorkerRole.SERVING
        self.started = self.polled = site.clock()
        self.busy = False

    async def call(self, handler: Any, arguments: Mapping[str, Any]) -> ipc.Answer:
        self.busy = True
        call = asyncio.ensure_future(self._answer(handler))
        killed = asyncio.ensure_future(self.killed.wait())
        try:
            await asyncio.wait({call, killed}, return_when=asyncio.FIRST_COMPLETED)
            if self.killed.is_set():
                raise BrokenPipeError
            return call.result()
        finally:
            self.busy = False
            call.cancel()
            killed.cancel()
            await asyncio.gather(call, killed, return_exceptions=True)

    async def _answer(self, handler: str) -> ipc.Answer:
        if handler != "ready":
            self.site.requests += 1
            body = await self.site.handle(self, handler)
            return ipc.Answer(status=200, seconds=0.01, body=body, release=self.release)
        if self.release is None and self.site.published in self.site.broken:
            self.failure = "broken"
            return ipc.Answer(status=503, seconds=0.01, detail="broken")
        self.release, self.failure = self.release or self.site.published, None
        body = json.dumps({"release": self.release, "published": self.site.published}).encode()
        return ipc.Answer(status=200, seconds=0.01, body=body, release=self.release)

    def kill(self) -> None:
        self.killed.set()

    async def wait(self) -> None:
        await asyncio.sleep(0)


class Site:
    """Where workers are started, and what is published there."""

    def __init__(self) -> None:
        self.published = "one"
        self.broken: set[str] = set()
        self.workers: list[FakeWorker] = []
        self.requests = 0
        self.handle: Call = self.answer_at_once

    def clock(self) -> float:
        return asyncio.get_running_loop().time()

    async def start(self, settings: Settings) -> FakeWorker:
        self.workers.append(FakeWorker(self))
        return self.workers[-1]

    @staticmethod
    async def answer_at_once(worker: FakeWorker, handler: str) -> bytes:
        return str(worker.release).encode()

    @staticmethod
    async def never_answer(worker: FakeWorker, handler: str) -> bytes:
        await asyncio.Event().wait()
        raise AssertionError

    @property
    def alive(self) -> list[FakeWorker]:
        return [worker for worker in self.workers if not worker.killed.is_set()]


@pytest.fixture(autouse=True)
def _without_delays(monkeypatch: pytest.MonkeyPatch) -> None:
    # Not 0: a pool that polls all the time has no idle worker.
    monkeypatch.setattr(worker_pool, "POLL_SECONDS", 0.01)
    monkeypatch.setattr(supervisor, "RESTART_SECONDS", 0.0)


def run(scenario: Callable[[WorkerPool, Site], Awaitable[None]], **http: Any) -> None:
    """Play a scenario with a pool of two workers whose release is open."""

    async def play() -> None:
        site = Site()
        settings = HttpSettings(**{"workers": 2, "warm": PreloadMode.NO, **http})
        pool = WorkerPool(Settings(), settings, site.start)
        await pool.start()
        try:
            await until(lambda: pool.ready == settings.workers)
            await scenario(pool, site)
        finally:
            await pool.close()
        assert not site.alive

    asyncio.run(play())


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not holds():
            await asyncio.sleep(0.001)


def test_a_request_is_answered_by_a_worker():
    async def scenario(pool: WorkerPool, site: Site) -> None:
        answer = await pool.call("genres", {})
        assert (answer.status, answer.body, answer.release) == (200, b"one", "one")
        assert (pool.waiting, pool.restarts) == (0, 0)

    run(scenario)


def test_more_requests_than_may_wait_are_refused():
    async def scenario(pool: WorkerPool, site: Site) -> None:
        answer_now = asyncio.Event()

        async def answer_later(worker: FakeWorker, handler: str) -> bytes:
            await answer_now.wait()
            return b"late"

        site.handle = answer_later
        calls = [asyncio.create_task(pool.call("genres", {})) for _ in range(2)]
        await until(lambda: site.requests == 2)
        calls.append(asyncio.create_task(pool.call("genres", {})))
        await until(lambda: pool.waiting == 1)
        with pytest.raises(QueueFull, match="try again in") as refused:
            await pool.call("genres", {})
        assert refused.value.seconds >= 1
        answer_now.set()
        assert {answer.body for answer in await asyncio.gather(*calls)} == {b"late"}

    run(scenario, queue=1)


def test_a_request_that_waits_too_long_for_a_worker_is_refused():
    async def scenario(pool: WorkerPool, site: Site) -> None:
        site.handle = site.never_answer
        held = [asyncio.create_task(pool.call("genres", {})) for _ in range(2)]
        waits = asyncio.create_task(pool.call("genres", {}))
        results = await asyncio.gather(*held, waits, return_exceptions=True)
        kinds = [type(result) for result in results]
        assert kinds[:2] == [QueryTimeout, QueryTimeout]
        assert kinds[2] in (QueueFull, QueryTimeout)

    run(scenario, timeout=0.05)


def test_a_worker_that_takes_too_long_is_replaced():
    async def scenario(pool: WorkerPool, site: Site) -> None:
        first = list(site.alive)
        site.handle = site.never_answer
        with pytest.raises(QueryTimeout, match=r"no answer within 0\.05 s"):
            await pool.call("genres", {})
        site.handle = site.answer_at_once
        await until(lambda: pool.ready == 2)
        assert pool.restarts == 1
        assert len(set(first) & set(site.alive)) == 1
        assert (await pool.call("genres", {})).body == b"one"

    run(scenario, timeout=0.05)


def test_a_request_is_given_to_another_worker_when_its_worker_ends():
    async def scenario(pool: WorkerPool, site: Site) -> None:
        lost: list[FakeWorker] = []

        async def end_once(worker: FakeWorker, handler: str) -> bytes:
            if not lost:
                lost.append(worker)
                worker.kill()
                await asyncio.Event().wait()
            return b"second"

        site.handle = end_once
        assert (await pool.call("genres", {})).body == b"second"
        assert pool.restarts == 1

    run(scenario)


def test_a_request_that_ends_two_workers_is_given_up():
    async def scenario(pool: WorkerPool, site: Site) -> None:
        async def end(worker: FakeWorker, handler: str) -> bytes:
            worker.kill()
            await asyncio.Event().wait()
            raise AssertionError

        site.handle = end
        with pytest.raises(WorkerLost, match="genres"):
            await pool.call("genres", {})
        site.handle = site.answer_at_once
        await until(lambda: pool.ready == 2)
        assert pool.restarts == 2

    run(scenario)


def test_a_worker_whose_client_has_gone_is_replaced():
    async def scenario(pool: WorkerPool, site: Site) -> None:
        site.handle = site.never_answer
        call = asyncio.create_task(pool.call("genres", {}))
        await until(lambda: site.requests == 1)
        call.cancel()
        await asyncio.gather(call, return_exceptions=True)
        await until(lambda: pool.ready == 2)
        assert pool.restarts == 1

    run(scenario)


def test_every_worker_is_replaced_when_another_release_is_published():
    async def scenario(pool: WorkerPool, site: Site) -> None:
        first = list(site.alive)
        site.published = "two"
        await until(lambda: pool.releases == {"two"} and len(site.alive) == 2)
        assert not set(first) & set(site.alive)
        assert pool.restarts == 0
        assert (await pool.call("genres", {})).body == b"two"

    run(scenario)


def test_a_worker_in_use_is_replaced_only_after_its_request():
    async def scenario(pool: WorkerPool, site: Site) -> None:
        answer_now = asyncio.Event()

        async def answer_later(worker: FakeWorker, handler: str) -> bytes:
            await answer_now.wait()
            return str(worker.release).encode()

        site.handle = answer_later
        call = asyncio.create_task(pool.call("genres", {}))
        await until(lambda: site.requests == 1)
        site.published = "two"
        await until(lambda: pool.releases == {"two"})
        assert not call.done()
        answer_now.set()
        assert (await call).body == b"one"
        await until(lambda: len(site.alive) == 2)
        assert pool.restarts == 0

    run(scenario)


def test_a_release_that_cannot_be_opened_changes_nothing():
    async def scenario(pool: WorkerPool, site: Site) -> None:
        first = list(site.alive)
        site.broken = {"two"}
        site.published = "two"
        await until(lambda: len(site.workers) == 3 and len(site.alive) == 2)
        for _ in range(20):
            assert (await pool.call("genres", {})).body == b"one"
        assert site.alive == first
        assert len(site.workers) == 3  # not tried again so soon
        site.published = "three"
        await until(lambda: pool.releases == {"three"})

    run(scenario)


def test_a_pool_without_a_release_says_why():
    async def play() -> None:
        site = Site()
        site.broken = {"one"}
        pool = WorkerPool(Settings(), HttpSettings(workers=1, warm=PreloadMode.NO), site.start)
        await pool.start()
        await until(lambda: pool.failure == "broken")
        assert (pool.ready, pool.releases) == (0, set())
        site.broken = set()
        await until(lambda: pool.ready == 1)
        assert pool.failure is None
        await pool.close()

    asyncio.run(play())
