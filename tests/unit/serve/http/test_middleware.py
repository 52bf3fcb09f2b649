"""The middleware around a small application, without a server."""

import asyncio
import io
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import pytest
from starlette.exceptions import HTTPException
from starlette.responses import PlainTextResponse

from embeat_serve.http import middleware
from embeat_serve.http.middleware import AccessControl, RequestLog, host_name, limited_body
from embeat_serve.http.settings import MAX_BODY, HttpSettings


@dataclass
class Counted:
    """Requests that were counted: route, method and status."""

    requests: list[tuple[str, str, int]] = field(default_factory=list)

    def count(self, route: str, method: str, status: int, seconds: float) -> None:
        self.requests.append((route, method, status))


@dataclass
class Reply:
    status: int
    headers: dict[str, str]
    body: bytes
    log: list[dict[str, Any]]
    counted: list[tuple[str, str, int]]


async def hello(scope: Any, receive: Any, send: Any) -> None:
    scope["route"] = PlainTextResponse("", headers={})
    scope["route"].path = "/hello"
    await PlainTextResponse("hello")(scope, receive, send)


def send_request(
    application: Any = hello,
    *,
    method: str = "GET",
    path: str = "/v1/genres",
    headers: Iterable[tuple[str, str]] = (("host", "localhost"),),
    settings: HttpSettings | None = None,
) -> Reply:
    log, counted, sent = io.StringIO(), Counted(), []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "headers": [(name.encode(), value.encode()) for name, value in headers],
        "client": ("127.0.0.1", 1),
    }
    inner = AccessControl(application, settings or HttpSettings())
    outer: Any = RequestLog(inner, counted, log)  # type: ignore[arg-type]
    asyncio.run(outer(scope, receive, send))
    return Reply(
        status=sent[0]["status"],
        headers={name.decode(): value.decode() for name, value in sent[0]["headers"]},
        body=b"".join(message.get("body", b"") for message in sent[1:]),
        log=[json.loads(line) for line in log.getvalue().splitlines()],
        counted=counted.requests,
    )


def test_a_request_is_answered_logged_and_counted():
    reply = send_request(path="/v1/genres")
    assert (reply.status, reply.body) == (200, b"hello")
    assert reply.headers["x-frame-options"] == "DENY"
    assert reply.counted == [("/hello", "GET", 200)]
    (line,) = reply.log
    assert line["id"] == reply.headers["x-request-id"]
    assert (line["method"], line["path"], line["status"]) == ("GET", "/v1/genres", 200)
    assert (line["client"], line["bytes"]) == ("127.0.0.1", 5)


@pytest.mark.parametrize(("sent", "kept"), [("a-1.b_2", True), ("a b", False), ("x" * 65, False)])
def test_a_request_id_is_kept_only_if_harmless(sent: str, kept: bool):
    reply = send_request(headers=[("host", "localhost"), ("x-request-id", sent)])
    assert (reply.headers["x-request-id"] == sent) == kept
    assert reply.headers["x-request-id"]


def test_a_defect_becomes_a_500_without_its_details(capsys: pytest.CaptureFixture[str]):
    async def fail(scope: Any, receive: Any, send: Any) -> None:
        raise ValueError("a secret")

    reply = send_request(fail)
    assert reply.status == 500
    assert b"secret" not in reply.body
    assert reply.counted == [("other", "GET", 500)]
    assert "a secret" in capsys.readouterr().err


def test_a_defect_after_the_response_has_begun_is_raised(capsys: pytest.CaptureFixture[str]):
    async def fail_late(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise ValueError("late")

    with pytest.raises(ValueError, match="late"):
        send_request(fail_late)


def test_a_made_up_method_is_counted_as_other():
    assert send_request(method="BREW").counted == [("/hello", "other", 200)]


@pytest.mark.parametrize(
    ("host", "status"),
    [("localhost:8765", 200), ("[::1]:8765", 200), ("music.example", 200), ("evil.example", 421)],
)
def test_a_server_on_loopback_answers_to_its_own_names_only(host: str, status: int):
    settings = HttpSettings(hosts=("music.example",))
    assert send_request(headers=[("host", host)], settings=settings).status == status


@pytest.mark.parametrize("length", [str(MAX_BODY + 1), "-1", "1e3", "٣"])
def test_a_length_that_is_too_large_or_no_number_is_refused(length: str):
    reply = send_request(headers=[("host", "localhost"), ("content-length", length)])
    assert reply.status == 413


@pytest.mark.parametrize(
    ("path", "method", "header", "status"),
    [
        ("/v1/genres", "GET", ("x-api-key", "ключ"), 200),
        ("/v1/genres", "GET", ("authorization", "bearer ключ"), 200),
        ("/v1/genres", "GET", ("authorization", "Basic ключ"), 401),
        ("/v1/genres", "GET", ("x-api-key", "wrong"), 401),
        ("/metrics", "GET", ("x-other", ""), 401),
        ("/v1/genres", "OPTIONS", ("x-other", ""), 200),
        ("/healthz", "GET", ("x-other", ""), 200),
        ("/", "GET", ("x-other", ""), 200),
    ],
)
def test_the_api_needs_the_key_and_the_page_does_not(
    path: str, method: str, header: tuple[str, str], status: int
):
    settings = HttpSettings(api_key="ключ")
    headers = [("host", "localhost"), header]
    reply = send_request(method=method, path=path, headers=headers, settings=settings)
    assert reply.status == status
    assert ("www-authenticate" in reply.headers) == (status == 401)


@pytest.mark.parametrize(
    ("header", "name"),
    [("Example.ORG:80", "example.org"), ("[::1]:80", "::1"), ("", ""), ("a", "a")],
)
def test_a_host_header_is_read_without_its_port(header: str, name: str):
    assert host_name(header) == name


def test_a_body_without_a_length_is_cut_off():
    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"x" * (MAX_BODY // 2), "more_body": True}

    async def read() -> None:
        limited: Any = limited_body(receive)  # type: ignore[arg-type]
        for _ in range(3):
            await limited()

    with pytest.raises(HTTPException) as error:
        asyncio.run(read())
    assert error.value.status_code == 413


def test_a_body_that_does_not_arrive_is_given_up(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(middleware, "BODY_SECONDS", 0.0)

    async def receive() -> dict[str, Any]:
        await asyncio.Event().wait()
        raise AssertionError

    async def read() -> None:
        await limited_body(receive)()  # type: ignore[arg-type]

    with pytest.raises(HTTPException) as error:
        asyncio.run(read())
    assert error.value.status_code == 408


def test_waiting_for_the_client_to_leave_has_no_time_limit(monkeypatch: pytest.MonkeyPatch):
    messages = [
        {"type": "http.request", "body": b"x", "more_body": False},
        {"type": "http.disconnect"},
    ]

    async def receive() -> dict[str, Any]:
        return messages.pop(0)

    async def read() -> Any:
        limited: Any = limited_body(receive)  # type: ignore[arg-type]
        await limited()
        monkeypatch.setattr(middleware, "BODY_SECONDS", -1.0)
        return await limited()

    assert asyncio.run(read())["type"] == "http.disconnect"
