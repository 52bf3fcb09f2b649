"""The endpoints: what was asked goes to a worker, what it says comes back."""

from typing import Annotated, Any

from fastapi import APIRouter, Body, Path, Query, Request
from starlette.responses import Response

from embeat_serve.errors import UsageError
from embeat_serve.http import request_models as models
from embeat_serve.http import response_models as answers
from embeat_serve.http.metrics import MEDIA_TYPE, Metrics
from embeat_serve.http.problem_details import MEDIA_TYPE as PROBLEM
from embeat_serve.http.problem_details import problem
from embeat_serve.http.worker_pool import QueryTimeout, QueueFull, WorkerLost, WorkerPool
from embeat_serve.seeds.parsing import parse_track_id

RETRY_SECONDS = 2
"""After which it is worth asking a store again that was away."""

SpotifyId = Annotated[str, Path(pattern=r"^[0-9A-Za-z]{22}$", description="22 letters and digits")]
ArtistId = Annotated[str, Path(pattern=r"^[0-9A-Za-z]{1,64}$", description="letters and digits")]

_PROBLEM = {"content": {PROBLEM: {"schema": {"$ref": "#/components/schemas/Problem"}}}}
_RETRY = {"headers": {"Retry-After": {"schema": {"type": "integer"}, "description": "seconds"}}}

PROBLEMS: dict[int | str, dict[str, Any]] = {
    400: {"description": "Malformed request", **_PROBLEM},
    422: {"description": "A parameter is unknown or wrong", **_PROBLEM},
    429: {"description": "More questions wait than may", **_PROBLEM, **_RETRY},
    503: {"description": "No release to ask, or the store is away", **_PROBLEM, **_RETRY},
    504: {"description": "It took longer than it may", **_PROBLEM},
}
BODY: dict[int | str, dict[str, Any]] = {
    413: {"description": "The body is too large", **_PROBLEM},
    415: {"description": "The body is not JSON", **_PROBLEM},
}
NOT_FOUND: dict[int | str, dict[str, Any]] = {
    404: {"description": "The catalogue does not have it; what is like it is named", **_PROBLEM}
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
        "model": answers.ListOut,
    },
}

router = APIRouter(prefix="/v1", responses=PROBLEMS)
service = APIRouter()


async def ask(request: Request, question: str, asked: dict[str, Any]) -> Response:
    """Have a worker answer; whatever goes wrong becomes a problem."""
    pool: WorkerPool = request.app.state.pool
    id = request.state.request_id
    try:
        answer = await pool.ask(question, asked)
    except QueueFull as busy:
        return problem(429, str(busy), id, {"retry-after": str(busy.seconds)})
    except QueryTimeout as overdue:
        return problem(504, str(overdue), id)
    except WorkerLost as lost:
        return problem(503, str(lost), id, {"retry-after": str(RETRY_SECONDS)})
    head = answer.head
    if answer.status == 200:
        headers = {"cache-control": "no-cache", "embeat-release": str(head["release"])}
        return Response(answer.body, 200, headers, head["media_type"])
    again = {"retry-after": str(RETRY_SECONDS)} if answer.status == 503 else None
    return problem(
        answer.status, head["detail"], id, again, suggestions=head.get("suggestions", ())
    )


@router.get("/search", response_model=answers.SearchOut, tags=["search"])
async def search(request: Request, query: Annotated[models.SearchQuery, Query()]) -> Response:
    """Songs and artists that a text may be the beginning of, in any script."""
    return await ask(request, "search", query.model_dump())


@router.get("/recommend", response_model=answers.ListOut, responses=LIST, tags=["recommend"])
async def recommend(request: Request, query: Annotated[models.RecommendQuery, Query()]) -> Response:  # type: ignore[valid-type]
    """Songs like a song, several songs or an artist: give one of q, track, isrc and artist.

    Every recall setting is a parameter; those left out are the server's own.
    """
    asked = models.with_options(models.given(query))
    for name, meant in {"q": "text", "track": "track_ids", "dislike": "dislikes"}.items():
        if name in asked:
            asked[meant] = asked.pop(name)
    return await ask(request, "recommend", asked)


@router.post(
    "/recommend", response_model=answers.ListOut, responses={**LIST, **BODY}, tags=["recommend"]
)
async def recommend_body(
    request: Request,
    body: Annotated[models.RecommendBody, Body()],  # type: ignore[valid-type]
) -> Response:
    """The same with many seeds, or with a song given by its audio features."""
    return await ask(request, "recommend", models.given(body))


