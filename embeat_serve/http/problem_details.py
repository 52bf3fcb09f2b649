"""Errors as ``application/problem+json`` (RFC 9457): what was found, expected, and what to do."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from starlette.responses import Response

MEDIA_TYPE = "application/problem+json"

TITLES = {
    400: "Malformed request",
    401: "API key missing or wrong",
    404: "Not found",
    405: "Method not allowed",
    408: "The request took too long to arrive",
    413: "Request too large",
    415: "Unsupported media type",
    421: "Not the server you were looking for",
    422: "Invalid request",
    429: "Too many requests",
    500: "Defect",
    503: "Not available",
    504: "Took too long",
}


def problem(
    status: int,
    detail: str,
    request_id: str,
    headers: Mapping[str, str] | None = None,
    suggestions: Sequence[str] = (),
    errors: Sequence[str] = (),
) -> Response:
    """The response."""
    title = TITLES.get(status, "Error")
    content: dict[str, Any] = {
        "type": f"urn:embeat:problem:{'-'.join(title.lower().split())}",
        "title": title,
        "status": status,
        "detail": detail,
        "request_id": request_id,
    }
    if suggestions:
        content["suggestions"] = list(suggestions)
    if errors:
        content["errors"] = list(errors)
    body = json.dumps(content, ensure_ascii=False).encode("utf-8", "replace")
    return Response(body, status, dict(headers or {}), media_type=MEDIA_TYPE)


def described(errors: Sequence[Mapping[str, Any]]) -> list[str]:
    """What a validation found, a line each, without repeating what was sent."""
    lines = []
    for error in errors:
        where = ".".join(str(part) for part in error["loc"][1:]) or str(error["loc"][0])
        if error["type"] == "extra_forbidden":
            lines.append(f"{where[:80]}: no such parameter")
        else:
            lines.append(f"{where[:80]}: {error['msg']}")
    return lines[:20]
