from collections.abc import Sequence
from typing import Any, cast

from embeat_serve.contract.schema import CHANNELS
from embeat_serve.options import PRESETS, RecallOptions
from embeat_serve.retrieval.fallback import Fallback
from embeat_serve.retrieval.request import RetrievalRequest
from embeat_serve.retrieval.retriever import PRODUCT_CHANNELS, channels_of, retrieve
from embeat_serve.stores.base import VectorStore
from embeat_serve.stores.query import Hit, Query
from tests.support.retrieval import seed


class EchoStore:
    """Answers every query with one hit, and remembers what it was asked."""

    def __init__(self) -> None:
        self.calls: list[list[Query]] = []

    def query(self, queries: Sequence[Query]) -> list[list[Hit]]:
        self.calls.append(list(queries))
        return [[Hit(100 + place, 0.5, {})] for place in range(len(queries))]

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f"nobody should ask for {name}")


def test_the_products_channels_are_those_of_the_schema():
    assert tuple(channel.name for channel in PRODUCT_CHANNELS) == CHANNELS


def test_only_the_channels_asked_for():
    options = RecallOptions(channels=("same_artist",))
    (channel,) = channels_of(RetrievalRequest([seed()], options, 20))
    assert channel.name == "same_artist"


def test_all_channels_take_one_store_call():
    for options in PRESETS.values():
        store = EchoStore()
        request = RetrievalRequest([seed(1), seed(2)], options, 20, disliked=[seed(3)])
        channels = (*channels_of(request), Fallback())
        retrieval = retrieve(cast(VectorStore, store), request, channels)
        assert len(store.calls) == 1
        assert len(retrieval.hits()) == len(store.calls[0])
        results = retrieval.results()
        assert {one.channel for one in results} <= set(CHANNELS)
        assert all(len(one.ids) for one in results)


def test_channels_that_ask_for_the_same_share_the_query():
    store = EchoStore()
    request = RetrievalRequest([seed()], PRESETS["upstream"], 20)
    retrieve(cast(VectorStore, store), request, channels_of(request))
    vectors = [query for query in store.calls[0] if query.collection == "tracks_playlist"]
    assert len(vectors) == 1


def test_without_a_query_the_store_is_left_alone():
    store = EchoStore()
    options = RecallOptions(channels=("genre_popular",))
    request = RetrievalRequest([seed(genre_codes=[])], options, 20)
    assert retrieve(cast(VectorStore, store), request, channels_of(request)).results() == []
    assert store.calls == []
