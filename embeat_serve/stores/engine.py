"""What the embedded and the server store share around the engine's own search."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import replace
from io import BytesIO
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from embeat_serve.contract.schema import VectorName
from embeat_serve.stores.query import Between, Hit, Ids, Query
from embeat_serve.stores.query_plan import check_vector, simplify, unit


class Part(NamedTuple):
    """One search of the engine, which answers a query or a part of it."""

    position: int
    """Of the query among those of the call."""
    query: Query


class EngineStore(ABC):
    """Base of the stores: plans searches, merges their hits and orders ties."""

    def query(self, queries: Sequence[Query]) -> list[list[Hit]]:
        """See ``VectorStore.query``."""
        resolved = self._with_vectors(queries)
        parts = [
            Part(position, part)
            for position, query in enumerate(resolved)
            for part in self._plan(simplify(query))
        ]
        answers: list[list[Hit]] = [[] for _ in queries]
        for part, hits in zip(parts, self._search_all(parts), strict=True):
            earlier = answers[part.position]
            answers[part.position] = (
                merge(earlier, hits, part.query.limit) if earlier else sorted(hits, key=_order)
            )
        self._settle_ties(resolved, answers)
        return answers

    @abstractmethod
    def retrieve(
        self,
        collection: str,
        ids: Sequence[int],
        payload: bool | Sequence[str] = True,
        with_vector: bool = False,
    ) -> list[Hit]:
        """See ``VectorStore.retrieve``."""

    @abstractmethod
    def read_file(self, name: str) -> bytes:
        """See ``VectorStore.read_file``."""

    def read_array(self, name: str) -> NDArray[Any]:
        """See ``VectorStore.read_array``."""
        try:
            return np.load(BytesIO(self.read_file(name)), allow_pickle=False)
        except EOFError:
            raise ValueError(f"{name} is empty") from None

    @abstractmethod
    def _plan(self, query: Query | None) -> list[Query]:
        """Searches that together answer ``query``; none for None."""

    @abstractmethod
    def _search(self, collection: str, queries: list[Query]) -> list[list[Hit]]:
        """Run one batch of searches on one collection."""

    def load(self) -> None:  # noqa: B027
        """See ``VectorStore.load``. A server has nothing to load."""

    def _with_vectors(self, queries: Sequence[Query]) -> list[Query]:
        """The queries with the vectors of the points that ``like`` names."""
        # The engine would do this, but one unknown id would fail the whole batch.
        ids: dict[str, set[int]] = {}
        for query in queries:
            check_vector(query)
            if query.like is not None:
                ids.setdefault(query.collection, set()).add(query.like)
        vectors = {
            (collection, hit.id): hit.vector
            for collection, of_collection in ids.items()
            for hit in self.retrieve(
                collection, sorted(of_collection), payload=False, with_vector=True
            )
        }
        return [_resolved(query, vectors) for query in queries]

    def _search_all(self, parts: Sequence[Part]) -> list[list[Hit]]:
        """The hits of each part; one batch for each collection."""
        indices_of: dict[str, list[int]] = {}
        for index, part in enumerate(parts):
            indices_of.setdefault(part.query.collection, []).append(index)
        answers: list[list[Hit]] = [[] for _ in parts]
        for collection, indices in indices_of.items():
            batch = self._search(collection, [parts[index].query for index in indices])
            for index, hits in zip(indices, batch, strict=True):
                answers[index] = hits
        return answers

    def _settle_ties(self, queries: Sequence[Query], answers: list[list[Hit]]) -> None:
        """Put the lowest ids at the end of an ordered list that was cut within equal values.

        Engines cut anywhere within a run of equal values. The hits with the last value are
        searched again in id order, so the list does not depend on how the index was built.
        """
        parts: list[Part] = []
        for position, query in enumerate(queries):
            hits = answers[position]
            is_full = hits and len(hits) >= query.limit
            if query.order_by is None or query.vector is not None or not is_full:
                continue
            value = hits[-1].score
            must = (*query.filter.must, Between(query.order_by, value, value))
            number = sum(hit.score == value for hit in hits)
            again = replace(
                query, order_by=None, filter=replace(query.filter, must=must), limit=number
            )
            parts.extend(Part(position, part) for part in self._plan(simplify(again)))
        for part, tied_hits in zip(parts, self._search_all(parts), strict=True):
            hits = answers[part.position]
            value = hits[-1].score
            better = [hit for hit in hits if hit.score != value]
            answers[part.position] = better + [hit._replace(score=value) for hit in tied_hits]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    @abstractmethod
    def close(self) -> None:
        """See ``VectorStore.close``."""


def _resolved(query: Query, vectors: dict[tuple[str, int], NDArray[np.float32] | None]) -> Query:
    """The query by vector instead of ``like``, and normalised if the engine would not do it."""
    is_weighted = query.collection in VectorName.WEIGHTED
    if query.like is not None:
        vector = unit(vectors.get((query.collection, query.like)))
        exclusions = (*query.filter.must_not, Ids((query.like,)))
        query = replace(
            query,
            vector=vector,
            like=None,
            filter=replace(query.filter, must_not=exclusions),
            limit=0 if vector is None else query.limit,
        )
    elif query.vector is not None and is_weighted:
        # Engines normalise for a cosine, not for a dot product.
        vector = unit(query.vector)
        query = replace(query, vector=vector, limit=0 if vector is None else query.limit)
    # A graph over vectors of many lengths misses one in eight of the best 100 by dot product,
    # whatever the number of candidates; a scan takes 14 ms per million points.
    return replace(query, exact=query.exact or is_weighted)


def merge(one: list[Hit], other: list[Hit], limit: int) -> list[Hit]:
    """The best ``limit`` of two answers to the same query, each point once, ties by id."""
    hits = {hit.id: hit for hit in (*one, *other)}
    return sorted(hits.values(), key=_order)[:limit]


def _order(hit: Hit) -> tuple[float, int]:
    return -hit.score, hit.id
