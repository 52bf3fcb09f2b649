from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from embeat_serve.contract.schema import Collection, TrackField
from embeat_serve.stores.base import VectorStore
from embeat_serve.stores.cache import PopularTracksCache
from embeat_serve.stores.engine import EngineStore
from embeat_serve.stores.query import Between, Filter, Hit, Ids, Match, Query
from tests.support.store_oracle import POINTS

pytestmark = pytest.mark.filterwarnings("ignore:Payload indexes have no effect")


@settings(
    max_examples=40,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    genre=st.integers(0, 9),
    excluded=st.lists(st.integers(0, POINTS), max_size=9),
    limit=st.integers(1, 60),
    floor=st.none() | st.integers(1, 6),
)
def test_a_list_from_the_cache_is_what_a_search_finds(
    store: VectorStore, genre: int, excluded: list[int], limit: int, floor: int | None
) -> None:
    unpopular = () if floor is None else (Between(TrackField.POPULARITY_RANK, 1, floor),)
    query = Query(
        Collection.TRACKS,
        limit,
        order_by=TrackField.POPULARITY_RANK,
        filter=Filter(
            (Match(TrackField.GENRE_CODES, (genre,)),), (*unpopular, Ids(tuple(excluded)))
        ),
        with_vector=True,
    )
    assert isinstance(store, EngineStore)
    true = EngineStore.query(store, [query])[0]
    kept = PopularTracksCache(lambda wider: EngineStore.query(store, [wider])[0])
    for found in (kept.hits(query), kept.hits(query), store.query([query])[0]):
        assert found is not None
        assert [(hit.id, hit.score) for hit in found] == [(hit.id, hit.score) for hit in true]
        for hit, other in zip(found, true, strict=True):
            np.testing.assert_array_equal(hit.vector, other.vector)  # type: ignore[arg-type]
    assert kept.hits(replace(query, payload=True)) is None


def test_one_list_serves_several_lengths():
    searches: list[Query] = []

    def search(query: Query) -> list[Hit]:
        searches.append(query)
        return [Hit(id, 0.0, {}) for id in range(query.limit)]

    cache = PopularTracksCache(search)
    query = Query(
        Collection.TRACKS,
        5,
        order_by=TrackField.POPULARITY_RANK,
        filter=Filter((Match(TrackField.GENRE_CODES, (1,)),)),
    )
    lengths = [len(cache.hits(replace(query, limit=limit)) or []) for limit in (5, 9, 16)]
    assert lengths == [5, 9, 16]
    assert [search.limit for search in searches] == [16]
    cache.clear()
    cache.hits(query)
    assert len(searches) == 2
