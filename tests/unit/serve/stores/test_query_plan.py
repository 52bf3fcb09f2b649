from dataclasses import replace

import numpy as np

from embeat_serve.contract.schema import Collection, TrackField
from embeat_serve.stores.query import Between, Filter, Ids, Match, Query, Words
from embeat_serve.stores.query_plan import MAX_PARTS, simplify, split_values, unit

QUERY = Query(Collection.TRACKS, 5)


def test_a_query_that_nothing_can_match_is_not_searched() -> None:
    for condition in (Match("a", ()), Words("a", ()), Ids(())):
        assert simplify(replace(QUERY, filter=Filter((condition,)))) is None
    assert simplify(replace(QUERY, limit=0)) is None


def test_exclusions_of_nothing_are_dropped() -> None:
    year = Between(TrackField.YEAR, 1990, None)
    query = replace(QUERY, filter=Filter((), (Ids(()), year, Match("a", ()))))
    assert simplify(query) == replace(QUERY, filter=Filter((), (year,)))
    assert simplify(QUERY) is QUERY


def test_each_value_of_a_field_is_searched_by_itself() -> None:
    year = Between(TrackField.YEAR, 1990, None)
    query = replace(QUERY, filter=Filter((Match("a", (1, 2)), year, Match("b", (3,)))))
    assert [part.filter.must for part in split_values(query)] == [
        (Match("a", (1,)), year, Match("b", (3,))),
        (Match("a", (2,)), year, Match("b", (3,))),
    ]


def test_too_many_values_are_scanned_together() -> None:
    query = replace(QUERY, filter=Filter((Match("a", tuple(range(MAX_PARTS + 1))),)))
    assert split_values(query) == [replace(query, exact=True)]


def test_zero_has_no_direction() -> None:
    assert unit(np.zeros(64, np.float32)) is None
    assert unit(None) is None
    np.testing.assert_allclose(unit(np.array([3, 4], np.float32)), [0.6, 0.8])  # type: ignore[arg-type]
