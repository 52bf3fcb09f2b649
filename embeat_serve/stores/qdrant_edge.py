"""The embedded vector store: Qdrant Edge reads a release folder in this process.

The engine never releases the GIL, so threads wait for each other's queries. Serve with several
processes; they share the page cache. Start them by spawn, as a forked one hangs.
"""

import threading
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import qdrant_edge as edge
from numpy.typing import NDArray

from embeat_serve.contract.schema import GRAPH_FIELDS, Collection, VectorName
from embeat_serve.errors import BrokenRelease
from embeat_serve.stores.base import EVERYTHING
from embeat_serve.stores.cache import PopularTracksCache
from embeat_serve.stores.engine import EngineStore
from embeat_serve.stores.query import Between, Condition, Filter, Hit, Ids, Match, Query, Words
from embeat_serve.stores.query_plan import DENSE, SEARCH_EF, split_values

SCAN_LINKED = 10_000
"""Most estimated matches of a value with graph links that are scanned.

Above it the links are faster (2.0 against 4.7 ms of CPU at 19,000) and miss one in a thousand.
"""

SCAN_UNLINKED = 200_000
"""Most estimated matches of conditions without graph links that are scanned.

Such a scan takes 18 ms of CPU, no more than a walk of the graph, and misses nothing.
"""

MAX_ESTIMATES = 4_096
"""Estimates kept, least recently used first out."""


class EdgeStore(EngineStore):
    """The release in ``folder``. A collection is loaded at its first query.

    The engine has no read-only mode and needs write permission in the folder. It writes some files
    again with the content they have, so any number of processes may have one release open.

    Args:
        folder: of the release.
        scan_linked: see ``SCAN_LINKED``.

    Raises:
        BrokenRelease: the folder of a collection is missing.
    """

    def __init__(self, folder: Path, scan_linked: int = SCAN_LINKED):
        self.folder = folder
        self._scan_linked = scan_linked
        self._shards: dict[str, edge.EdgeShard] = {}
        self._lock = threading.Lock()
        search = super().query
        self._popular = PopularTracksCache(lambda query: search([query])[0])
        self._estimate = lru_cache(MAX_ESTIMATES)(self._count_estimate)
        for collection in Collection.ALL:
            if not (folder / collection).is_dir():
                raise self._broken(f"{collection}/ is missing")

    def query(self, queries: Sequence[Query]) -> list[list[Hit]]:
        """See ``VectorStore.query``."""
        cached = [self._popular.hits(query) for query in queries]
        pairs = zip(queries, cached, strict=True)
        others = iter(super().query([query for query, hits in pairs if hits is None]))
        return [next(others) if hits is None else hits for hits in cached]

    def retrieve(
        self,
        collection: str,
        ids: Sequence[int],
        payload: bool | Sequence[str] = True,
        with_vector: bool = False,
    ) -> list[Hit]:
        """See ``VectorStore.retrieve``."""
        with self._engine(collection) as shard:
            records = shard.retrieve(list(ids), _selected(payload), with_vector)
        vector_name = VectorName.OF_COLLECTION[collection]
        by_id = {record.id: record for record in records}
        return [_hit(by_id[id], 0.0, vector_name) for id in ids if id in by_id]

    def count(self, collection: str, filter: Filter = EVERYTHING) -> int:
        """See ``VectorStore.count``."""
        with self._engine(collection) as shard:
            return shard.count(edge.CountRequest(exact=True, filter=edge_filter(filter)))

    def read_file(self, name: str) -> bytes:
        """See ``VectorStore.read_file``."""
        try:
            return (self.folder / name).read_bytes()
        except OSError as error:
            raise self._broken(f"{name}: {error.strerror}") from error

    def read_array(self, name: str) -> NDArray[Any]:
        """See ``VectorStore.read_array``."""
        try:
            # Work on a plain array is faster than on np.memmap.
            return np.asarray(np.load(self.folder / name, mmap_mode="r", allow_pickle=False))
        except EOFError:
            raise ValueError(f"{name} is empty") from None
        except OSError as error:
            raise self._broken(f"{name}: {error.strerror}") from error

    def load(self) -> None:
        """See ``VectorStore.load``."""
        for collection in Collection.ALL:
            with self._engine(collection):
                pass

    def close(self) -> None:
        """See ``VectorStore.close``."""
        with self._lock:
            shards, self._shards = self._shards, {}
        for shard in shards.values():
            shard.close()
        self._popular.clear()
        self._estimate.cache_clear()

    def _plan(self, query: Query | None) -> list[Query]:
        if query is None:
            return []
        if query.vector is None or query.exact:
            return [query]
        parts = split_values(query)
        if len(parts) > 1 and self._estimate(query.collection, query.filter) <= self._scan_linked:
            return [replace(query, exact=True)]
        return [part if part.exact else self._scan_or_walk(part) for part in parts]

    def _scan_or_walk(self, query: Query) -> Query:
        """The query with ``exact`` and ``sparse`` set to what is fast and finds enough.

        If a filter leaves a tenth of the points that the graph links, a plain walk finds 44% of
        the best 100; if it leaves a twentieth, 5%. A walk through the points left out (``sparse``)
        finds all, in 3 to 20 ms of CPU.
        """
        matches = [condition for condition in query.filter.must if isinstance(condition, Match)]
        linked = tuple(condition for condition in matches if condition.field in GRAPH_FIELDS)
        # Single points hardly change an estimate, but would make every query a new one.
        others = tuple(item for item in query.filter.must_not if not isinstance(item, Ids))
        matching = self._estimate(query.collection, replace(query.filter, must_not=others))
        sparse = False
        if len(query.filter.must) > len(linked) or query.filter.must_not:
            sparse = matching < DENSE * self._estimate(query.collection, Filter(linked))
        scanned = self._scan_linked if linked and not sparse else SCAN_UNLINKED
        return replace(query, exact=matching <= scanned, sparse=sparse)

    def _count_estimate(self, collection: str, filter: Filter) -> int:
        request = edge.CountRequest(exact=False, filter=edge_filter(filter))
        with self._engine(collection) as shard:
            return shard.count(request)

    def _search(self, collection: str, queries: list[Query]) -> list[list[Hit]]:
        vector_name = VectorName.OF_COLLECTION[collection]
        requests = [_request(query, vector_name) for query in queries]
        with self._engine(collection) as shard:
            batch = shard.query_batch(edge.QueryBatchRequest(requests))
        return [
            _hits(points, query, vector_name) for query, points in zip(queries, batch, strict=True)
        ]

    @contextmanager
    def _engine(self, collection: str) -> Generator[edge.EdgeShard]:
        try:
            yield self._shards.get(collection) or self._load(collection)
        except (KeyboardInterrupt, SystemExit, GeneratorExit):
            raise
        # The engine raises bare Exception, and panics that are not even an Exception.
        except BaseException as error:
            reason = " ".join(str(error).split()) or type(error).__name__
            raise self._broken(f"{collection}: {reason}") from error

    def _load(self, collection: str) -> edge.EdgeShard:
        with self._lock:
            if collection not in self._shards:
                path = self.folder / collection
                self._shards[collection] = edge.EdgeShard.load(str(path))
            return self._shards[collection]

    def _broken(self, reason: str) -> BrokenRelease:
        return BrokenRelease(
            f"release {self.folder.name} in {self.folder.parent} cannot be read: {reason}; "
            f"go back with `python -m embeat_pipeline rollback` or build it again with "
            f"`python -m embeat_pipeline run`"
        )


