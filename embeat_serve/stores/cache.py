"""Answers of a release that come up again and again, kept."""

from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache

from embeat_serve.contract.schema import GRAPH_FIELDS
from embeat_serve.stores.query import Hit, Ids, Match, Query

MOST = 256
"""Lists kept, those asked last: of some 60 tracks and their vectors, so up to 10 MB."""

STEP = 16
"""Lists are asked for in multiples of so many tracks, so that one serves several lengths."""


class KeptLists:
    """The best-known tracks of a genre, which do not depend on the seed.

    A release never changes while it is open, so what was found once is what would be found again.

    Args:
        ask: what answers a query.
    """

    def __init__(self, ask: Callable[[Query], list[Hit]]):
        self._ask = lru_cache(MOST)(ask)

    def answer(self, query: Query) -> list[Hit] | None:
        """The query's hits; None where such answers are not kept.

        The points it leaves out are left in what is kept, and so many more tracks asked for:
        the order is complete, ties by id, so those left are the same.
        """
        if not _is_general(query):
            return None
        left_out = {
            id for item in query.filter.must_not if isinstance(item, Ids) for id in item.ids
        }
        others = tuple(item for item in query.filter.must_not if not isinstance(item, Ids))
        number = -(-(query.limit + len(left_out)) // STEP) * STEP
        where = replace(query.filter, must_not=others)
        hits = self._ask(replace(query, limit=number, filter=where))
        return [hit for hit in hits if hit.id not in left_out][: query.limit]

    def clear(self) -> None:
        """Forget them."""
        self._ask.cache_clear()


def _is_general(query: Query) -> bool:
    ordered = query.order_by is not None and query.vector is None and query.like is None
    match query.filter.must:
        case (Match(field, (_,)),) if ordered and field in GRAPH_FIELDS:
            return query.payload is False and query.limit > 0
        case _:
            return False
