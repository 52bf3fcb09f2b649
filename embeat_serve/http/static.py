"""Serves the files of the page, with an ETag and a content security policy."""

import hashlib
from collections.abc import Awaitable, Callable
from importlib.resources import files

from fastapi import APIRouter, Request
from starlette.responses import Response

MEDIA_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""Content security policy: the page may load from this server only."""


def page_router() -> APIRouter:
    """Make the routes of the page (``/``) and of its scripts and styles (``/web/...``)."""
    router = APIRouter(include_in_schema=False)
    for file in files("embeat_serve").joinpath("web").iterdir():
        suffix = "." + file.name.rpartition(".")[2]
        if suffix in MEDIA_TYPES:
            path = "/" if file.name == "index.html" else f"/web/{file.name}"
            router.add_api_route(
                path, _sender(file.read_bytes(), MEDIA_TYPES[suffix]), methods=["GET", "HEAD"]
            )
    return router


def _sender(content: bytes, media_type: str) -> Callable[[Request], Awaitable[Response]]:
    tag = f'"{hashlib.sha256(content).hexdigest()[:16]}"'
    headers = {"etag": tag, "cache-control": "no-cache", "content-security-policy": POLICY}

    async def send(request: Request) -> Response:
        if request.headers.get("if-none-match") == tag:
            return Response(status_code=304, headers=headers)
        return Response(content, headers=headers, media_type=media_type)

    return send
