"""Error responses as ``application/problem+json`` (RFC 9457)."""

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
"""One title for each status; the problem's ``type`` is made of it."""

MAX_ERRORS = 20
"""Most validation errors in one response."""

MAX_LOCATION = 80
"""Most characters of a parameter's name that are repeated in an error."""


def problem_response(
    status: int,
    detail: str,
    request_id: str,
    *,
    headers: Mapping[str, str] | None = None,
    suggestions: Sequence[str] = (),
    errors: Sequence[str] = (),
) -> Response:
    """Make the response to a request that failed.

    Args:
        status: HTTP status.
        detail: what is wrong, and what was expected.
        request_id: id that is also in the log.
        headers: of the response.
        suggestions: names close to a seed that was not found.
        errors: every wrong parameter, with what was expected.
    """
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


def describe_errors(errors: Sequence[Mapping[str, Any]]) -> list[str]:
    """Describe validation errors, a line each, without repeating the values that were sent.

    Args:
        errors: as pydantic lists them: ``loc``, ``type`` and ``msg`` of each.
    """
    return [_describe_error(error) for error in errors[:MAX_ERRORS]]


def _describe_error(error: Mapping[str, Any]) -> str:
    # The first part names the place: query, path or body.
    location = ".".join(str(part) for part in error["loc"][1:]) or str(error["loc"][0])
    message = "no such parameter" if error["type"] == "extra_forbidden" else error["msg"]
    return f"{location[:MAX_LOCATION]}: {message}"
