"""ASGI middleware around every request: log and counters outside, access and limits inside.

``RequestLog`` gives each request an id, sets security headers, logs and counts it.
``AccessControl`` checks the host name and the API key, and limits the body.
"""

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
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from embeat_serve.http.metrics import Metrics
from embeat_serve.http.problem_details import problem_response
from embeat_serve.http.settings import BODY_SECONDS, MAX_BODY, HttpSettings

_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")

PROTECTED = ("/v1/", "/metrics")
"""Paths that need the API key; the page, its files, health and OpenAPI document do not."""

METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
"""Methods counted by name; a client can send any other word."""

SECURITY_HEADERS = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "x-frame-options": "DENY",
}


class RequestLog:
    """Gives each request an id, answers 500 where the application fails, logs and counts.

    Args:
        app: the application.
        metrics: counts the requests.
        log: gets one line of JSON for each request; None writes to stderr.
    """

    def __init__(self, app: ASGIApp, metrics: Metrics, log: TextIO | None = None):
        self._app, self._metrics, self._log = app, metrics, log

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        request_id = _request_id(Headers(scope=scope))
        scope.setdefault("state", {})["request_id"] = request_id
        status, body_bytes = 0, 0

        async def send_with_headers(message: Message) -> None:
            nonlocal status, body_bytes
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                headers["x-request-id"] = request_id
                for name, value in SECURITY_HEADERS.items():
                    headers.setdefault(name, value)
            else:
                body_bytes += len(message.get("body", b""))
            await send(message)

        try:
            await self._app(scope, receive, send_with_headers)
        except Exception:
            traceback.print_exc(file=sys.stderr)
            if status:
                raise  # the response has begun, so the connection can only be cut
            defect = problem_response(500, "the request could not be answered", request_id)
            await defect(scope, receive, send_with_headers)
        finally:
            self._record(scope, status, body_bytes, time.perf_counter() - started)

    def _record(self, scope: Scope, status: int, body_bytes: int, seconds: float) -> None:
        route = getattr(scope.get("route"), "path", None) or "other"
        method = scope["method"] if scope["method"] in METHODS else "other"
        self._metrics.count(route, method, status, seconds)
        client = scope.get("client")
        line = {
            "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            "id": scope["state"]["request_id"],
            "client": client[0] if client else None,
            "method": method,
            "path": scope["path"][:200],
            "status": status,
            "bytes": body_bytes,
            "ms": round(1_000 * seconds, 2),
        }
        # Escaped to ASCII, so that no request can write a line of its own into the log.
        print(json.dumps(line), file=self._log or sys.stderr)


class AccessControl:
    """Refuses a wrong host name, a missing API key, and a body that is too large or too slow.

    Args:
        app: the application.
        settings: host names and API key.
    """

    def __init__(self, app: ASGIApp, settings: HttpSettings):
        self._app, self._settings = app, settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request on, or refuse it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        refusal = self._refusal(scope)
        await (refusal or self._app)(scope, limited_body(receive), send)

    def _refusal(self, scope: Scope) -> Response | None:
        headers, request_id = Headers(scope=scope), scope["state"]["request_id"]
        hosts = self._settings.allowed_hosts
        if hosts is not None and host_name(headers.get("host", "")) not in hosts:
            detail = "this server answers on this machine only; EMBEAT_HTTP_HOSTS adds names"
            return problem_response(421, detail, request_id)
        length = headers.get("content-length", "0")
        if not length.isascii() or not length.isdigit() or int(length) > MAX_BODY:
            return problem_response(413, f"expected at most {MAX_BODY} bytes", request_id)
        # A browser asks without the key whether it may send a request (CORS preflight).
        needs_key = scope["method"] != "OPTIONS" and scope["path"].startswith(PROTECTED)
        if needs_key and not self._has_key(headers):
            detail = "send the API key as `Authorization: Bearer KEY` or `X-API-Key: KEY`"
            challenge = {"www-authenticate": "Bearer"}
            return problem_response(401, detail, request_id, headers=challenge)
        return None

    def _has_key(self, headers: Headers) -> bool:
        key = self._settings.api_key
        if key is None:
            return True
        scheme, _, token = headers.get("authorization", "").partition(" ")
        sent = token.strip() if scheme.lower() == "bearer" else headers.get("x-api-key", "")
        # Starlette decodes headers as Latin-1, so this restores the bytes that arrived.
        return hmac.compare_digest(sent.encode("latin-1"), key.encode())


def host_name(header: str) -> str:
    """Host name in a ``Host`` header, in lower case, without port and brackets."""
    if header.startswith("["):
        return header[1:].partition("]")[0]
    return header.partition(":")[0].lower()


def limited_body(receive: Receive) -> Receive:
    """Wrap ``receive`` so that the body is limited in size and in the time it takes to arrive.

    The wrapper raises ``HTTPException`` 413 for a body over ``MAX_BODY`` bytes, and 408 for one
    that takes over ``BODY_SECONDS``.
    """
    size, complete = 0, False
    deadline: float | None = None

    async def receive_limited() -> Message:
        nonlocal size, complete, deadline
        if complete:
            return await receive()
        if deadline is None:
            deadline = asyncio.get_running_loop().time() + BODY_SECONDS
        try:
            async with asyncio.timeout_at(deadline):
                message = await receive()
        except TimeoutError:
            raise HTTPException(408, f"the body took over {BODY_SECONDS:g} s") from None
        size += len(message.get("body", b""))
        if size > MAX_BODY:
            raise HTTPException(413, f"expected at most {MAX_BODY} bytes")
        complete = not message.get("more_body", False)
        return message

    return receive_limited


def _request_id(headers: Headers) -> str:
    """The id that the client sent where it is harmless, else a new one."""
    sent = headers.get("x-request-id", "")
    return sent if _REQUEST_ID.fullmatch(sent) else uuid.uuid4().hex
