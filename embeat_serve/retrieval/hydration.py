"""Queries that read the payload of candidates known by their codes alone."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from embeat_serve.contract.schema import Collection
from embeat_serve.retrieval.channel import Purpose, QueryKey
from embeat_serve.retrieval.request import RetrievalRequest
from embeat_serve.stores.query import Filter, Ids, Query


def hydration_queries(
    request: RetrievalRequest, codes: Sequence[int], first: Sequence[int]
) -> Iterable[tuple[QueryKey, Query]]:
    """Queries for the payload of candidates that pass the request's filters.

    Args:
        request: gives filters and payload fields.
        codes: the candidates.
        first: candidates that are read even where filters that can give way say no.
    """
    filters = request.filters
    yield _query(request, Purpose.HYDRATION, codes, filters.filter())
    if filters.rules:
        relaxed = filters.filter(tuple(filters.rules))
        yield _query(request, Purpose.RELAXED_HYDRATION, first, relaxed)


def _query(
    request: RetrievalRequest, purpose: Purpose, codes: Sequence[int], filter: Filter
) -> tuple[QueryKey, Query]:
    filter = replace(filter, must=(Ids(tuple(codes)), *filter.must))
    query = Query(Collection.TRACKS, len(codes), filter=filter, payload=request.payload or False)
    return QueryKey("playlist", purpose), query
