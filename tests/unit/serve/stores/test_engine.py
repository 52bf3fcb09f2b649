"""Both stores against an oracle in numpy: one suite, the embedded engine and a server's client."""

from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from embeat_serve.contract.lake import LakePaths
from embeat_serve.contract.manifest import Manifest, ReleaseFile
from embeat_serve.contract.schema import VECTOR_SIZE, Collection, TrackField, VectorName
from embeat_serve.stores.base import VectorStore
from embeat_serve.stores.qdrant_edge import EdgeStore
from embeat_serve.stores.qdrant_server import ServerStore
from embeat_serve.stores.query import Between, Condition, Filter, Hit, Ids, Match, Query, Words
from tests.support.store_oracle import (
    HALF_PRECISION,
    POINTS,
    RELEASE,
    TRUTHS,
    WORDS,
    random_queries,
)

pytestmark = [
    pytest.mark.slow,
    # The client's in-memory mode tells what it does without.
    pytest.mark.filterwarnings("ignore:Payload indexes have no effect"),
    pytest.mark.filterwarnings("ignore:Local mode performs exact"),
]


def holds(condition: Condition, id: int, payload: dict[str, Any]) -> bool:
    match condition:
        case Ids(ids):
            return id in ids
        case Match(field, values):
            value = payload.get(field, [])
            return bool(set(value if isinstance(value, list) else [value]) & set(values))
        case Between(field, low, high):
            value = payload.get(field)
            return value is not None and (low or 0) <= value <= (1e9 if high is None else high)
        case Words(field, tokens, any_word):
            found = [token in payload.get(field, "").split() for token in tokens]
            return bool(found) and (any(found) if any_word else all(found))


def search(query: Query) -> list[Hit]:
    """The answer to ``query`` by looking at every point."""
    truth = TRUTHS[query.collection]
    vector = query.vector
    if query.like is not None:
        known = query.like in truth.ids and query.like not in truth.voiceless
        if not known:
            return []
        vector = truth.vectors[truth.ids.index(query.like)]
    hits = []
    for id, own, payload in zip(truth.ids, truth.vectors, truth.payloads, strict=True):
        excluded = any(holds(condition, id, payload) for condition in query.filter.must_not)
        wanted = all(holds(condition, id, payload) for condition in query.filter.must)
        if (
            excluded
            or not wanted
            or id == query.like
            or (vector is not None and id in truth.voiceless)
        ):
            continue
        score = 0.0
        if vector is not None:
            score = float(own @ vector / np.linalg.norm(vector))
            if query.collection not in VectorName.WEIGHTED:
                score /= float(np.linalg.norm(own))
        elif query.order_by is not None:
            score = float(payload[query.order_by])
        hits.append(Hit(id, score, {}))
    return sorted(hits, key=lambda hit: (-hit.score, hit.id))


GENRES = st.lists(st.integers(0, 8), max_size=4, unique=True).map(tuple)
CONDITIONS = st.one_of(
    st.builds(Match, st.just(TrackField.GENRE_CODES), GENRES),
    st.builds(
        Match,
        st.just(TrackField.ARTIST_CODES),
        st.lists(st.integers(0, 44), max_size=25, unique=True).map(tuple),
    ),
    st.builds(Match, st.just(TrackField.NAME_KEY), st.just(("love sun", "晴 天"))),
    st.builds(
        Between,
        st.just(TrackField.POPULARITY_RANK),
        st.none() | st.integers(0, 11),
        st.none() | st.integers(0, 11),
    ),
    st.builds(
        Words,
        st.just(TrackField.SEARCH_TEXT),
        st.lists(st.sampled_from((*WORDS, "artist3")), max_size=2).map(tuple),
        st.booleans(),
    ),
    st.builds(Ids, st.lists(st.integers(0, POINTS + 5), max_size=60).map(tuple)),
)
FILTERS = st.builds(
    Filter,
    st.lists(CONDITIONS, max_size=2).map(tuple),
    st.lists(CONDITIONS, max_size=1).map(tuple),
)
VECTORS = st.integers(0, 2**32 - 1).map(
    lambda seed: np.random.default_rng(seed).standard_normal(VECTOR_SIZE).astype(np.float32)
)


