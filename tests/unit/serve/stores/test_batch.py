"""Queries of several parts are answered in one store call."""

import pytest

from embeat_serve.contract.lake import LakePaths
from embeat_serve.contract.schema import Collection, TrackField
from embeat_serve.stores.base import VectorStore
from embeat_serve.stores.batch import QueryBatch
from embeat_serve.stores.factory import current_release
from embeat_serve.stores.qdrant_edge import EdgeStore
from embeat_serve.stores.query import Filter, Ids, Query


@pytest.fixture(scope="module")
def store(catalogue: LakePaths) -> VectorStore:
    return EdgeStore(catalogue.release(current_release(catalogue)))


def by_code(*codes: int) -> Query:
    where = Filter((Ids(codes),))
    return Query(Collection.TRACKS, 10, filter=where, payload=(TrackField.TRACK_ID,))


def test_every_part_reads_its_own_hits_after_one_call(store: VectorStore) -> None:
    batch = QueryBatch(store)
    first, second = batch.add(by_code(3, 5)), batch.add(by_code(7))
    batch.execute()
    assert [hit.id for hit in first.hits] == [3, 5]
    assert [hit.id for hit in second.hits] == [7]
    assert batch.store_calls == 1


def test_a_batch_is_filled_again_and_an_empty_one_asks_nothing(store: VectorStore) -> None:
    batch = QueryBatch(store)
    batch.execute()
    assert batch.store_calls == 0
    first = batch.add(by_code(1))
    batch.execute()
    later = batch.add(by_code(2))
    batch.execute()
    batch.execute()
    assert [hit.id for hit in (*first.hits, *later.hits)] == [1, 2]
    assert batch.store_calls == 2


def test_hits_are_not_there_before_the_batch_is_executed(store: VectorStore) -> None:
    pending = QueryBatch(store).add(by_code(1))
    with pytest.raises(RuntimeError, match="has not been executed"):
        _ = pending.hits
