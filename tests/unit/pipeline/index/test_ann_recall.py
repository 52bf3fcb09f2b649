"""Recall is asked of every kind of filter, from those that let most through to the few."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from embeat_pipeline.index.ann_recall import (
    MIN_QUERIES,
    SHARES,
    common_values,
    filter_kinds,
    measure_recalls,
    query_recalls,
    ranges,
)
from embeat_serve.contract.schema import TrackField
from embeat_serve.stores.qdrant_edge import SCAN_LINKED
from embeat_serve.stores.query import Filter, Hit, Ids, Query


class Answers:
    """A store that gives one answer to exact queries and another to the rest."""

    def __init__(self, found: Sequence[float], true: Sequence[float]):
        self.found, self.true = found, true

    def query(self, queries: Sequence[Query]) -> list[list[Hit]]:
        scores = self.true if queries[0].exact else self.found
        return [[Hit(place, score, {}) for place, score in enumerate(scores)]]


@pytest.mark.parametrize(
    ("found", "true", "recall"),
    [
        ((0.9, 0.8), (0.9, 0.8), [1.0]),
        ((0.9, 0.7), (0.9, 0.8), [0.5]),
        # Which of several equal tracks is listed does not matter.
        ((0.9, 0.8, 0.8, 0.8), (0.9, 0.8), [1.0]),
        ((), (0.9,), [0.0]),
        ((), (), []),
    ],
)
def test_recall(found: Sequence[float], true: Sequence[float], recall: list[float]) -> None:
    store = Answers(found, true)
    assert query_recalls(store, [Query("tracks", 2)]) == recall  # type: ignore[arg-type]


@settings(max_examples=40)
@given(values=st.lists(st.integers(-100, 100) | st.floats(-1, 1), min_size=1))
def test_ranges_let_their_share_through(values: list[float]) -> None:
    found = list(ranges("field", values))
    per_share = len(found) // len(SHARES)
    for position, condition in enumerate(found):
        assert condition.low is not None
        assert condition.high is not None
        within = sum(condition.low <= value <= condition.high for value in values)
        assert within >= SHARES[position // per_share] * (len(values) - 1)


def test_common_rare_and_just_walked_values_are_asked_for() -> None:
    sampled, points = 1_000, 100 * SCAN_LINKED
    values = [[value] for value in range(200) for _ in range(200 - value)]
    chosen = common_values(values, sampled, points)
    assert chosen[0] == 0
    assert chosen[-1] == 199
    # A tenth of a hundredth of all is what is still scanned.
    assert 189 in chosen
    assert 190 not in chosen


def test_kinds_follow_the_values_that_fields_hold() -> None:
    payloads = [
        {
            TrackField.TEMPO: 60.0 + number,
            TrackField.EXPLICIT: number % 2 == 0,
            TrackField.GENRE_CODES: [number % 5],
            TrackField.SEARCH_TEXT: "some song",
            TrackField.YEAR: None,
        }
        for number in range(50)
    ]
    kinds = {kind.name: kind.filters for kind in filter_kinds(payloads[0], payloads, 1_000)}
    assert set(kinds) == {
        "tempo",
        "explicit",
        "not_explicit",
        "genre_codes",
        "not_genre_codes",
        "popular_genre_codes",
        "search_text",
    }
    assert len(kinds["explicit"]) == 2
    assert all(where.must and not where.must_not for where in kinds["genre_codes"])
    assert all(where.must_not and not where.must for where in kinds["not_genre_codes"])


class Half:
    """Finds every other one of the nearest, but only where a filter was asked for."""

    def __init__(self, vectors: np.ndarray):
        self.vectors = vectors

    def count(self, _: str) -> int:
        return len(self.vectors)

    def retrieve(
        self, _: str, ids: Sequence[int], fields: object, with_vector: bool = False
    ) -> list[Hit]:
        return [Hit(id, 0, {TrackField.YEAR: 1950 + id % 50}, self.vectors[id]) for id in ids]

    def query(self, queries: Sequence[Query]) -> list[list[Hit]]:
        (query,) = queries
        scores = self.vectors @ query.vector
        order = np.argsort(-scores)[: query.limit]
        missing = query.filter != replace(Filter(), must_not=query.filter.must_not)
        step = 2 if missing and not query.exact else 1
        return [[Hit(int(id), float(scores[id]), {}) for id in order[::step]]]


def test_a_kind_that_finds_half_is_told_from_one_that_finds_all() -> None:
    vectors = np.random.default_rng(0).standard_normal((300, 64)).astype(np.float32)
    found = measure_recalls(Half(vectors), "tracks", range(300))  # type: ignore[arg-type]
    assert set(found) == {"all", "year"}
    assert found["all"] == (1.0, 1.0)
    assert found["year"] == pytest.approx((0.5, 0.5))


class Counting(Half):
    """Only one value, so only one filter; remembers who was asked about."""

    def __init__(self, vectors: np.ndarray):
        super().__init__(vectors)
        self.asked: set[int] = set()

    def retrieve(
        self, _: str, ids: Sequence[int], fields: object, with_vector: bool = False
    ) -> list[Hit]:
        return [Hit(id, 0, {TrackField.INSTRUMENTAL: True}, self.vectors[id]) for id in ids]

    def query(self, queries: Sequence[Query]) -> list[list[Hit]]:
        (query,) = queries
        if query.filter.must:
            (seed,) = (one.ids[0] for one in query.filter.must_not if isinstance(one, Ids))
            self.asked.add(seed)
        return super().query(queries)


def test_a_kind_of_one_filter_is_asked_about_for_several_points() -> None:
    vectors = np.random.default_rng(0).standard_normal((300, 64)).astype(np.float32)
    store = Counting(vectors)
    measure_recalls(store, "tracks", range(300))  # type: ignore[arg-type]
    assert len(store.asked) == MIN_QUERIES
