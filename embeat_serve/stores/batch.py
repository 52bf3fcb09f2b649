"""Collect the queries of several parts of a request and answer them in one store call."""

from embeat_serve.stores.base import VectorStore
from embeat_serve.stores.query import Hit, Query


class PendingHits:
    """The hits of one query of a batch, ready after the batch was executed."""

    def __init__(self) -> None:
        self._hits: list[Hit] | None = None

    @property
    def hits(self) -> list[Hit]:
        """The hits, in the order of the query.

        Raises:
            RuntimeError: the batch has not been executed since the query was added.
        """
        if self._hits is None:
            raise RuntimeError("the batch of this query has not been executed")
        return self._hits

    def resolve(self, hits: list[Hit]) -> None:
        """Keep the store's answer; called by the batch alone."""
        self._hits = hits


class QueryBatch:
    """Queries that go to the store together.

    Each part of a request adds its queries and keeps what ``add`` returns. One ``execute``
    answers them all. A batch can be filled and executed again.

    Args:
        store: the store to ask.

    Attributes:
        store_calls: how often the store was asked.
    """

    def __init__(self, store: VectorStore):
        self._store = store
        self._waiting: list[tuple[Query, PendingHits]] = []
        self.store_calls = 0

    def add(self, query: Query) -> PendingHits:
        """Add one query; its hits are there after the next ``execute``."""
        pending = PendingHits()
        self._waiting.append((query, pending))
        return pending

    def execute(self) -> None:
        """Answer the queries added since the last call: one store call, or none where none wait.

        Raises:
            BrokenRelease: the release cannot be read.
            StoreUnreachable: the server does not answer.
        """
        if not self._waiting:
            return
        waiting, self._waiting = self._waiting, []
        self.store_calls += 1
        answers = self._store.query([query for query, _ in waiting])
        for (_, pending), hits in zip(waiting, answers, strict=True):
            pending.resolve(hits)
