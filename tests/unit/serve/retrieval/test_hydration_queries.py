from embeat_serve.filters.compiled import CompiledFilter, FilterRule
from embeat_serve.options import RecallOptions
from embeat_serve.retrieval.hydration_queries import hydration_queries
from embeat_serve.retrieval.request import RetrievalRequest
from embeat_serve.stores.query import Between, Ids
from tests.support.retrieval import seed

YEARS = Between("year", 1990, 1999)


def conditions(filters: CompiledFilter) -> list[tuple[object, ...]]:
    request = RetrievalRequest([seed()], RecallOptions(), 20, filters, payload=("track_id",))
    queries = [*hydration_queries(request, [3, 4, 5], [3])]
    assert {query.payload for query in queries} == {("track_id",)}
    return [query.filter.must for query in queries]


def test_without_filters_all_are_read_at_once():
    assert conditions(CompiledFilter()) == [(Ids((3, 4, 5)),)]


def test_the_first_are_read_even_where_filters_say_no():
    assert conditions(CompiledFilter({"year": FilterRule((YEARS,))})) == [
        (Ids((3, 4, 5)), YEARS),
        (Ids((3,)),),
    ]
