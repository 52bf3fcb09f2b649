"""The interface of a store, and what every engine needs done around its own search.

Engines differ from the contract of ``Query`` in three places, which are handled here once:
several values of one field are asked one by one and merged (filtered approximate search loses
recall on a union), ties at the cut of an ordered list are resolved by id, and a
condition that nothing can meet is answered without asking.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import replace
from io import BytesIO
from typing import Any, NamedTuple, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from embeat_serve.contract.schema import VECTOR_SIZE, VectorName
from embeat_serve.stores.query import Between, Condition, Filter, Hit, Ids, Match, Query, Words

MAX_PARTS = 32
"""Most queries that one query is split into; beyond it the union is asked, exactly."""

DENSE = 0.8
"""Share of linked points that a filter has to leave for a plain walk of the graph: where it goes
with the sound, as a language does, a walk through two thirds already loses its way."""

SEARCH_EF = 512
"""Candidates kept while walking the graph. At 1M points one song in fifty finds only half of its
nearest with 256, as one of two graphs is left at a dead end."""


EVERYTHING = Filter()
"""Lets every point through."""


class VectorStore(Protocol):
    """A published release that can be asked."""

    def query(self, queries: Sequence[Query]) -> list[list[Hit]]:
        """Answer all queries, in the order asked. One batch per collection, however many.

        Raises:
            ValueError: a query vector holds NaN or infinity, or has the wrong length.
            BrokenRelease: the release cannot be read.
            StoreUnreachable: the server does not answer.
        """
        ...

    def retrieve(
        self,
        collection: str,
        ids: Sequence[int],
        payload: bool | Sequence[str] = True,
        with_vector: bool = False,
    ) -> list[Hit]:
        """Points by id, in the order of ``ids``; unknown ids are left out. Scores are 0."""
        ...

    def count(self, collection: str, filter: Filter = EVERYTHING) -> int:
        """Exact number of points that match."""
        ...

    def read_file(self, name: str) -> bytes:
        """Content of a file of the release (``contract.ReleaseFile``)."""
        ...

    def read_array(self, name: str) -> NDArray[Any]:
        """A file of the release that holds one array; of what lies on disk nothing is copied.

        Raises:
            BrokenRelease: it is missing.
            ValueError: it holds something else.
        """
        ...

    def load(self) -> None:
        """Load all of the release now, so that it can be asked even when it is removed.

        Raises:
            BrokenRelease: it cannot be read.
        """
        ...

    def close(self) -> None:
        """Let go of the release. Closing twice is fine."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(self, *exception: object) -> None: ...


class Part(NamedTuple):
    """One search of the engine, which answers a query or a part of it."""

    position: int
    """Of the query in the list asked."""
    query: Query


