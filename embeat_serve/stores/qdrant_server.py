"""A release on a Qdrant server.

Each release is a set of collections named ``embeat_<release>_<collection>``; one request moves
the aliases ``embeat_<collection>`` from one release to the next. A store looks the aliases up
once and then asks its release by its own name, so a switch never mixes two releases in a list.
The files of a release (manifest, encoder, genres) are points of one more collection, so that
serving needs nothing but the server.
"""

import base64
import re
import ssl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urlsplit

import numpy as np

from embeat_serve.contract.manifest import Manifest, ReleaseFile
from embeat_serve.contract.schema import (
    BROAD_FIELDS,
    GRAPH_FIELDS,
    PAYLOAD_INDEXES,
    Collection,
    VectorName,
)
from embeat_serve.errors import BrokenRelease, NoRelease, StoreUnreachable, UsageError
from embeat_serve.settings import Settings
from embeat_serve.stores.base import (
    DENSE,
    EVERYTHING,
    SEARCH_EF,
    EngineStore,
    split_values,
)
from embeat_serve.stores.query import Between, Condition, Filter, Hit, Ids, Match, Query, Words

if TYPE_CHECKING:
    from qdrant_client import QdrantClient, models

META = "meta"
"""Collection of the release's files: payload ``file`` (name) and ``content`` (base64)."""

_COLLECTION_NAME = re.compile(
    rf"embeat_(?P<release>[0-9A-Za-z-]+)_({'|'.join((*Collection.ALL, META))})"
)

TIMEOUT = 10
"""Seconds until a server that does not answer counts as unreachable."""


def alias_of(collection: str) -> str:
    """Alias that leads to a collection of the published release."""
    return f"embeat_{collection}"


def server_collection(release: str, collection: str) -> str:
    """Name of one release's collection."""
    return f"embeat_{release}_{collection}"


def release_of(collection_name: str) -> str | None:
    """Release that a collection on the server belongs to; None for anything else's."""
    found = _COLLECTION_NAME.fullmatch(collection_name)
    return found["release"] if found else None


class ServerStore(EngineStore):
    """The release published on the server behind ``client``. Closing it closes the client.

    Raises:
        NoRelease: nothing is published there.
        BrokenRelease: the release cannot be read.
        StoreUnreachable: no answer, or refused.

    Attributes:
        release: name of the release being asked.
        manifest: its manifest.
    """

    def __init__(self, client: "QdrantClient", address: str = "the Qdrant server"):
        self._client = client
        self._address = address
        self.release = published_on(client, address)
        try:
            self.manifest = Manifest.parse(self.read_file(ReleaseFile.MANIFEST))
        except ValueError as error:
            raise BrokenRelease(f"release {self.release} on {address}: {error}") from error

    @classmethod
    def connect(cls, settings: Settings) -> Self:
        """Open what the server of ``settings`` publishes; raises as the class does."""
        return cls(connect(settings), address_of(settings.qdrant_url or ""))

    def retrieve(
        self,
        collection: str,
        ids: Sequence[int],
        payload: bool | Sequence[str] = True,
        with_vector: bool = False,
    ) -> list[Hit]:
        """See ``VectorStore.retrieve``."""
        with answering(self._address):
            records = self._client.retrieve(
                server_collection(self.release, collection),
                list(ids),
                with_payload=_selected(payload),
                with_vectors=with_vector,
            )
        vector_name = VectorName.OF_COLLECTION[collection]
        found = {record.id: record for record in records}
        return [_hit(found[id], 0.0, vector_name) for id in ids if id in found]

    def count(self, collection: str, filter: Filter = EVERYTHING) -> int:
        """See ``VectorStore.count``."""
        name = server_collection(self.release, collection)
        with answering(self._address):
            return self._client.count(name, server_filter(filter), exact=True).count

    def read_file(self, name: str) -> bytes:
        """See ``VectorStore.read_file``."""
        where = server_filter(Filter(must=(Match("file", (name,)),)))
        with answering(self._address):
            records, _ = self._client.scroll(
                server_collection(self.release, META), scroll_filter=where, limit=1
            )
        if not records or not records[0].payload:
            raise BrokenRelease(f"release {self.release} on {self._address} lacks {name}")
        return base64.b64decode(records[0].payload["content"])

    def close(self) -> None:
        """See ``VectorStore.close``."""
        self._client.close()

    def _plan(self, query: Query | None) -> list[Query]:
        if query is None:
            return []
        if query.vector is None or query.exact or not query.filter.must:
            return [query]
        others = [
            condition
            for condition in query.filter.must
            if not (isinstance(condition, Match) and condition.field in GRAPH_FIELDS)
        ]
        # What matches a code or a name is few points: scanning them is the cheapest.
        if any(is_narrow(query.collection, condition) for condition in others):
            return [replace(query, exact=True)]
        return [replace(part, sparse=bool(others)) for part in split_values(query)]

    def _search(self, collection: str, queries: list[Query]) -> list[list[Hit]]:
        vector_name = VectorName.OF_COLLECTION[collection]
        requests = [_request(query, vector_name) for query in queries]
        with answering(self._address):
            batch = self._client.query_batch_points(
                server_collection(self.release, collection), requests
            )
        return [
            [_hit(point, _score(point, query), vector_name) for point in answer.points]
            for query, answer in zip(queries, batch, strict=True)
        ]


