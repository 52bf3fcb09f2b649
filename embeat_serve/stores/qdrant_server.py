"""The server vector store: a release on a Qdrant server.

A store reads the aliases once and then asks its release by the names of its own collections, so a
switch never mixes two releases in a list. The files of a release (manifest, encoder, genres) are
points of one more collection, so serving needs nothing but the server.
"""

import base64
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from embeat_serve.contract.manifest import Manifest, ReleaseFile
from embeat_serve.contract.schema import (
    BROAD_FIELDS,
    GRAPH_FIELDS,
    PAYLOAD_INDEXES,
    VectorName,
)
from embeat_serve.errors import BrokenRelease
from embeat_serve.settings import Settings
from embeat_serve.stores.base import EVERYTHING
from embeat_serve.stores.engine import EngineStore
from embeat_serve.stores.qdrant_connection import (
    META,
    address_of,
    answering,
    connect,
    published_on,
    server_collection,
)
from embeat_serve.stores.query import Between, Condition, Filter, Hit, Ids, Match, Query, Words
from embeat_serve.stores.query_plan import DENSE, SEARCH_EF, split_values

if TYPE_CHECKING:
    from qdrant_client import QdrantClient, models


class ServerStore(EngineStore):
    """The release published on the server of ``client``. Closing the store closes the client.

    Raises:
        NoRelease: nothing is published there.
        BrokenRelease: the release cannot be read.
        StoreUnreachable: no answer, or refused.

    Attributes:
        release: name of the release that queries go to.
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
        """Open the release that the server in ``settings`` publishes; raises as the class does."""
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
        by_id = {record.id: record for record in records}
        return [_hit(by_id[id], 0.0, vector_name) for id in ids if id in by_id]

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
        # Few points match one code or name, and a scan of them is fastest.
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
    """Whether a condition leaves few points of any catalogue, as one name, id or artist does."""
    match condition:
        case Match(field):
            keyword = PAYLOAD_INDEXES[collection].get(field) == "keyword"
            coded = field.endswith(("_code", "_codes"))
            return (keyword or coded) and field not in BROAD_FIELDS
        case Ids():
            return True
        case _:
            return False


def server_filter(filter: Filter) -> "models.Filter | None":
    """The filter as the client's type; None if it lets everything through."""
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

    is_nearest = query.vector is not None
    scoring: Any = None
    if query.vector is not None:
        scoring = models.NearestQuery(nearest=query.vector.tolist())
    elif query.order_by is not None:
        order = models.OrderBy(key=query.order_by, direction=models.Direction.DESC)
        scoring = models.OrderByQuery(order_by=order)
    params = models.SearchParams(
        exact=query.exact,
        hnsw_ef=max(SEARCH_EF, query.limit),
        # The server estimates whether the filter leaves less than this share.
        acorn=models.AcornSearchParams(enable=True, max_selectivity=DENSE)
        if query.sparse
        else None,
    )
    return models.QueryRequest(
        query=scoring,
        using=vector_name if is_nearest else None,
        filter=server_filter(query.filter),
        params=params if is_nearest else None,
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
