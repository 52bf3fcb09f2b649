"""A store that gives the answers it was told to, and keeps the queries it was asked."""

from collections.abc import Sequence
from typing import Any

from embeat_serve.stores.batch import QueryBatch
from embeat_serve.stores.query import Hit, Query, Words


class ScriptedStore:
    """Answers each query of a call with the hits whose collection and values it names.

    Args:
        hits: hits by a value that a query's conditions match; of a query for words by these, with
            "words: " before them.
    """

    def __init__(self, hits: dict[int | str, list[Hit]]):
        self._hits = hits
        self.calls: list[list[Query]] = []

    def query(self, queries: Sequence[Query]) -> list[list[Hit]]:
        self.calls.append(list(queries))
        return [self._answer(query) for query in queries]

    def _answer(self, query: Query) -> list[Hit]:
        values = [
            value for condition in query.filter.must for value in getattr(condition, "values", ())
        ]
        values += [
            f"words: {' '.join(condition.tokens)}"
            for condition in query.filter.must
            if isinstance(condition, Words)
        ]
        return [hit for value in values for hit in self._hits.get(value, [])]


def batch_on(hits: dict[int | str, list[Hit]]) -> tuple[QueryBatch, ScriptedStore]:
    """A batch on a scripted store."""
    store: Any = ScriptedStore(hits)
    return QueryBatch(store), store