@st.composite
def queries(draw: st.DrawFn) -> Query:
    kind = draw(st.sampled_from(("vector", "like", "order", "plain")))
    return Query(
        draw(st.sampled_from((Collection.TRACKS, Collection.TRACKS_PLAYLIST))),
        draw(st.integers(0, 40)),
        vector=draw(VECTORS) if kind == "vector" else None,
        like=draw(st.integers(0, POINTS + 3)) if kind == "like" else None,
        order_by=TrackField.POPULARITY_RANK if kind == "order" else None,
        filter=draw(FILTERS),
        exact=draw(st.booleans()),
    )


def assert_same(found: list[Hit], true: list[Hit], query: Query) -> None:
    limit = query.limit
    assert len(found) == min(len(true), limit)
    assert len({hit.id for hit in found}) == len(found)
    if query.vector is None and query.like is None:
        assert [(hit.id, hit.score) for hit in found] == [(h.id, h.score) for h in true[:limit]]
        return
    score = {hit.id: hit.score for hit in true}
    assert [hit.score for hit in found] == pytest.approx(
        [hit.score for hit in true[:limit]], abs=HALF_PRECISION
    )
    assert [hit.score for hit in found] == pytest.approx(
        [score[hit.id] for hit in found], abs=HALF_PRECISION
    )
    assert found == sorted(found, key=lambda hit: (-hit.score, hit.id))


