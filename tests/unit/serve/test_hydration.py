from collections.abc import Sequence
from typing import Any, cast

import numpy as np
import pytest

from embeat_serve.contract.schema import Collection
from embeat_serve.filters.compiled import CompiledFilter, FilterRule
from embeat_serve.hydration import (
    HYDRATE,
    Hydrated,
    blocked_by_filters,
    hydrate_with_fallback,
    passing_rows,
)
from embeat_serve.options import RecallOptions
from embeat_serve.ranking.candidates import CandidateTable
from embeat_serve.ranking.model import DEFAULT_MODEL
from embeat_serve.ranking.scoring import Scorer, ScoringContext, score_channels
from embeat_serve.recommendation_plan import HydrationMode, RecommendationRequest
from embeat_serve.retrieval.fallback import Fallback
from embeat_serve.retrieval.retriever import Retrieval, channels_of, retrieve
from embeat_serve.seeds.models import SeedSet
from embeat_serve.stores.base import VectorStore
from embeat_serve.stores.query import Between, Hit, Ids, Match, Query
from embeat_serve.titles.title_model import TitleProfile
from tests.support.payloads import track_payload
from tests.support.retrieval import packed, seed

NINETIES = Between("year", 1990, 1999)
YEARS = CompiledFilter({"year": FilterRule((NINETIES,))})
OPTIONS = RecallOptions(channels=("acoustic", "playlist"))


class NinetiesStore:
    """Tracks with even codes are of the nineties; a search finds ``found`` of them in each genre.

    The neighbour list of the seed has the codes of ``neighbours``.
    """

    def __init__(self, found: int, neighbours: Sequence[int] = ()) -> None:
        self.found, self.neighbours = found, neighbours
        self.calls: list[list[Query]] = []

    def query(self, queries: Sequence[Query]) -> list[list[Hit]]:
        self.calls.append(list(queries))
        return [self._hits(query) for query in queries]

    def retrieve(
        self, collection: str, ids: Sequence[int], payload: Sequence[str], with_vector: bool
    ) -> list[Hit]:
        query = Query(collection, len(ids), payload=payload, with_vector=with_vector)
        return [self._hit(code, query) for code in ids]

    def _hits(self, query: Query) -> list[Hit]:
        named = [code for item in query.filter.must if isinstance(item, Ids) for code in item.ids]
        if query.collection == Collection.TRACKS_PLAYLIST:
            neighbours = packed(dict.fromkeys(self.neighbours, 100))
            return [Hit(1, 0.0, {"neighbours": neighbours})] if self.neighbours else []
        if not named:
            limit = min(query.limit, self.found)
            genres = [item.values[0] for item in query.filter.must if isinstance(item, Match)]
            first = 20_000 if 8 in genres else 10_000
            if NINETIES not in query.filter.must:
                first = 50_001  # of other years
            hits = [Hit(first + 2 * place, 1 - place / 1e4, {}) for place in range(limit)]
            return [self._hit(hit.id, query, hit.score) for hit in hits] if query.payload else hits
        is_filtered = NINETIES in query.filter.must
        return [self._hit(code, query) for code in named if not (is_filtered and code % 2)]

    def _hit(self, code: int, query: Query, score: float = 0.0) -> Hit:
        fields = track_payload(track_id=f"{code:022}", year=1995 - 20 * (code % 2))
        vector = np.ones(64, np.float32) if query.with_vector else None
        return Hit(code, score, dict(fields) if query.payload else {}, vector)


class Found:
    """What the channels find in a store for one request."""

    def __init__(self, store: NinetiesStore, request: RecommendationRequest) -> None:
        self.store = cast(VectorStore, store)
        self.request = request
        asked = request.retrieval()
        self.retrieval: Retrieval = retrieve(self.store, asked, channels_of(asked))
        self.results = self.retrieval.results()
        context = ScoringContext(request.options, DEFAULT_MODEL)
        self.scorer: Scorer = context.scorer(self.results)
        self.table: CandidateTable = score_channels(self.results, self.scorer)
        store.calls.clear()

    def hydrated(self, mode: HydrationMode = HydrationMode.FILTERED) -> Hydrated:
        """The payload that is read."""
        return HYDRATE[mode](self.store, self.request, self.table, self.retrieval)


