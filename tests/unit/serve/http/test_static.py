import asyncio
from typing import Any

from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import Response

from embeat_serve.http.static import POLICY, page_router


def get(path: str, **headers: str) -> Response:
    """Call the route of a path."""
    route = next(
        route
        for route in page_router().routes
        if isinstance(route, APIRoute) and route.path == path
    )
    endpoint: Any = route.endpoint
    sent = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return asyncio.run(endpoint(Request({"type": "http", "headers": sent})))


def test_the_page_may_load_from_its_own_server_only():
    page = get("/")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert page.headers["content-security-policy"] == POLICY
    assert POLICY.startswith("default-src 'none'")
    assert "http" not in POLICY


def test_a_file_that_the_browser_has_is_not_sent_again():
    tag = get("/").headers["etag"]
    again = get("/", if_none_match=tag)
    assert (again.status_code, again.body, again.headers["etag"]) == (304, b"", tag)
    assert get("/", if_none_match='"another"').status_code == 200


def test_every_file_has_a_tag_of_its_own():
    paths = [route.path for route in page_router().routes if isinstance(route, APIRoute)]
    assert "/" in paths
    assert all(path.startswith(("/web/", "/")) for path in paths)
    assert len({get(path).headers["etag"] for path in paths}) == len(paths)