def edge_filter(filter: Filter) -> edge.Filter | None:
    """The filter as the engine's type; None if it lets everything through."""
    if not filter.must and not filter.must_not:
        return None
    return edge.Filter(
        must=[_condition(condition) for condition in filter.must],
        must_not=[_condition(condition) for condition in filter.must_not],
    )


def _condition(condition: Condition) -> edge.FieldCondition | edge.HasIdCondition:
    match condition:
        case Match(field, (value,)):
            return edge.FieldCondition(field, match=edge.MatchValue(value))
        case Match(field, values):
            return edge.FieldCondition(field, match=edge.MatchAny(list(values)))  # type: ignore[arg-type]
        case Between(field, low, high):
            return edge.FieldCondition(field, range=edge.RangeFloat(gte=low, lte=high))
        case Words(field, tokens, any):
            text = " ".join(tokens)
            kind = edge.MatchTextAny(text) if any else edge.MatchText(text)
            return edge.FieldCondition(field, match=kind)
        case Ids(ids):
            return edge.HasIdCondition(set(ids))


def _request(query: Query, vector_name: str) -> edge.QueryRequest:
    scoring: edge.Query | edge.OrderBy | None = None
    if query.vector is not None:
        scoring = edge.Query.Nearest(query.vector.tolist(), using=vector_name)
    elif query.order_by is not None:
        scoring = edge.OrderBy(query.order_by, direction=edge.Direction.Desc)
    return edge.QueryRequest(
        limit=query.limit,
        query=scoring,
        filter=edge_filter(query.filter),
        params=edge.SearchParams(exact=True) if query.exact else _approximate(query),
        with_payload=_selected(query.payload),
        with_vector=query.with_vector,
    )


def _approximate(query: Query) -> edge.SearchParams:
    candidates = max(SEARCH_EF, query.limit)
    if not query.sparse:
        return edge.SearchParams(hnsw_ef=candidates)
    # The store has decided: the engine's own estimate does not know of links within a value.
    through_all = edge.AcornSearchParams(enable=True, max_selectivity=1.0)
    return edge.SearchParams(hnsw_ef=candidates, acorn=through_all)


def _selected(payload: bool | Sequence[str]) -> bool | list[str]:
    return payload if isinstance(payload, bool) else list(payload)


def _hits(points: Sequence[edge.ScoredPoint], query: Query, vector_name: str) -> list[Hit]:
    # A request has hundreds of hits by vector alone, and reading absent fields takes time.
    if query.vector is not None and not query.payload and not query.with_vector:
        hits = [Hit(point.id, point.score, {}) for point in points]  # type: ignore[arg-type]
    else:
        hits = [_hit(point, _score(point, query), vector_name) for point in points]
    # Half-precision vectors are not exactly of unit length.
    if query.vector is not None:
        for position, hit in enumerate(hits):
            if not -1 <= hit.score <= 1:
                hits[position] = hit._replace(score=max(-1.0, min(1.0, hit.score)))
    return hits


def _score(point: edge.ScoredPoint, query: Query) -> float:
    if query.vector is not None:
        return point.score
    return 0.0 if point.order_value is None else float(point.order_value)


def _hit(point: edge.ScoredPoint | edge.Record, score: float, vector_name: str) -> Hit:
    vectors = point.vector
    vector = vectors.get(vector_name) if isinstance(vectors, dict) else None
    return Hit(
        id=point.id,  # type: ignore[arg-type]
        score=score,
        payload=point.payload or {},
        vector=None if vector is None else np.asarray(vector, np.float32),
    )
