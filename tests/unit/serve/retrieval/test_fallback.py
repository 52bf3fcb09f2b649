from embeat_serve.filters.compiled import CompiledFilter, FilterRule
from embeat_serve.options import RecallOptions
from embeat_serve.retrieval.channel import Purpose, QueryKey
from embeat_serve.retrieval.fallback import MAX_FALLBACK_SEEDS, Fallback
from embeat_serve.retrieval.request import RetrievalRequest
from embeat_serve.stores.query import Between, Hit
from tests.support.retrieval import queries_of, results_of, seed

OPTIONS = RecallOptions()
YEARS, TEMPO = Between("year", 1990, 1999), Between("tempo", 90, 110)
FILTERS = CompiledFilter({"tempo": FilterRule((TEMPO,)), "year": FilterRule((YEARS,))})
OTHER = QueryKey("acoustic", Purpose.OTHER_GENRES, 0)


def relaxed(rule: str) -> QueryKey:
    return QueryKey("acoustic", Purpose.RELAXED_FILTERS, 0, rule=rule)


def test_filters_give_way_one_after_the_other():
    queries = queries_of(Fallback(), RetrievalRequest([seed()], OPTIONS, 20, FILTERS))
    assert set(queries) == {OTHER, relaxed("tempo"), relaxed("year")}
    assert queries[OTHER].filter.must == (TEMPO, YEARS)
    assert queries[relaxed("tempo")].filter.must == (YEARS,)
    assert queries[relaxed("year")].filter.must == ()


def test_candidates_carry_the_rule_that_blocks_them():
    request = RetrievalRequest([seed()], OPTIONS, 20, FILTERS)
    hits = {OTHER: [Hit(3, 0.9, {})], relaxed("year"): [Hit(4, 0.8, {})]}
    results = results_of(Fallback(), request, hits)
    assert [(one.blocked_by, one.ids.tolist()) for one in results] == [
        ("genre", [3]),
        ("tempo", []),
        ("year", [4]),
    ]


def test_only_the_first_seeds_are_asked_for():
    seeds = [seed(code) for code in range(10)]
    queries = queries_of(Fallback(), RetrievalRequest(seeds, OPTIONS, 20))
    assert {key.seed for key in queries} == set(range(MAX_FALLBACK_SEEDS))


def test_nothing_is_asked_for_that_no_rule_could_let_in():
    for options in (RecallOptions(channels=("playlist",)), RecallOptions(diversify=False)):
        assert not queries_of(Fallback(), RetrievalRequest([seed()], options, 20))
    assert not queries_of(Fallback(), RetrievalRequest([seed(genre_codes=[])], OPTIONS, 20))
