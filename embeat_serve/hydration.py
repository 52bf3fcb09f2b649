"""Read the payload of candidates: which ones, in which store call, and through which filters."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from embeat_serve.contract.payload import TrackPayload
from embeat_serve.contract.schema import Collection, TrackField
from embeat_serve.ranking.candidates import CandidateTable
from embeat_serve.ranking.preselection import preselect
from embeat_serve.ranking.scoring import Scorer, score_channels
from embeat_serve.recommendation_plan import HydrationMode, RecommendationRequest
from embeat_serve.retrieval.channel import ChannelResult
from embeat_serve.retrieval.fallback import Fallback
from embeat_serve.retrieval.hydration_queries import hydration_queries
from embeat_serve.retrieval.request import OVERSAMPLING
from embeat_serve.retrieval.retriever import Retrieval
from embeat_serve.stores.base import VectorStore
from embeat_serve.stores.batch import QueryBatch
from embeat_serve.stores.query import Filter, Hit, Ids, Query


class Hydrated(NamedTuple):
    """Scored candidates, and what was read of some of them."""

    table: CandidateTable
    payloads: Mapping[int, TrackPayload]
    """By track code."""
    vectors: Mapping[int, NDArray[np.float32]]
    """Acoustic vectors (64,) by track code, of candidates and of seeds; empty where payload came
    with retrieval."""

    @classmethod
    def of(cls, table: CandidateTable, hits: Sequence[Hit]) -> Self:
        """The candidates with what ``hits`` hold."""
        payloads = {hit.id: hit.track for hit in hits if hit.payload.get(TrackField.TRACK_ID)}
        vectors = {hit.id: hit.vector for hit in hits if hit.vector is not None}
        return cls(table, payloads, vectors)


def hydrate_from_retrieval(
    store: VectorStore,
    request: RecommendationRequest,
    table: CandidateTable,
    retrieval: Retrieval,
) -> Hydrated:
    """Take the payload that came with retrieval. No store call."""
    return Hydrated.of(table, retrieval.hits())


def hydrate_filtered(
    store: VectorStore,
    request: RecommendationRequest,
    table: CandidateTable,
    retrieval: Retrieval,
) -> Hydrated:
    """Read the shortlist, and what has yet to meet the filters, through them. One store call."""
    searched = passing_rows(table, request, retrieval)
    best = searched[_shortlist(table.select(searched), request)]
    unknown = np.setdiff1d(np.arange(len(table.ids)), searched)[: OVERSAMPLING * request.pool_size]
    failing = blocked_by_filters(table, request)
    first = failing
    # Filters give way last, so only where few songs pass them. Fallback candidates that fail one
    # are there where these are asked for at once: under the dials, and in a second attempt.
    if len(searched) < request.pool_size or len(failing):
        first = np.union1d(_shortlist(table, request)[: request.pool_size], failing)
    first_codes = table.ids[first].tolist()
    table = table.select(np.unique(np.concatenate([best, unknown, first])))
    hydration = request.retrieval(request.candidate_fields)
    queries = hydration_queries(hydration, table.ids.tolist(), first_codes)
    hits = store.query(_with_vectors(queries, request))
    return Hydrated.of(table, [hit for of_query in hits for hit in of_query])


def hydrate_shortlist(
    store: VectorStore,
    request: RecommendationRequest,
    table: CandidateTable,
    retrieval: Retrieval,
) -> Hydrated:
    """Read the shortlist alone. One store call, or none where nothing was found."""
    table = table.select(_shortlist(table, request))
    codes = table.ids.tolist()
    if not codes:
        return Hydrated.of(table, [])
    with_vector = request.compares_sound
    if with_vector:
        codes += request.retrieval().seed_codes
    hits = store.retrieve(
        Collection.TRACKS, codes, request.candidate_fields, with_vector=with_vector
    )
    return Hydrated.of(table, hits)


HYDRATE: dict[
    HydrationMode,
    Callable[[VectorStore, RecommendationRequest, CandidateTable, Retrieval], Hydrated],
] = {
    HydrationMode.WITH_RETRIEVAL: hydrate_from_retrieval,
    HydrationMode.FILTERED: hydrate_filtered,
    HydrationMode.SHORTLIST: hydrate_shortlist,
}


def hydrate_with_fallback(
    store: VectorStore,
    request: RecommendationRequest,
    table: CandidateTable,
    results: Sequence[ChannelResult],
    scorer: Scorer,
) -> Hydrated:
    """Read all of a thin pool, and fallback candidates with it. One store call."""
    with_payload = request.retrieval(request.candidate_fields)
    batch = QueryBatch(store)
    fallback = Retrieval(batch, with_payload, [Fallback()])
    first = table.ids[_shortlist(table, request)[: request.pool_size]].tolist()
    queries = hydration_queries(with_payload, table.ids.tolist(), first)
    pool = [batch.add(query) for query in _with_vectors(queries, request)]
    batch.execute()
    hits = [*fallback.hits(), *(hit for pending in pool for hit in pending.hits)]
    table = score_channels([*results, *fallback.results()], scorer)
    return Hydrated.of(table, hits)


def blocked_by_filters(table: CandidateTable, request: RecommendationRequest) -> NDArray[np.intp]:
    """(m,) rows of the fallback candidates that fail a filter."""
    rules = [
        position
        for position, rule in enumerate(table.blocking_rules)
        if rule in request.filters.rules
    ]
    return np.flatnonzero(np.isin(table.blocked, rules))


def passing_rows(
    table: CandidateTable, request: RecommendationRequest, retrieval: Retrieval
) -> NDArray[np.intp]:
    """(m,) rows of the candidates that are known to pass the filters: all if there are none."""
    if not request.filters:
        return np.arange(len(table.ids))
    return np.flatnonzero(np.isin(table.ids, retrieval.codes_that_pass()))


def _shortlist(table: CandidateTable, request: RecommendationRequest) -> NDArray[np.intp]:
    """Rows of the candidates that are worth reading, best first."""
    oversampling = OVERSAMPLING if request.retrieval().needs_oversampling else 1
    return preselect(table, request.options, request.pool_length * oversampling)


def _with_vectors(queries: Iterable[Query], request: RecommendationRequest) -> list[Query]:
    """The queries, with acoustic vectors where sound is compared, and one for those of seeds."""
    if not request.compares_sound:
        return list(queries)
    of_candidates = [replace(query, with_vector=True) for query in queries]
    codes = request.retrieval().seed_codes
    of_seeds = Query(Collection.TRACKS, len(codes), filter=Filter((Ids(codes),)), with_vector=True)
    return [*of_candidates, of_seeds] if codes else of_candidates
