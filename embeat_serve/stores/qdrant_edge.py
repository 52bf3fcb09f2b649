"""A release folder, read by Qdrant Edge in this process.

The engine never releases the GIL, so threads wait for one another's queries: serve with
several processes, started by spawn (a forked one hangs). They share the page cache.
"""

import threading
from collections.abc import Iterator, Sequence
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
from embeat_serve.stores.base import (
    DENSE,
    EVERYTHING,
    SEARCH_EF,
    EngineStore,
    split_values,
)
from embeat_serve.stores.cache import KeptLists
from embeat_serve.stores.query import Between, Condition, Filter, Hit, Ids, Match, Query, Words

SCAN_LINKED = 10_000
"""Estimated matches of an indexed value up to which they are scanned: above, the links within
the value are faster (4.7 against 2.0 ms of CPU at 19,000) and miss one in a thousand."""

SCAN_UNLINKED = 200_000
"""The same for conditions that have no links: a scan of as many takes 18 ms of CPU, no more than
a walk, and misses nothing."""

MOST_ESTIMATES = 4_096
"""Estimates kept, those asked last."""


class EdgeStore(EngineStore):
    """The release in ``folder``. A collection is loaded when it is first asked.

    The engine needs write permission in the folder, though nothing is written that matters:
    any number of processes can have one release open.

    Raises:
        BrokenRelease: a collection's folder is missing.
    """

    def __init__(self, folder: Path):
        self.folder = folder
        self._shards: dict[str, edge.EdgeShard] = {}
        self._lock = threading.Lock()
        ask = super().query
        self._kept = KeptLists(lambda query: ask([query])[0])
        self._estimate = lru_cache(MOST_ESTIMATES)(self._estimated)
        for collection in Collection.ALL:
            if not (folder / collection).is_dir():
                raise self._broken(f"{collection}/ is missing")

    def query(self, queries: Sequence[Query]) -> list[list[Hit]]:
        """See ``VectorStore.query``."""
        kept = [self._kept.answer(query) for query in queries]
        pairs = zip(queries, kept, strict=True)
        asked = iter(super().query([query for query, hits in pairs if hits is None]))
        return [next(asked) if hits is None else hits for hits in kept]

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
        found = {record.id: record for record in records}
        return [_hit(found[id], 0.0, vector_name) for id in ids if id in found]

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
            # A plain array over the mapped file: what is done with it is quicker so.
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
        self._kept.clear()
        self._estimate.cache_clear()

    def _plan(self, query: Query | None) -> list[Query]:
        if query is None:
            return []
        if query.vector is None or query.exact:
            return [query]
        parts = split_values(query)
        if len(parts) > 1 and self._estimate(query.collection, query.filter) <= SCAN_LINKED:
            return [replace(query, exact=True)]
        return [part if part.exact else self._how(part) for part in parts]

    def _how(self, query: Query) -> Query:
        # Where a filter leaves a tenth of what the graph links, a plain walk finds 44% of the
        # best 100, and where it leaves a twentieth, 5%. Walking on through what is left out finds
        # all, in 3 to 20 ms of CPU.
        matched = [condition for condition in query.filter.must if isinstance(condition, Match)]
        linked = tuple(condition for condition in matched if condition.field in GRAPH_FIELDS)
        # Single points left out are neither here nor there, and make every question another.
        others = tuple(item for item in query.filter.must_not if not isinstance(item, Ids))
        found = self._estimate(query.collection, replace(query.filter, must_not=others))
        sparse = False
        if len(query.filter.must) > len(linked) or query.filter.must_not:
            sparse = found < DENSE * self._estimate(query.collection, Filter(linked))
        scanned = SCAN_LINKED if linked and not sparse else SCAN_UNLINKED
        return replace(query, exact=found <= scanned, sparse=sparse)

    def _estimated(self, collection: str, filter: Filter) -> int:
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
    def _engine(self, collection: str) -> Iterator[edge.EdgeShard]:
        try:
            yield self._shards.get(collection) or self._load(collection)
        except (KeyboardInterrupt, SystemExit, GeneratorExit):
            raise
        # The engine raises bare Exception, and panics that are no Exception at all.
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
    """The filter in the engine's own words; None where it lets everything through."""
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
        score_threshold=query.min_score if query.vector is not None else None,
        with_payload=_selected(query.payload),
        with_vector=query.with_vector,
    )


def _approximate(query: Query) -> edge.SearchParams:
    candidates = max(SEARCH_EF, query.limit)
    if not query.sparse:
        return edge.SearchParams(hnsw_ef=candidates)
    # The decision is made: it depends on the links within a value, of which this knows nothing.
    onward = edge.AcornSearchParams(enable=True, max_selectivity=1.0)
    return edge.SearchParams(hnsw_ef=candidates, acorn=onward)


def _selected(payload: bool | Sequence[str]) -> bool | list[str]:
    return payload if isinstance(payload, bool) else list(payload)


def _hits(points: Sequence[edge.ScoredPoint], query: Query, vector_name: str) -> list[Hit]:
    if query.vector is not None and not query.payload and not query.with_vector:
        # Hundreds a question: what the rest takes to read is not even asked for.
        hits = [Hit(point.id, point.score, {}) for point in points]  # type: ignore[arg-type]
    else:
        hits = [_hit(point, _score(point, query), vector_name) for point in points]
    # Half-precision vectors are not exactly of unit length.
    if query.vector is not None:
        ends = [place for place, hit in enumerate(hits) if not -1 <= hit.score <= 1]
        for place in ends:
            hits[place] = hits[place]._replace(score=max(-1.0, min(1.0, hits[place].score)))
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
