"""The recommendation pipeline: retrieve, score, read payload, steer, re-rank."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from embeat_serve.contract.payload import TrackPayload
from embeat_serve.contract.schema import EVIDENCE_CHANNELS, Collection, TrackField
from embeat_serve.ranking.candidates import Candidate, CandidateTable
from embeat_serve.ranking.features import metadata_features
from embeat_serve.ranking.model import DEFAULT_MODEL
from embeat_serve.ranking.preselection import preselect
from embeat_serve.ranking.scoring import (
    Scorer,
    ScoringContext,
    score_channels,
    score_metadata,
)
from embeat_serve.ranking.steering import demote_artists, steer_scores
from embeat_serve.recommendation_plan import (
    FallbackMode,
    HydrationMode,
    RecommendationRequest,
    RetrievalPlan,
    plan_retrieval,
)
from embeat_serve.release import Release
from embeat_serve.reranking.reranker import rerank
from embeat_serve.retrieval.channel import ChannelResult
from embeat_serve.retrieval.fallback import Fallback
from embeat_serve.retrieval.hydration import hydration_queries
from embeat_serve.retrieval.negative_feedback import artists_of
from embeat_serve.retrieval.request import OVERSAMPLING, POOL_FACTOR
from embeat_serve.retrieval.retriever import Retrieval, channels_of, retrieve
from embeat_serve.second_stage import score_by_second_stage
from embeat_serve.seeds.seed_features import artists_of_seeds
from embeat_serve.stores.base import VectorStore
from embeat_serve.stores.batch import QueryBatch
from embeat_serve.stores.query import Filter, Hit, Ids, Query
from embeat_serve.trace import Trace

_PLAYLIST = EVIDENCE_CHANNELS.index("playlist")
_FALLBACK = Fallback()


class RankedList(NamedTuple):
    """The songs of a list, and the rules it does not keep."""

    songs: list[Candidate]
    """Best first as far as the rules allow, with payload and evidence."""
    relaxed: list[str]
    """Rules that had to give way."""


def recommend_tracks(release: Release, request: RecommendationRequest, trace: Trace) -> RankedList:
    """Make a list in one or two store calls; once more with the fallback if it stays short.

    Raises:
        BrokenRelease: the release cannot be read.
        StoreUnreachable: the server does not answer.
    """
    plan = plan_retrieval(request)
    ranked, has_fallback = attempt(release, request, plan, trace)
    # Candidates enough, but a list too short: that takes four copies of every song.
    if len(ranked.songs) < request.k and not has_fallback:
        plan = plan._replace(fallback=FallbackMode.AT_ONCE)
        ranked, _ = attempt(release, request, plan, trace)
    return ranked


def attempt(
    release: Release, request: RecommendationRequest, plan: RetrievalPlan, trace: Trace
) -> tuple[RankedList, bool]:
    """Make a list by a plan.

    Returns:
        The list, and whether everything that could fill it was fetched.
    """
    scoring = ScoringContext(
        request.options,
        DEFAULT_MODEL,
        len(request.seeds.songs),
        is_artist=request.is_artist,
        title=request.title_role,
    )
    with trace.section("channels"):
        with_retrieval = plan.hydration is HydrationMode.WITH_RETRIEVAL
        retrieval_request = request.retrieval(request.candidate_fields if with_retrieval else ())
        channels = channels_of(retrieval_request)
        if plan.fallback is FallbackMode.AT_ONCE:
            channels = (*channels, _FALLBACK)
        retrieval = retrieve(release.store, retrieval_request, channels)
        results = retrieval.results()
    with trace.section("payload"):
        scorer = scoring.scorer(results)
        table = score_channels(results, scorer)
        is_thin = len(table.ids) < POOL_FACTOR * request.pool_length
        fetches_fallback = plan.fallback is FallbackMode.IF_SHORT and is_thin
        if fetches_fallback:
            hydrated = hydrate_with_fallback(release.store, request, table, results, scorer)
        else:
            hydrated = HYDRATE[plan.hydration](release.store, request, table, retrieval)
    with trace.section("ranking"):
        table = score_payload(hydrated, request, scorer)
        read = (hydrated.payloads, hydrated.vectors)
        table = score_by_second_stage(release, request, table, results, *read)
        candidates = table.candidates(hydrated.payloads)
        seed_artists = artists_of_seeds(request.seeds.songs)
        demote_artists(candidates, artists_of(request.disliked), seed_artists)
        steer_scores(candidates, seed_artists, request.options)
        songs, relaxed = rerank(
            candidates,
            request.seeds.songs,
            request.options,
            k=request.k,
            filters=request.filters,
            disliked=request.disliked,
        )
        table.attach_evidence(songs)
    has_fallback = fetches_fallback or plan.fallback is not FallbackMode.IF_SHORT
    return RankedList(songs, relaxed), has_fallback


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
    """Read a long shortlist and all playlist neighbours, through the filters. One store call."""
    best = preselect(table, request.options, request.pool_length * OVERSAMPLING)
    # Filters have not seen playlist neighbours yet, and may drop many.
    others = np.setdiff1d(np.flatnonzero(table.found[:, _PLAYLIST]), best)
    table = table.select(np.concatenate([best, others]))
    codes = table.ids.tolist()
    first = codes[: POOL_FACTOR * request.pool_length]
    hydration = request.retrieval(request.candidate_fields)
    queries = _with_vectors(hydration_queries(hydration, codes, first), hydration.seed_codes)
    return Hydrated.of(table, [hit for hits in store.query(queries) for hit in hits])


def hydrate_shortlist(
    store: VectorStore,
    request: RecommendationRequest,
    table: CandidateTable,
    retrieval: Retrieval,
) -> Hydrated:
    """Read the shortlist alone. One store call, or none where nothing was found."""
    oversampling = OVERSAMPLING if request.retrieval().needs_oversampling else 1
    table = table.select(preselect(table, request.options, request.pool_length * oversampling))
    codes = table.ids.tolist()
    if not codes:
        return Hydrated.of(table, [])
    codes += request.retrieval().seed_codes
    hits = store.retrieve(Collection.TRACKS, codes, request.candidate_fields, with_vector=True)
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
    fallback = Retrieval(batch, with_payload, [_FALLBACK])
    queries = hydration_queries(with_payload, table.ids.tolist(), ())
    pool = [batch.add(query) for query in _with_vectors(queries, with_payload.seed_codes)]
    batch.execute()
    hits = [*fallback.hits(), *(hit for pending in pool for hit in pending.hits)]
    table = score_channels([*results, *fallback.results()], scorer)
    return Hydrated.of(table, hits)


def score_payload(
    hydrated: Hydrated, request: RecommendationRequest, scorer: Scorer
) -> CandidateTable:
    """Keep the candidates that have payload, and add what it says to their scores."""
    payloads = hydrated.payloads
    rows = [row for row, id in enumerate(hydrated.table.ids.tolist()) if id in payloads]
    table = hydrated.table.select(np.array(rows, np.intp))
    seeds = [seed.payload for seed in request.seeds.songs]
    features = metadata_features(seeds, [payloads[id] for id in table.ids.tolist()])
    return score_metadata(table, features, scorer)


def _with_vectors(queries: Iterable[Query], seed_codes: Sequence[int]) -> list[Query]:
    """The queries, to be answered with acoustic vectors; and one for the vectors of the seeds."""
    seeds = Filter((Ids(tuple(seed_codes)),))
    of_seeds = Query(Collection.TRACKS, len(seed_codes), filter=seeds, with_vector=True)
    of_candidates = [replace(query, with_vector=True) for query in queries]
    return [*of_candidates, of_seeds] if seed_codes else of_candidates