@settings(
    max_examples=40,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(asked=st.lists(queries(), max_size=4))
def test_every_kind_of_query_is_answered_as_a_full_scan_would(
    store: VectorStore, asked: list[Query]
) -> None:
    answers = store.query(asked)
    assert len(answers) == len(asked)
    for query, found in zip(asked, answers, strict=True):
        assert_same(found, search(query), query)


def test_both_stores_answer_a_thousand_random_queries_alike(oracle_lake: LakePaths) -> None:
    from qdrant_client import QdrantClient

    from embeat_pipeline.index.qdrant_upload import upload_release

    client = QdrantClient(":memory:")
    upload_release(oracle_lake, RELEASE, client)
    asked = random_queries(1_000)
    with EdgeStore(oracle_lake.release(RELEASE)) as edge, ServerStore(client) as server:
        ours, theirs = edge.query(asked), server.query(asked)
    answered = identical = 0
    for query, one, other in zip(asked, ours, theirs, strict=True):
        assert [hit.score for hit in one] == pytest.approx(
            [hit.score for hit in other], abs=HALF_PRECISION
        )
        listed = {hit.id: hit for hit in other}
        for hit in one:
            # Two nearly as near may change places, at the end one for another.
            score = listed[hit.id].score if hit.id in listed else other[-1].score
            assert hit.score == pytest.approx(score, abs=HALF_PRECISION)
            assert hit.id not in listed or hit.payload == listed[hit.id].payload
        answered += bool(one)
        identical += [hit.id for hit in one] == [hit.id for hit in other]
        if query.vector is None and query.like is None:
            assert one == other
    assert answered > 500
    assert identical > 900


def test_one_call_answers_several_collections_in_the_order_asked(store: VectorStore) -> None:
    asked = [
        Query(collection, 5, like=21)
        for collection in (Collection.ARTISTS, Collection.TRACKS, Collection.TRACKS_PLAYLIST)
    ] + [Query(Collection.ARTISTS, 3), Query(Collection.TRACKS, 3)]
    for query, found in zip(asked, store.query(asked), strict=True):
        assert_same(found, search(query), query)
    assert [hit.id for hit in store.query(asked)[3]] == [1, 3, 5]


def test_a_weighted_collection_scores_by_cosine_times_the_weight(store: VectorStore) -> None:
    truth = TRUTHS[Collection.TRACKS_PLAYLIST]
    long, short = truth.vectors[4] * 100, truth.vectors[4] / 100
    vectors = (long, short, np.zeros(VECTOR_SIZE, np.float32))
    far, near, none = store.query([Query(Collection.TRACKS_PLAYLIST, 9, v) for v in vectors])
    assert [hit.id for hit in far] == [hit.id for hit in near]
    weight = float(np.linalg.norm(truth.vectors[4]))
    assert {hit.id: hit.score for hit in near}[truth.ids[4]] == pytest.approx(weight, abs=3e-3)
    assert none == []


def test_the_nearest_of_a_point_s_own_vector_is_the_point(store: VectorStore) -> None:
    vector = TRUTHS[Collection.TRACKS].vectors[7]
    best = store.query([Query(Collection.TRACKS, 50, vector=vector)])[0][0]
    assert best.id == 7
    assert best.score == pytest.approx(1, abs=HALF_PRECISION)
    assert best.score <= 1


def test_payload_and_vector_come_only_when_asked_for(store: VectorStore) -> None:
    where = Filter(must=(Ids((3, 18)),))
    fields = (TrackField.TRACK_ID, TrackField.YEAR)
    nothing, some, everything = store.query(
        [
            Query(Collection.TRACKS, 2, filter=where),
            Query(Collection.TRACKS, 2, filter=where, payload=fields),
            Query(Collection.TRACKS, 2, filter=where, payload=True, with_vector=True),
        ]
    )
    truth = TRUTHS[Collection.TRACKS]
    assert [(hit.payload, hit.vector) for hit in nothing] == [({}, None)] * 2
    assert [hit.payload for hit in some] == [
        {field: truth.payloads[id][field] for field in fields} for id in (3, 18)
    ]
    assert [hit.payload for hit in everything] == [truth.payloads[3], truth.payloads[18]]
    with_sound, without = everything
    assert without.vector is None
    assert with_sound.vector is not None
    assert with_sound.vector.dtype == np.float32
    expected = truth.vectors[3] / np.linalg.norm(truth.vectors[3])
    assert with_sound.vector == pytest.approx(expected, abs=HALF_PRECISION)


def test_retrieve_keeps_the_order_asked_and_leaves_out_unknown_ids(store: VectorStore) -> None:
    hits = store.retrieve(Collection.TRACKS_PLAYLIST, [9, 1, 10**6, 3], payload=("track_id",))
    assert [(hit.id, hit.score, hit.payload) for hit in hits] == [
        (9, 0.0, {"track_id": "t9"}),
        (3, 0.0, {"track_id": "t3"}),
    ]
    assert store.retrieve(Collection.TRACKS, []) == []


def test_count_is_exact(store: VectorStore) -> None:
    assert store.count(Collection.TRACKS) == POINTS
    where = Filter(must=(Match(TrackField.GENRE_CODES, (1, 2)),))
    assert store.count(Collection.TRACKS, where) == len(
        search(Query(Collection.TRACKS, 1, filter=where))
    )


def test_files_of_the_release_can_be_read(store: VectorStore) -> None:
    assert store.read_file(ReleaseFile.ENCODER) == b"weights"
    assert Manifest.parse(store.read_file(ReleaseFile.MANIFEST)).release == RELEASE


@pytest.mark.parametrize(
    ("vector", "complaint"),
    [
        (np.full(VECTOR_SIZE, np.nan, np.float32), "NaN"),
        (np.full(VECTOR_SIZE, np.inf, np.float32), "infinity"),
        (np.ones(3, np.float32), r"must have shape \(64,\), found \(3,\)"),
    ],
)
def test_unusable_vectors_are_refused(
    store: VectorStore, vector: np.ndarray[Any, Any], complaint: str
) -> None:
    with pytest.raises(ValueError, match=complaint):
        store.query([Query(Collection.TRACKS, 5, vector=vector)])


def test_nothing_asked_nothing_answered(store: VectorStore) -> None:
    assert store.query([]) == []


def test_genres_too_large_to_scan_are_searched_one_by_one(oracle_lake: LakePaths) -> None:
    vector = TRUTHS[Collection.TRACKS].vectors[5]
    where = Filter(must=(Match(TrackField.GENRE_CODES, (0, 1, 2, 4)),))
    query = Query(Collection.TRACKS, 100, vector=vector, filter=where)
    with EdgeStore(oracle_lake.release(RELEASE), scan_linked=20) as store:
        assert_same(store.query([query])[0], search(query), query)
