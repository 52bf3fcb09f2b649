from embeat_serve.filters.compiled import CompiledFilter, FilterRule
from embeat_serve.options import RecallOptions
from embeat_serve.retrieval.channel import Purpose
from embeat_serve.retrieval.hydration import hydration_queries
from embeat_serve.retrieval.request import RetrievalRequest
from embeat_serve.stores.query import Between, Ids
from tests.support.retrieval import seed

YEARS = Between("year", 1990, 1999)


def purposes(filters: CompiledFilter) -> dict[Purpose, tuple[object, ...]]:
    request = RetrievalRequest([seed()], RecallOptions(), 20, filters, payload=("track_id",))
    queries = [(key, query) for key, query in hydration_queries(request, [3, 4, 5], [3])]
    assert {query.payload for _, query in queries} == {("track_id",)}
    return {key.purpose: query.filter.must for key, query in queries}


def test_without_filters_all_are_read_at_once():
    assert purposes(CompiledFilter()) == {Purpose.HYDRATION: (Ids((3, 4, 5)),)}


def test_the_first_are_read_even_where_filters_say_no():
    assert purposes(CompiledFilter({"year": FilterRule((YEARS,))})) == {
        Purpose.HYDRATION: (Ids((3, 4, 5)), YEARS),
        Purpose.RELAXED_HYDRATION: (Ids((3,)),),
    }