def request(**named: Any) -> RecommendationRequest:
    """A request for songs like one of two genres."""
    return RecommendationRequest(SeedSet((seed(),)), OPTIONS, 20, **{"filters": YEARS, **named})


def test_where_songs_enough_pass_the_filters_no_other_is_read():
    store = NinetiesStore(found=400)
    hydrated = Found(store, request()).hydrated()
    (queries,) = store.calls
    of_candidates = [query for query in queries if query.payload]
    assert [NINETIES in query.filter.must for query in of_candidates] == [True]
    assert 150 <= len(hydrated.payloads) < 300
    assert {payload["year"] for payload in hydrated.payloads.values()} == {1995}


def test_neighbours_meet_the_filters_when_they_are_read():
    store = NinetiesStore(found=400, neighbours=range(1_001, 1_061))
    hydrated = Found(store, request()).hydrated()
    assert {code for code in hydrated.payloads if code < 10_000} == {*range(1_002, 1_061, 2)}


def test_where_few_pass_the_first_are_read_though_they_fail():
    store = NinetiesStore(found=10, neighbours=range(1_001, 1_061))
    hydrated = Found(store, request()).hydrated()
    assert {code for code in hydrated.payloads if code < 10_000} == {*range(1_001, 1_061)}


def test_where_few_pass_fallback_candidates_come_in_the_same_call():
    store = NinetiesStore(found=10, neighbours=range(1_001, 1_061))
    found = Found(store, request())
    parts = (found.table, found.results, found.scorer)
    hydrated = hydrate_with_fallback(found.store, found.request, *parts)
    assert len(store.calls) == 1
    assert {*range(1_001, 1_061)} <= hydrated.payloads.keys()
    failing = blocked_by_filters(hydrated.table, found.request)
    assert len(failing) > 0
    assert {*hydrated.table.ids[failing].tolist()} <= hydrated.payloads.keys()


def test_in_a_second_attempt_filters_may_give_way():
    store = NinetiesStore(found=400, neighbours=range(1_001, 1_061))
    found = Found(store, request())
    fallback = retrieve(found.store, found.request.retrieval(), [Fallback()])
    found.table = score_channels([*found.results, *fallback.results()], found.scorer)
    failing = found.table.ids[blocked_by_filters(found.table, found.request)]
    assert len(failing) > 0
    payloads = found.hydrated().payloads
    assert {payloads[code]["year"] for code in failing.tolist()} == {1975}


def test_without_filters_every_candidate_passes():
    found = Found(NinetiesStore(400, range(1_001, 1_061)), request(filters=CompiledFilter()))
    rows = passing_rows(found.table, found.request, found.retrieval)
    assert rows.tolist() == [*range(len(found.table.ids))]


def test_what_only_a_list_names_is_not_known_to_pass():
    found = Found(NinetiesStore(400, range(1_001, 1_061)), request())
    rows = passing_rows(found.table, found.request, found.retrieval)
    assert found.table.ids[rows].min() >= 10_000


@pytest.mark.parametrize("mode", [HydrationMode.FILTERED, HydrationMode.SHORTLIST])
def test_vectors_are_read_where_sound_is_compared(mode: HydrationMode):
    by_song = Found(NinetiesStore(400), request()).hydrated(mode)
    assert by_song.vectors.keys() >= by_song.payloads.keys()


@pytest.mark.parametrize("mode", [HydrationMode.FILTERED, HydrationMode.SHORTLIST])
def test_a_title_alone_reads_no_vectors(mode: HydrationMode):
    places = np.ones(64, np.float32), np.ones(64, np.float32), np.ones(32, np.float32)
    title = TitleProfile("road trip", 1.0, *places)
    seeds = SeedSet((seed(),), title=title)
    asked = RecommendationRequest(seeds, OPTIONS, 20, filters=YEARS, title=title)
    hydrated = Found(NinetiesStore(400), asked).hydrated(mode)
    assert hydrated.payloads
    assert not hydrated.vectors
