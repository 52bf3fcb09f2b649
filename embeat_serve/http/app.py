"""The ASGI application."""

from collections.abc import AsyncIterator
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
from embeat_serve.http.middleware import Gate
from embeat_serve.http.problem_details import TITLES, described, problem
from embeat_serve.http.response_models import Problem
from embeat_serve.http.routes import router, service
from embeat_serve.http.settings import HttpSettings
from embeat_serve.http.static import page_router
from embeat_serve.http.worker_pool import WorkerPool
from embeat_serve.settings import Settings

ABOUT = """\
Songs like the ones you love, with a reason for each. Errors are `application/problem+json`
(RFC 9457) and carry the id that is also in the header `X-Request-ID`. Where more questions come
than can be answered, 429 says in `Retry-After` when to try again."""


def create_app(settings: Settings, http: HttpSettings, log: TextIO | None = None) -> FastAPI:
    """The application; its workers start and end with it.

    Args:
        settings: of the release.
        http: of the server.
        log: where requests are logged; None logs to stderr.
    """
    pool = WorkerPool(settings, http.workers, http.queue, http.timeout, http.warm)
    metrics = Metrics(pool)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        await pool.start()
        try:
            yield
        finally:
            await pool.close()

    outermost = [Middleware(Gate, settings=http, metrics=metrics, log=log)]
    if http.cors:
        outermost.append(
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
        description=ABOUT,
        version=_version(),
        lifespan=lifespan,
        middleware=outermost,
        # Their pages load scripts from elsewhere.
        docs_url=None,
        redoc_url=None,
    )
    app.state.pool, app.state.metrics = pool, metrics
    app.include_router(router)
    app.include_router(service)
    app.include_router(page_router())
    app.add_exception_handler(HTTPException, _refused)
    app.add_exception_handler(RequestValidationError, _invalid)
    described_by = app.openapi

    def openapi() -> dict[str, Any]:
        return app.openapi_schema or _completed(described_by(), http.api_key is not None)

    app.openapi = openapi  # type: ignore[method-assign]
    return app


async def _refused(request: Request, error: Exception) -> Response:
    refused = cast(HTTPException, error)
    detail = str(refused.detail) if refused.detail else TITLES.get(refused.status_code, "")
    return problem(refused.status_code, detail, request.state.request_id, refused.headers)


async def _invalid(request: Request, error: Exception) -> Response:
    errors = described(cast(RequestValidationError, error).errors())
    return problem(422, "; ".join(errors), request.state.request_id, errors=errors)


def _completed(document: dict[str, Any], with_key: bool) -> dict[str, Any]:
    """The description with our own problems in place of the framework's errors."""
    schemas = document["components"]["schemas"]
    schemas["Problem"] = Problem.model_json_schema()
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    if with_key:
        schemes = document["components"].setdefault("securitySchemes", {})
        schemes["bearer"] = {"type": "http", "scheme": "bearer"}
        schemes["key"] = {"type": "apiKey", "in": "header", "name": "X-API-Key"}
        refused = {
            "description": TITLES[401],
            "content": {
                "application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}
            },
        }
        for path, operations in document["paths"].items():
            if path.startswith(("/v1/", "/metrics")):
                for operation in operations.values():
                    operation["security"] = [{"bearer": []}, {"key": []}]
                    operation["responses"]["401"] = refused
    return document


def _version() -> str:
    try:
        return version("embeat")
    except PackageNotFoundError:
        return "0"