class EngineStore(ABC):
    """What the embedded and the server store share."""

    def query(self, queries: Sequence[Query]) -> list[list[Hit]]:
        """See ``VectorStore.query``."""
        asked = self._with_vectors(queries)
        parts = [
            Part(position, part)
            for position, query in enumerate(asked)
            for part in self._plan(simplify(query))
        ]
        answers: list[list[Hit]] = [[] for _ in queries]
        for part, hits in zip(parts, self._ask(parts), strict=True):
            so_far = answers[part.position]
            answers[part.position] = (
                merge(so_far, hits, part.query.limit) if so_far else sorted(hits, key=_place)
            )
        self._settle_ties(asked, answers)
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
        """Searches that together answer ``query``; none where nothing can match."""

    @abstractmethod
    def _search(self, collection: str, queries: list[Query]) -> list[list[Hit]]:
        """Run one batch on one collection."""

    def load(self) -> None:  # noqa: B027
        """See ``VectorStore.load``. A server has nothing to load."""

    def _with_vectors(self, queries: Sequence[Query]) -> list[Query]:
        # Looked up here, not by the engine: one id that is gone would fail the whole batch.
        alike: dict[str, set[int]] = {}
        for query in queries:
            check_vector(query)
            if query.like is not None:
                alike.setdefault(query.collection, set()).add(query.like)
        vectors = {
            (collection, hit.id): hit.vector
            for collection, ids in alike.items()
            for hit in self.retrieve(collection, sorted(ids), payload=False, with_vector=True)
        }
        asked = []
        for query in queries:
            if query.like is not None:
                vector = unit(vectors.get((query.collection, query.like)))
                others = replace(
                    query.filter, must_not=(*query.filter.must_not, Ids((query.like,)))
                )
                limit = 0 if vector is None else query.limit
                query = replace(query, vector=vector, like=None, filter=others, limit=limit)
            elif query.vector is not None and query.collection in VectorName.WEIGHTED:
                # Engines normalise for a cosine, not for a dot product.
                vector = unit(query.vector)
                query = replace(
                    query, vector=vector, limit=query.limit if vector is not None else 0
                )
            # A graph over vectors of many lengths misses one in eight of the best 100 by dot
            # product, however long it is walked; a scan takes 14 ms per million points.
            scanned = query.collection in VectorName.WEIGHTED
            asked.append(replace(query, exact=query.exact or scanned))
        return asked

    def _ask(self, parts: Sequence[Part]) -> list[list[Hit]]:
        of_collection: dict[str, list[int]] = {}
        for index, part in enumerate(parts):
            of_collection.setdefault(part.query.collection, []).append(index)
        answers: list[list[Hit]] = [[] for _ in parts]
        for collection, indices in of_collection.items():
            batch = self._search(collection, [parts[index].query for index in indices])
            for index, hits in zip(indices, batch, strict=True):
                answers[index] = hits
        return answers

    def _settle_ties(self, queries: Sequence[Query], answers: list[list[Hit]]) -> None:
        # Engines cut an ordered list anywhere within a run of equal values. The last value's
        # hits are asked again in id order, so the list is the same whatever was built or merged
        # in which order.
        cut = []
        for position, query in enumerate(queries):
            hits = answers[position]
            full = hits and len(hits) >= query.limit
            if query.order_by is None or query.vector is not None or not full:
                continue
            value = hits[-1].score
            tied = Between(query.order_by, value, value)
            narrowed = replace(query.filter, must=(*query.filter.must, tied))
            number = sum(hit.score == value for hit in hits)
            again = replace(query, order_by=None, filter=narrowed, limit=number)
            cut.extend(Part(position, part) for part in self._plan(simplify(again)))
        for part, tied_hits in zip(cut, self._ask(cut), strict=True):
            hits = answers[part.position]
            value = hits[-1].score
            kept = [hit for hit in hits if hit.score != value]
            answers[part.position] = kept + [hit._replace(score=value) for hit in tied_hits]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    @abstractmethod
    def close(self) -> None:
        """See ``VectorStore.close``."""


def merge(one: list[Hit], other: list[Hit], limit: int) -> list[Hit]:
    """Best ``limit`` of two answers to the same query, each point once, ties by id."""
    found = {hit.id: hit for hit in (*one, *other)}
    return sorted(found.values(), key=_place)[:limit]


def _place(hit: Hit) -> tuple[float, int]:
    return -hit.score, hit.id


def unit(vector: NDArray[np.float32] | None) -> NDArray[np.float32] | None:
    """The vector at length 1; None for none and for zero, which is near to nothing."""
    length = 0.0 if vector is None else float(np.linalg.norm(vector))
    return None if vector is None or length == 0 else vector / np.float32(length)


def check_vector(query: Query) -> None:
    """Refuse vectors of another size, and those that engines answer with an empty list.

    Raises:
        ValueError: not ``VECTOR_SIZE`` long, or NaN or infinity within.
    """
    if query.vector is None:
        return
    if query.vector.shape != (VECTOR_SIZE,):
        raise ValueError(
            f"query vector for {query.collection} must have shape ({VECTOR_SIZE},), "
            f"found {query.vector.shape}"
        )
    if not np.isfinite(query.vector).all():
        raise ValueError(f"query vector for {query.collection} holds NaN or infinity")


def simplify(query: Query) -> Query | None:
    """The query without conditions that always hold; None where nothing can match."""
    if query.limit <= 0 or any(_never(condition) for condition in query.filter.must):
        return None
    excluded = tuple(condition for condition in query.filter.must_not if not _never(condition))
    if len(excluded) == len(query.filter.must_not):
        return query
    return replace(query, filter=replace(query.filter, must_not=excluded))


def _never(condition: Condition) -> bool:
    match condition:
        case Match():
            return not condition.values
        case Words():
            return not condition.tokens
        case Ids():
            return not condition.ids
        case _:
            return False


def split_values(query: Query) -> list[Query]:
    """One query per value of each multi-valued ``Match``; their union answers ``query``."""
    wheres: list[tuple[Condition, ...]] = [()]
    for condition in query.filter.must:
        alternatives: Iterable[Condition] = (condition,)
        if isinstance(condition, Match):
            alternatives = (Match(condition.field, (value,)) for value in condition.values)
        wheres = [(*where, alternative) for alternative in alternatives for where in wheres]
        if len(wheres) > MAX_PARTS:
            return [replace(query, exact=True)]
    return [replace(query, filter=replace(query.filter, must=where)) for where in wheres]
