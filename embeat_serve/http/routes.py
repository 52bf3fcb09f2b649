"""Routes of the API: each sends its request to a worker, and returns the answer."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Body, Path, Query, Request
from starlette.responses import Response

from embeat_serve.contract.audio_features import FEATURES
from embeat_serve.errors import UsageError
from embeat_serve.http import request_models as models
from embeat_serve.http import response_models as responses
from embeat_serve.http.arguments import HandlerName
from embeat_serve.http.metrics import MEDIA_TYPE, Metrics
from embeat_serve.http.problem_details import MEDIA_TYPE as PROBLEM
from embeat_serve.http.problem_details import problem_response
from embeat_serve.http.worker_pool import QueryTimeout, QueueFull, WorkerLost, WorkerPool
from embeat_serve.seeds.parsing import parse_track_id

RETRY_SECONDS = 2
"""Time after which a client may try again if no release could be read."""

SpotifyId = Annotated[str, Path(pattern=r"^[0-9A-Za-z]{22}$", description="22 letters and digits")]
ArtistId = Annotated[str, Path(pattern=r"^[0-9A-Za-z]{1,64}$", description="letters and digits")]

_PROBLEM = {"content": {PROBLEM: {"schema": {"$ref": "#/components/schemas/Problem"}}}}
_RETRY = {"headers": {"Retry-After": {"schema": {"type": "integer"}, "description": "seconds"}}}

PROBLEMS: dict[int | str, dict[str, Any]] = {
    400: {"description": "Malformed request", **_PROBLEM},
    422: {"description": "A parameter is unknown or wrong", **_PROBLEM},
    429: {"description": "Too many requests wait", **_PROBLEM, **_RETRY},
    503: {
        "description": "No release is published, or the store does not answer",
        **_PROBLEM,
        **_RETRY,
    },
    504: {"description": "The request took too long", **_PROBLEM},
}
BODY: dict[int | str, dict[str, Any]] = {
    413: {"description": "The body is too large", **_PROBLEM},
    415: {"description": "The body is not JSON", **_PROBLEM},
}
NOT_FOUND: dict[int | str, dict[str, Any]] = {
    404: {"description": "Not in the catalogue; `suggestions` names what is close", **_PROBLEM}
}
LIST: dict[int | str, dict[str, Any]] = {
    **NOT_FOUND,
    200: {
        "description": "The list",
        "content": {
            "audio/x-mpegurl": {"schema": {"type": "string"}},
            "text/csv": {"schema": {"type": "string"}},
            "application/jspf+json": {"schema": {"type": "object"}},
        },
        "model": responses.ListOut,
    },
}

api_router = APIRouter(prefix="/v1", responses=PROBLEMS)
service_router = APIRouter()


async def call_worker(
    request: Request, handler: HandlerName, arguments: Mapping[str, Any]
) -> Response:
    """Have a worker answer a request; every error becomes a problem response."""
    pool: WorkerPool = request.app.state.pool
    request_id = request.state.request_id
    try:
        answer = await pool.call(handler, arguments)
    except QueueFull as error:
        return problem_response(429, str(error), request_id, headers=_retry_after(error.seconds))
    except QueryTimeout as error:
        return problem_response(504, str(error), request_id)
    except WorkerLost as error:
        return problem_response(503, str(error), request_id, headers=_retry_after(RETRY_SECONDS))
    if answer.status == 200:
        headers = {"cache-control": "no-cache", "embeat-release": str(answer.release)}
        return Response(answer.body, 200, headers, answer.media_type)
    return problem_response(
        answer.status,
        answer.detail,
        request_id,
        headers=_retry_after(RETRY_SECONDS) if answer.status == 503 else None,
        suggestions=answer.suggestions,
    )


def _retry_after(seconds: int) -> dict[str, str]:
    return {"retry-after": str(seconds)}


@api_router.get("/search", response_model=responses.SearchOut, tags=["search"])
async def search(request: Request, query: Annotated[models.SearchQuery, Query()]) -> Response:
    """Songs and artists that a text may be the beginning of, in any script."""
    return await call_worker(request, "search", query.model_dump())


@api_router.get("/recommend", response_model=responses.ListOut, responses=LIST, tags=["recommend"])
async def recommend(request: Request, query: Annotated[models.RecommendQuery, Query()]) -> Response:
    """Songs like a song, several songs or an artist: give one of q, track, isrc and artist.

    Every recall setting is a parameter; those left out are the server's own.
    """
    arguments = models.group_fields(models.set_fields(query))
    for name, argument in {"q": "text", "track": "track_ids", "dislike": "dislikes"}.items():
        if name in arguments:
            arguments[argument] = arguments.pop(name)
    return await call_worker(request, "recommend", arguments)


@api_router.post(
    "/recommend", response_model=responses.ListOut, responses={**LIST, **BODY}, tags=["recommend"]
)
async def recommend_body(
    request: Request,
    body: Annotated[models.RecommendBody, Body()],
) -> Response:
    """The same with many seeds, or with a song given by its audio features."""
    return await call_worker(request, "recommend", models.set_fields(body))


@api_router.post(
    "/ask", response_model=responses.ListOut, responses={**LIST, **BODY}, tags=["recommend"]
)
async def ask(request: Request, body: Annotated[models.AskBody, Body()]) -> Response:
    """Songs for a question in words; `understood` says how it was read."""
    return await call_worker(request, "ask", models.set_fields(body))


@api_router.get("/similar", response_model=responses.ListOut, responses=LIST, tags=["recommend"])
async def similar(request: Request, query: Annotated[models.SimilarQuery, Query()]) -> Response:
    """Songs that sound like given audio features; at least one of the seven from 0 to 1."""
    arguments = models.set_fields(query)
    features = {name: arguments.pop(name) for name in FEATURES if name in arguments}
    return await call_worker(request, "recommend", {**arguments, "features": features})


@api_router.get(
    "/similarity", response_model=responses.SimilarityOut, responses=NOT_FOUND, tags=["compare"]
)
async def similarity(
    request: Request, query: Annotated[models.SimilarityQuery, Query()]
) -> Response:
    """How alike two songs sound, 0..1."""
    return await call_worker(request, "similarity", query.model_dump())


@api_router.post(
    "/similarity",
    response_model=responses.SimilarityOut,
    responses={**NOT_FOUND, **BODY},
    tags=["compare"],
)
async def similarity_body(
    request: Request,
    body: Annotated[models.SimilarityBody, Body()],
) -> Response:
    """The same, also of songs given by their audio features."""
    return await call_worker(request, "similarity", models.set_fields(body))


@api_router.get(
    "/explain", response_model=responses.ExplainOut, responses=NOT_FOUND, tags=["compare"]
)
async def explain(request: Request, query: Annotated[models.ExplainQuery, Query()]) -> Response:
    """Why a song would be on the list of others, and at which rank before the list rules."""
    arguments = models.group_fields(models.set_fields(query))
    arguments.setdefault("k", models.EXPLAIN_K)
    arguments["seeds"] = arguments.pop("track")
    try:
        arguments["song"] = parse_track_id(arguments["song"])
    except UsageError as error:
        return problem_response(422, str(error), request.state.request_id)
    return await call_worker(request, "explain", arguments)


@api_router.get(
    "/songs/{track_id}",
    response_model=responses.SongOfArtists,
    responses=NOT_FOUND,
    tags=["catalogue"],
)
async def song(request: Request, track_id: SpotifyId) -> Response:
    """A song in full."""
    return await call_worker(request, "song", {"id": track_id})


@api_router.get(
    "/artists/{artist_id}",
    response_model=responses.ArtistDetails,
    responses=NOT_FOUND,
    tags=["catalogue"],
)
async def artist(request: Request, artist_id: ArtistId) -> Response:
    """An artist, with related artists and the best-known songs."""
    return await call_worker(request, "artist", {"id": artist_id, "songs": models.SONGS_OF_ARTIST})


@api_router.post("/resolve", response_model=responses.ResolveOut, responses=BODY, tags=["search"])
async def resolve(request: Request, body: models.ResolveBody) -> Response:
    """The songs that the lines of a playlist name."""
    return await call_worker(request, "resolve", body.model_dump())


@api_router.get("/genres", response_model=responses.GenresOut, tags=["catalogue"])
async def genres(request: Request) -> Response:
    """The genre map."""
    return await call_worker(request, "genres", {})


@api_router.get("/releases", response_model=responses.ReleasesOut, tags=["catalogue"])
async def releases(request: Request) -> Response:
    """The release in use, and those kept for a rollback."""
    return await call_worker(request, "releases", {})


@service_router.get("/healthz", tags=["service"])
async def healthz() -> responses.HealthOut:
    """Whether the server runs."""
    return responses.HealthOut(status="ok")


@service_router.get(
    "/readyz", response_model=responses.HealthOut, tags=["service"], responses={503: PROBLEMS[503]}
)
async def readyz(request: Request) -> Any:
    """Whether requests can be answered: whether a worker has a release open."""
    pool: WorkerPool = request.app.state.pool
    if not pool.ready:
        reason = pool.failure or "the workers are starting"
        headers = _retry_after(RETRY_SECONDS)
        return problem_response(503, reason, request.state.request_id, headers=headers)
    release = sorted(pool.releases)[0]
    return responses.HealthOut(status="ready", release=release, workers=pool.ready)


@service_router.get(
    "/metrics",
    tags=["service"],
    response_class=Response,
    responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
)
async def metrics(request: Request) -> Response:
    """Counters for Prometheus."""
    counters: Metrics = request.app.state.metrics
    return Response(counters.text(), media_type=MEDIA_TYPE)
