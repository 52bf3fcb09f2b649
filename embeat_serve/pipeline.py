"""The recommendation pipeline: retrieve, score, read payload, steer, re-rank."""

from typing import NamedTuple

import numpy as np

from embeat_serve.hydration import HYDRATE, Hydrated, hydrate_with_fallback, passing_rows
from embeat_serve.ranking.candidates import Candidate, CandidateTable
from embeat_serve.ranking.features import metadata_features
from embeat_serve.ranking.model import DEFAULT_MODEL
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
from embeat_serve.retrieval.fallback import Fallback
from embeat_serve.retrieval.negative_feedback import artists_of
from embeat_serve.retrieval.retriever import channels_of, retrieve
from embeat_serve.second_stage import score_by_second_stage
from embeat_serve.seeds.seed_features import artists_of_seeds
from embeat_serve.trace import Trace

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
        is_thin = len(passing_rows(table, request, retrieval)) < request.pool_size
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
