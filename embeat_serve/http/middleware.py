"""What every request passes: its id, who may ask, how much may arrive, the log and the counters."""

import asyncio
import hmac
import json
import re
import sys
import time
import traceback
import uuid
from typing import TextIO

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from embeat_serve.http.metrics import Metrics
from embeat_serve.http.problem_details import problem
from embeat_serve.http.settings import BODY_SECONDS, MAX_BODY, HttpSettings

_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")

PROTECTED = ("/v1/", "/metrics")
"""Paths that want the API key; the page, its files, health and description do not."""

METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
"""Counted by name; anybody can make up others."""

SECURITY_HEADERS = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "x-frame-options": "DENY",
}


class Gate:
    """ASGI middleware around everything else.

    Args:
        app: what answers.
        settings: of the server.
        metrics: where requests are counted.
        log: where each request is written as one line of JSON; None writes to stderr.
    """

    def __init__(
        self, app: ASGIApp, settings: HttpSettings, metrics: Metrics, log: TextIO | None = None
    ):
        self._app, self._settings, self._metrics = app, settings, metrics
        self._log = log

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        headers = Headers(scope=scope)
        given = headers.get("x-request-id", "")
        request_id = given if _REQUEST_ID.fullmatch(given) else uuid.uuid4().hex
        scope.setdefault("state", {})["request_id"] = request_id
        status, sent = 0, 0

        async def answer(message: Message) -> None:
            nonlocal status, sent
            if message["type"] == "http.response.start":
                status = message["status"]
                out = MutableHeaders(scope=message)
                out["x-request-id"] = request_id
                for name, value in SECURITY_HEADERS.items():
                    out.setdefault(name, value)
            else:
                sent += len(message.get("body", b""))
            await send(message)

        try:
            refused = self._refused(scope, headers, request_id)
            inner = refused or self._app
            await inner(scope, _bounded(receive), answer)
        except Exception:
            traceback.print_exc(file=sys.stderr)
            if status:
                raise
            defect = problem(500, "the request could not be answered", request_id)
            await defect(scope, receive, answer)
        finally:
            self._record(scope, request_id, status, sent, time.perf_counter() - started)

    def _refused(self, scope: Scope, headers: Headers, request_id: str) -> ASGIApp | None:
        hosts = self._settings.allowed_hosts
        if hosts is not None and _host(headers.get("host", "")) not in hosts:
            detail = "this server answers on this machine only; EMBEAT_HTTP_HOSTS adds names"
            return problem(421, detail, request_id)
        length = headers.get("content-length", "0")
        if not length.isascii() or not length.isdigit() or int(length) > MAX_BODY:
            return problem(413, f"expected at most {MAX_BODY} bytes", request_id)
        # A browser asks without the key whether it may ask.
        if scope["method"] != "OPTIONS" and scope["path"].startswith(PROTECTED):
            return self._unauthorised(headers, request_id)
        return None

    def _unauthorised(self, headers: Headers, request_id: str) -> ASGIApp | None:
        key = self._settings.api_key
        if key is None:
            return None
        scheme, _, token = headers.get("authorization", "").partition(" ")
        offered = token.strip() if scheme.lower() == "bearer" else headers.get("x-api-key", "")
        # As the bytes that arrived, of which every pair can be compared in constant time.
        if hmac.compare_digest(offered.encode("latin-1"), key.encode()):
            return None
        detail = "send the API key as `Authorization: Bearer KEY` or `X-API-Key: KEY`"
        return problem(401, detail, request_id, {"www-authenticate": "Bearer"})

    def _record(
        self, scope: Scope, request_id: str, status: int, sent: int, seconds: float
    ) -> None:
        route = getattr(scope.get("route"), "path", None) or "other"
        method = scope["method"] if scope["method"] in METHODS else "other"
        self._metrics.count(route, method, status, seconds)
        client = scope.get("client")
        line = {
            "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            "id": request_id,
            "client": client[0] if client else None,
            "method": method,
            "path": scope["path"][:200],
            "status": status,
            "bytes": sent,
            "ms": round(1_000 * seconds, 2),
        }
        # Escaped to ASCII: nobody writes a line of their own into the log.
        print(json.dumps(line), file=self._log or sys.stderr)


def _host(header: str) -> str:
    if header.startswith("["):
        return header[1:].partition("]")[0]
    return header.partition(":")[0].lower()


def _bounded(receive: Receive) -> Receive:
    """``receive`` for a body of limited size that arrives in limited time."""
    arrived, done = 0, False
    deadline: float | None = None

    async def bounded() -> Message:
        nonlocal arrived, done, deadline
        if done:
            return await receive()
        if deadline is None:
            deadline = asyncio.get_running_loop().time() + BODY_SECONDS
        try:
            async with asyncio.timeout_at(deadline):
                message = await receive()
        except TimeoutError:
            raise HTTPException(408, f"the body took over {BODY_SECONDS:g} s") from None
        arrived += len(message.get("body", b""))
        if arrived > MAX_BODY:
            raise HTTPException(413, f"expected at most {MAX_BODY} bytes")
        done = not message.get("more_body", False)
        return message

    return bounded