@router.get("/similar", response_model=answers.ListOut, responses=LIST, tags=["recommend"])
async def similar(request: Request, query: Annotated[models.SimilarQuery, Query()]) -> Response:  # type: ignore[valid-type]
    """Songs that sound like given audio features; at least one of the seven from 0 to 1."""
    asked = models.given(query)
    features = {name: asked.pop(name) for name in models.FEATURES if name in asked}
    return await ask(request, "recommend", {**asked, "features": features})


@router.get(
    "/similarity", response_model=answers.SimilarityOut, responses=NOT_FOUND, tags=["compare"]
)
async def similarity(
    request: Request, query: Annotated[models.SimilarityQuery, Query()]
) -> Response:
    """How alike two songs sound, 0..1."""
    return await ask(request, "similarity", query.model_dump())


@router.post(
    "/similarity",
    response_model=answers.SimilarityOut,
    responses={**NOT_FOUND, **BODY},
    tags=["compare"],
)
async def similarity_body(
    request: Request,
    body: Annotated[models.SimilarityBody, Body()],  # type: ignore[valid-type]
) -> Response:
    """The same, also of songs given by their audio features."""
    return await ask(request, "similarity", models.given(body))


@router.get("/explain", response_model=answers.ExplainOut, responses=NOT_FOUND, tags=["compare"])
async def explain(request: Request, query: Annotated[models.ExplainQuery, Query()]) -> Response:  # type: ignore[valid-type]
    """Why a song would be on the list of others, and at which rank before the list rules."""
    asked = {"k": query.k, **models.with_options(models.given(query))}  # type: ignore[attr-defined]
    asked["seeds"] = asked.pop("track")
    try:
        asked["song"] = parse_track_id(asked["song"])
    except UsageError as error:
        return problem(422, str(error), request.state.request_id)
    return await ask(request, "explain", asked)


@router.get(
    "/songs/{track_id}",
    response_model=answers.SongOfArtists,
    responses=NOT_FOUND,
    tags=["catalogue"],
)
async def song(request: Request, track_id: SpotifyId) -> Response:
    """What is known of a song."""
    return await ask(request, "song", {"id": track_id})


@router.get(
    "/artists/{artist_id}",
    response_model=answers.ArtistDetails,
    responses=NOT_FOUND,
    tags=["catalogue"],
)
async def artist(request: Request, artist_id: ArtistId) -> Response:
    """What is known of an artist, with related ones and the best-known songs."""
    return await ask(request, "artist", {"id": artist_id, "songs": models.SONGS_OF_ARTIST})


@router.post("/resolve", response_model=answers.ResolveOut, responses=BODY, tags=["search"])
async def resolve(request: Request, body: models.ResolveBody) -> Response:
    """Songs that the lines of a playlist stand for."""
    return await ask(request, "resolve", body.model_dump())


@router.get("/genres", response_model=answers.GenresOut, tags=["catalogue"])
async def genres(request: Request) -> Response:
    """The genre map."""
    return await ask(request, "genres", {})


@router.get("/releases", response_model=answers.ReleasesOut, tags=["catalogue"])
async def releases(request: Request) -> Response:
    """The release that answers, and those kept for going back."""
    return await ask(request, "releases", {})


@service.get("/healthz", tags=["service"])
async def healthz() -> answers.HealthOut:
    """Whether the server runs."""
    return answers.HealthOut(status="ok")


@service.get("/readyz", tags=["service"], responses={503: PROBLEMS[503]})
async def readyz(request: Request) -> answers.HealthOut:
    """Whether questions can be answered: whether a worker has a release open."""
    pool: WorkerPool = request.app.state.pool
    if not pool.ready:
        reason = pool.trouble or "the workers are starting"
        retry = {"retry-after": str(RETRY_SECONDS)}
        return problem(503, reason, request.state.request_id, retry)  # type: ignore[return-value]
    release = sorted(pool.releases)[0]
    return answers.HealthOut(status="ready", release=release, workers=pool.ready)


@service.get(
    "/metrics",
    tags=["service"],
    response_class=Response,
    responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
)
async def metrics(request: Request) -> Response:
    """Counters for Prometheus."""
    counted: Metrics = request.app.state.metrics
    return Response(counted.text(), media_type=MEDIA_TYPE)