def is_narrow(collection: str, condition: Condition) -> bool:
    """Whether a condition leaves few points of any catalogue: those of one name, id or artist."""
    match condition:
        case Match(field):
            keyword = PAYLOAD_INDEXES[collection].get(field) == "keyword"
            coded = field.endswith(("_code", "_codes"))
            return (keyword or coded) and field not in BROAD_FIELDS
        case Ids():
            return True
        case _:
            return False


def connect(settings: Settings, timeout: int = TIMEOUT) -> "QdrantClient":
    """A client for the server that ``settings`` name; nothing is sent yet.

    Raises:
        UsageError: the URL is none, or the file of certificates cannot be read.
    """
    from qdrant_client import QdrantClient

    url, trusted = settings.qdrant_url or "", {}
    address = address_of(url)
    if settings.qdrant_ca is not None:
        try:
            trusted["verify"] = ssl.create_default_context(cafile=settings.qdrant_ca)
        except OSError as error:
            raise UsageError(
                f"EMBEAT_QDRANT_CA names {settings.qdrant_ca}, which cannot be read as "
                f"certificates ({error.strerror or type(error).__name__}); expected a PEM file"
            ) from None
    with answering(address):
        return QdrantClient(
            url=url,
            api_key=settings.qdrant_api_key,
            timeout=timeout,
            check_compatibility=False,
            **trusted,
        )


def published_on(client: "QdrantClient", address: str) -> str:
    """Name of the release that the aliases lead to.

    Raises:
        NoRelease: there are none.
        StoreUnreachable: no answer, or refused.
    """
    with answering(address):
        aliases = client.get_aliases().aliases
    for alias in aliases:
        release = release_of(alias.collection_name)
        if alias.alias_name == alias_of(META) and release:
            return release
    raise NoRelease(
        f"nothing is published on {address}; "
        f"run `python -m embeat_pipeline run` with EMBEAT_QDRANT_URL set"
    )


def address_of(url: str) -> str:
    """The URL without user name, password, path or query: fit to be shown.

    Raises:
        UsageError: it is none.
    """
    try:
        parts = urlsplit(url)
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        parts, port = urlsplit(""), ""
    if parts.scheme not in ("http", "https") or not parts.hostname:
        # It may hold a password, so it is not repeated.
        raise UsageError("EMBEAT_QDRANT_URL must look like http://localhost:6333")
    return f"{parts.scheme}://{parts.hostname}{port}"


