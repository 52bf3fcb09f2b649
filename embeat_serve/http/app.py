"""Builds the ASGI application: middleware, routes, error responses, OpenAPI document."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from importlib.metadata import PackageNotFoundError, version
from typing import Any, TextIO, cast

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import Response

from embeat_serve.http.metrics import Metrics
from embeat_serve.http.middleware import AccessControl, RequestLog
from embeat_serve.http.problem_details import TITLES, describe_errors, problem_response
from embeat_serve.http.response_models import Problem
from embeat_serve.http.routes import api_router, service_router
from embeat_serve.http.settings import HttpSettings
from embeat_serve.http.static import page_router
from embeat_serve.http.worker_pool import WorkerPool
from embeat_serve.settings import Settings

DESCRIPTION = """\
Songs like the ones you love, with a reason for each. Errors are `application/problem+json`
(RFC 9457) and carry the id that is also in the header `X-Request-ID`. If there are more requests
than can be answered, status 429 says in `Retry-After` when to try again."""
"""Text at the head of the OpenAPI document."""


def create_app(settings: Settings, http: HttpSettings, log: TextIO | None = None) -> FastAPI:
    """Build the application; its workers start and end with it.

    Args:
        settings: of the release.
        http: of the server.
        log: gets a line for each request; None logs to stderr.
    """
    pool = WorkerPool(settings, http)
    metrics = Metrics(pool)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncGenerator[None]:
        await pool.start()
        try:
            yield
        finally:
            await pool.close()

    middleware = [
        Middleware(RequestLog, metrics=metrics, log=log),
        Middleware(AccessControl, settings=http),
    ]
    if http.cors:
        middleware.append(
            Middleware(
                CORSMiddleware,
                allow_origins=list(http.cors),
                allow_methods=["GET", "POST"],
                allow_headers=["authorization", "content-type", "x-api-key", "x-request-id"],
                expose_headers=["x-request-id", "retry-after", "embeat-release"],
            )
        )
    app = FastAPI(
        title="Embeat",
        description=DESCRIPTION,
        version=_version(),
        lifespan=lifespan,
        middleware=middleware,
        # FastAPI's pages of documentation load scripts from other servers.
        docs_url=None,
        redoc_url=None,
    )
    app.state.pool, app.state.metrics = pool, metrics
    app.include_router(api_router)
    app.include_router(service_router)
    app.include_router(page_router())
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(RequestValidationError, _validation_error)
    generate_openapi = app.openapi

    def openapi() -> dict[str, Any]:
        return app.openapi_schema or complete_openapi(
            generate_openapi(), needs_key=http.api_key is not None
        )

    app.openapi = openapi  # type: ignore[method-assign]
    return app


async def _http_error(request: Request, error: Exception) -> Response:
    error = cast(HTTPException, error)
    detail = str(error.detail) if error.detail else TITLES.get(error.status_code, "")
    request_id = request.state.request_id
    return problem_response(error.status_code, detail, request_id, headers=error.headers)


async def _validation_error(request: Request, error: Exception) -> Response:
    errors = describe_errors(cast(RequestValidationError, error).errors())
    return problem_response(422, "; ".join(errors), request.state.request_id, errors=errors)


def complete_openapi(document: dict[str, Any], *, needs_key: bool) -> dict[str, Any]:
    """Put our own problem schema, and the API key, into FastAPI's OpenAPI document.

    Args:
        document: is changed.
        needs_key: whether the API wants a key.
    """
    schemas = document["components"]["schemas"]
    schemas["Problem"] = Problem.model_json_schema()
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    if needs_key:
        schemes = document["components"].setdefault("securitySchemes", {})
        schemes["bearer"] = {"type": "http", "scheme": "bearer"}
        schemes["key"] = {"type": "apiKey", "in": "header", "name": "X-API-Key"}
        unauthorized = {
            "description": TITLES[401],
            "content": {
                "application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}
            },
        }
        for path, operations in document["paths"].items():
            if path.startswith(("/v1/", "/metrics")):
                for operation in operations.values():
                    operation["security"] = [{"bearer": []}, {"key": []}]
                    operation["responses"]["401"] = unauthorized
    return document


def _version() -> str:
    try:
        return version("embeat")
    except PackageNotFoundError:
        return "0"
