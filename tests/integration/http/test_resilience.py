"""The server under too many requests, and when a worker, a store or a release goes away."""

import os
import re
import signal
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from embeat_pipeline.index.qdrant_upload import upload_release
from embeat_serve.contract.lake import LakePaths
from tests.integration.http.conftest import Server, children, needs_proc
from tests.support.handmade_release import build_release
from tests.support.qdrant_stand_in import StandIn, listening

pytestmark = [pytest.mark.process, pytest.mark.slow]


SUNNY = "0F02KChKwbcQ3tk4q1YxLH"
Start = Callable[..., Server]


def test_nothing_published_is_503_until_something_is(start: Start, tmp_path: Path) -> None:
    lake = LakePaths(tmp_path / "lake")
    server = start(lake.root)
    server.wait_for("/readyz", lambda answer: "nothing is published" in answer.text)
    answer = server.client.get("/v1/recommend", params={"track": SUNNY})
    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) > 0
    assert "nothing is published" in answer.json()["detail"]
    assert server.client.get("/healthz").status_code == 200
    build_release(lake.root, only=40)
    server.wait_until_ready()
    assert server.client.get("/v1/recommend", params={"track": SUNNY}).status_code == 200


def test_a_store_that_does_not_answer_is_503(start: Start) -> None:
    server = start(None, EMBEAT_HTTP_WORKERS="1", EMBEAT_QDRANT_URL="http://127.0.0.1:9")
    server.wait_for("/readyz", lambda answer: "does not answer" in answer.text)
    answer = server.client.get("/v1/search", params={"q": "a"})
    assert answer.status_code == 503
    assert "retry-after" in answer.headers


@pytest.mark.filterwarnings("ignore:Payload indexes have no effect")
@pytest.mark.filterwarnings("ignore:Local mode performs exact")
def test_a_store_that_goes_away_and_comes_back(start: Start, lake: LakePaths) -> None:
    state = StandIn()
    upload_release(lake, "0123456789ab", state.client)
    params = {"track": SUNNY, "k": 5}
    with listening(state) as port:
        server = start(None, EMBEAT_HTTP_WORKERS="1", EMBEAT_QDRANT_URL=state.url)
        server.wait_until_ready()
        before = server.client.get("/v1/recommend", params=params)
        assert before.status_code == 200
    for _ in range(3):
        gone = server.client.get("/v1/recommend", params=params)
        assert gone.status_code == 503
        assert gone.headers["content-type"] == "application/problem+json"
        assert int(gone.headers["retry-after"]) > 0
    with listening(state, port):
        server.wait_until_ready()
        after = server.client.get("/v1/recommend", params=params)
    assert after.status_code == 200
    assert after.json()["results"] == before.json()["results"]
    state.client.close()


def test_a_burst_beyond_capacity_gets_429_with_retry_after(start: Start, lake: LakePaths) -> None:
    server = start(lake.root, EMBEAT_HTTP_WORKERS="1", EMBEAT_HTTP_QUEUE="2")
    server.wait_until_ready()
    body = {"lines": [f"hallo adele {number}" for number in range(100)]}

    def send(_: int) -> httpx.Response:
        return httpx.post(f"{server.url}/v1/resolve", json=body, timeout=60)

    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(send, range(12)))
    statuses = Counter(answer.status_code for answer in answers)
    assert set(statuses) == {200, 429}
    assert statuses[200] >= 3
    refused = next(answer for answer in answers if answer.status_code == 429)
    assert int(refused.headers["retry-after"]) >= 1
    assert refused.json()["title"] == "Too many requests"
    # The server works on after the burst.
    assert server.client.get("/v1/genres").status_code == 200


@needs_proc
def test_a_request_that_takes_too_long_is_given_up(start: Start, lake: LakePaths) -> None:
    server = start(lake.root, EMBEAT_HTTP_WORKERS="1", EMBEAT_HTTP_TIMEOUT="3")
    server.wait_until_ready()
    (worker,) = children(server)
    assert server.client.get("/v1/releases").status_code == 200
    os.kill(worker, signal.SIGSTOP)
    answer = server.client.get("/v1/recommend", params={"track": SUNNY})
    # 429 if the pool was polling the worker as it was stopped: then the request waits for another.
    assert answer.status_code in (504, 429)
    server.wait_for("/metrics", lambda answer: "embeat_workers_replaced 1.0" in answer.text)
    server.wait_until_ready()
    assert server.client.get("/v1/recommend", params={"track": SUNNY}).status_code == 200
    assert children(server) != [worker]


@needs_proc
def test_a_worker_that_ends_is_replaced_and_its_request_repeated(
    start: Start, lake: LakePaths
) -> None:
    server = start(lake.root, EMBEAT_HTTP_TIMEOUT="60")
    server.wait_until_ready()
    for pid in children(server):
        os.kill(pid, signal.SIGKILL)
        assert server.client.get("/v1/recommend", params={"track": SUNNY}).status_code == 200
    server.wait_for("/metrics", lambda answer: "embeat_workers_ready 2.0" in answer.text)


def test_a_server_that_is_stopped_finishes_its_requests(start: Start, lake: LakePaths) -> None:
    server = start(lake.root, EMBEAT_HTTP_WORKERS="1")
    server.wait_until_ready()
    workers = children(server) if Path("/proc/self/task").is_dir() else []
    body = {"lines": [f"hallo adele {number}" for number in range(60)]}
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(httpx.post, f"{server.url}/v1/resolve", json=body, timeout=60)
        counted = re.compile(r"embeat_questions_asked 1\.0")
        server.wait_for("/metrics", lambda answer: bool(counted.search(answer.text)))
        assert server.stop() == 0
        assert running.result().status_code == 200
    deadline = time.monotonic() + 10
    while any(Path(f"/proc/{pid}").exists() for pid in workers):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_the_api_needs_the_key_and_the_page_does_not(start: Start, lake: LakePaths) -> None:
    server = start(lake.root, EMBEAT_HTTP_API_KEY="ключ", EMBEAT_HTTP_CORS="https://a.example")
    server.wait_until_ready()
    client = server.client
    assert client.get("/").status_code == 200
    assert client.get("/healthz").status_code == 200
    for headers in ({}, {"x-api-key": "wrong"}, {"authorization": "Basic eA=="}):
        for path in ("/v1/genres", "/metrics", "/v1/nothing"):
            answer = client.get(path, headers=headers)
            assert answer.status_code == 401
            assert answer.headers["www-authenticate"] == "Bearer"
    key = "ключ".encode()
    for name, value in ((b"x-api-key", key), (b"authorization", b"Bearer " + key)):
        assert client.get("/v1/genres", headers=[(name, value)]).status_code == 200
    document = client.get("/openapi.json").json()
    assert document["paths"]["/v1/genres"]["get"]["security"]
    preflight = {"origin": "https://a.example", "access-control-request-method": "GET"}
    allowed = client.options("/v1/genres", headers=preflight)
    assert allowed.headers["access-control-allow-origin"] == "https://a.example"
    other = client.options("/v1/genres", headers={**preflight, "origin": "https://b.example"})
    assert "access-control-allow-origin" not in other.headers