@contextmanager
def answering(address: str) -> Iterator[None]:
    """Turn the client's exceptions into one line that names the server and never a key."""
    from qdrant_client.common.client_exceptions import ResourceExhaustedResponse
    from qdrant_client.http.exceptions import ApiException, UnexpectedResponse

    try:
        yield
    except ResourceExhaustedResponse:
        raise StoreUnreachable(
            f"the Qdrant server at {address} has too much to do; try again in a moment"
        ) from None
    except UnexpectedResponse as error:
        if error.status_code == 404:
            raise BrokenRelease(
                f"the release asked for is gone from {address}; open the published one again"
            ) from None
        denied = error.status_code in (401, 403)
        raise StoreUnreachable(
            f"the Qdrant server at {address} refused: {error.status_code} {error.reason_phrase}; "
            f"{'check EMBEAT_QDRANT_API_KEY' if denied else 'try again, or look into its log'}"
        ) from None
    except (ApiException, OSError, ValueError) as error:
        cause = getattr(error, "source", None) or error
        raise StoreUnreachable(
            f"the Qdrant server at {address} does not answer ({type(cause).__name__}); "
            f"check EMBEAT_QDRANT_URL, or unset it to read the lake"
        ) from None


def server_filter(filter: Filter) -> "models.Filter | None":
    """The filter as the client writes it; None where it lets everything through."""
    from qdrant_client import models

    if not filter.must and not filter.must_not:
        return None
    return models.Filter(
        must=[_condition(condition) for condition in filter.must],
        must_not=[_condition(condition) for condition in filter.must_not],
    )


def _condition(condition: Condition) -> "models.FieldCondition | models.HasIdCondition":
    from qdrant_client import models

    match condition:
        case Match(field, (value,)):
            return models.FieldCondition(key=field, match=models.MatchValue(value=value))
        case Match(field, values):
            return models.FieldCondition(key=field, match=models.MatchAny(any=list(values)))  # type: ignore[arg-type]
        case Between(field, low, high):
            return models.FieldCondition(key=field, range=models.Range(gte=low, lte=high))
        case Words(field, tokens, any):
            text = " ".join(tokens)
            kind = models.MatchTextAny(text_any=text) if any else models.MatchText(text=text)
            return models.FieldCondition(key=field, match=kind)
        case Ids(ids):
            return models.HasIdCondition(has_id=list(ids))


def _request(query: Query, vector_name: str) -> "models.QueryRequest":
    from qdrant_client import models

    nearest = query.vector is not None
    scoring: Any = None
    if query.vector is not None:
        scoring = models.NearestQuery(nearest=query.vector.tolist())
    elif query.order_by is not None:
        order = models.OrderBy(key=query.order_by, direction=models.Direction.DESC)
        scoring = models.OrderByQuery(order_by=order)
    params = models.SearchParams(
        exact=query.exact,
        hnsw_ef=max(SEARCH_EF, query.limit),
        # The server estimates for itself whether the filter leaves less than that.
        acorn=models.AcornSearchParams(enable=True, max_selectivity=DENSE)
        if query.sparse
        else None,
    )
    return models.QueryRequest(
        query=scoring,
        using=vector_name if nearest else None,
        filter=server_filter(query.filter),
        params=params if nearest else None,
        score_threshold=query.min_score if nearest else None,
        limit=query.limit,
        with_payload=_selected(query.payload),
        with_vector=query.with_vector,
    )


def _selected(payload: bool | Sequence[str]) -> bool | list[str]:
    return payload if isinstance(payload, bool) else list(payload)


def _score(point: "models.ScoredPoint", query: Query) -> float:
    if query.vector is not None:
        return max(-1.0, min(1.0, point.score))
    return float(point.order_value or 0)  # type: ignore[arg-type]


def _hit(point: "models.ScoredPoint | models.Record", score: float, vector_name: str) -> Hit:
    vectors = point.vector
    vector = vectors.get(vector_name) if isinstance(vectors, dict) else None
    return Hit(
        id=int(point.id),
        score=score,
        payload=point.payload or {},
        vector=None if vector is None else np.asarray(vector, np.float32),
    )
