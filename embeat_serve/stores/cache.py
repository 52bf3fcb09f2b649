"""Keep lists that many requests need: the most popular tracks of a genre."""

from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache

from embeat_serve.contract.schema import GRAPH_FIELDS
from embeat_serve.stores.query import Hit, Ids, Match, Query

MAX_LISTS = 256
"""Lists kept, least recently used first out: about 60 tracks and vectors each, so up to 10 MB."""

LENGTH_STEP = 16
"""Lists are read in multiples of so many tracks, so that one serves several lengths."""


class PopularTracksCache:
    """The most popular tracks of each genre, which do not depend on the seed.

    An open release never changes, so a list that was read once stays right.

    Args:
        search: answers one query.
    """

    def __init__(self, search: Callable[[Query], list[Hit]]):
        self._search = lru_cache(MAX_LISTS)(search)

    def hits(self, query: Query) -> list[Hit] | None:
        """The hits of the query; None if it is not of the kind that is kept.

        The list is read without the excluded points of the query, and longer by their number. Its
        order is complete (ties by id), so what is left after the exclusion is the same.
        """
        if not _is_by_popularity(query):
            return None
        excluded = {
            id for item in query.filter.must_not if isinstance(item, Ids) for id in item.ids
        }
        must_not = tuple(item for item in query.filter.must_not if not isinstance(item, Ids))
        length = -(-(query.limit + len(excluded)) // LENGTH_STEP) * LENGTH_STEP
        general = replace(query, limit=length, filter=replace(query.filter, must_not=must_not))
        return [hit for hit in self._search(general) if hit.id not in excluded][: query.limit]

    def clear(self) -> None:
        """Drop all lists."""
        self._search.cache_clear()


def _is_by_popularity(query: Query) -> bool:
    """Whether the query orders one genre and reads no payload."""
    is_ordered = query.order_by is not None and query.vector is None and query.like is None
    match query.filter.must:
        case (Match(field, (_,)),) if is_ordered and field in GRAPH_FIELDS:
            return query.payload is False and query.limit > 0
        case _:
            return False
