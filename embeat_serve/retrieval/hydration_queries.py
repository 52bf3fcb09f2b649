"""Queries that read the payload of candidates known by their codes alone."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from embeat_serve.contract.schema import Collection
from embeat_serve.retrieval.request import RetrievalRequest
from embeat_serve.stores.query import Filter, Ids, Query


def hydration_queries(
    request: RetrievalRequest, codes: Sequence[int], first: Sequence[int]
) -> Iterator[Query]:
    """Queries for the payload of candidates that pass the request's filters.

    The second one, for candidates that are read although a filter that can give way says no,
    comes only where there are such a filter and such candidates.

    Args:
        request: gives filters and payload fields.
        codes: the candidates.
        first: candidates that are read even where filters that can give way say no.
    """
    filters = request.filters
    yield _query(request, codes, filters.filter())
    if filters.rules and first:
        yield _query(request, first, filters.filter(tuple(filters.rules)))


def _query(request: RetrievalRequest, codes: Sequence[int], filter: Filter) -> Query:
    filter = replace(filter, must=(Ids(tuple(codes)), *filter.must))
    return Query(Collection.TRACKS, len(codes), filter=filter, payload=request.payload or False)
