import pytest

from embeat_serve.filters.compiled import CompiledFilter, FilterRule
from embeat_serve.options import PRESETS, RecallOptions
from embeat_serve.retrieval.request import MAX_GENRE_QUERIES, OVERSAMPLING, RetrievalRequest
from embeat_serve.seeds.seed_features import popularity_floor
from embeat_serve.stores.query import Between, Ids, Match
from tests.support.retrieval import seed

OPTIONS = PRESETS["upstream"]


def test_seeds_and_unpopular_songs_are_left_out():
    request = RetrievalRequest([seed(1), seed(2)], OPTIONS, 20, disliked=[seed(3)])
    filter = request.candidate_filter(Match("genre_codes", (7,)))
    assert filter.must == (Match("genre_codes", (7,)),)
    assert filter.must_not == (Ids((1, 2, 3)), Between("popularity_rank", 1, 9))
    assert request.filter_of_any_popularity().must_not == (Ids((1, 2, 3)),)


def test_filters_that_give_way_are_left_out():
    rules = {"year": FilterRule((Between("year", 1990, 1999),)), "genres": FilterRule()}
    request = RetrievalRequest([seed()], OPTIONS, 20, CompiledFilter(rules))
    assert Between("year", 1990, 1999) in request.filter_of_any_popularity().must
    assert request.filter_of_any_popularity(relaxed=("year",)).must == ()


@pytest.mark.parametrize(("popularity", "floor"), [(40, 10), (3, 3), (None, 10), (0, 0)])
def test_the_floor_is_the_seeds_popularity_where_that_is_lower(popularity: int | None, floor: int):
    assert popularity_floor([seed(popularity=popularity), seed()], OPTIONS) == floor


def test_limits_grow_with_the_list_up_to_a_cap():
    long = RetrievalRequest([seed()], OPTIONS, 1_000)
    assert (long.limit("acoustic"), long.limit("same_artist")) == (512, 128)
    short = RetrievalRequest([seed()], OPTIONS, 20)
    assert (short.limit("acoustic"), short.limit("same_artist")) == (200, 40)


def test_many_genres_share_a_limit():
    request = RetrievalRequest([seed()], OPTIONS, 20)
    assert [request.limit_per_genre("acoustic", n) for n in (0, 1, 4, 40)] == [200, 200, 100, 20]


def test_many_seeds_share_limits_and_genres():
    seeds = [seed(code, genre_codes=[7, 8, 9, 10, 11]) for code in range(20)]
    request = RetrievalRequest(seeds, OPTIONS, 20)
    assert sum(len(request.genres(one)) for one in seeds) <= MAX_GENRE_QUERIES
    assert request.limit("acoustic") == 20
    assert RetrievalRequest(seeds[:1], OPTIONS, 20).genres(seeds[0]) == (7, 8, 9, 10)


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        (RetrievalRequest([seed()], RecallOptions(), 20), False),
        (RetrievalRequest([seed()], RecallOptions(hits=0.1), 20), True),
        (RetrievalRequest([seed()], RecallOptions(adventure=-1.0), 20), True),
        (RetrievalRequest([seed()], RecallOptions(), 20, disliked=[seed(2)]), True),
        (
            RetrievalRequest([seed()], RecallOptions(), 20, CompiledFilter({"year": FilterRule()})),
            True,
        ),
    ],
)
def test_what_reorders_or_filters_needs_more_of_lists(request_: RetrievalRequest, expected: bool):
    plain = RetrievalRequest([seed()], RecallOptions(), 20).list_limit
    assert request_.list_limit == plain * (OVERSAMPLING if expected else 1)


def test_filters_need_no_more_of_a_search_but_dislikes_do():
    plain = RetrievalRequest([seed()], RecallOptions(), 20)
    filters = CompiledFilter({"year": FilterRule()})
    with_filters = RetrievalRequest([seed()], RecallOptions(), 20, filters)
    with_dislikes = RetrievalRequest([seed()], RecallOptions(), 20, disliked=[seed(2)])
    assert with_filters.search_limit == plain.search_limit
    assert not with_filters.needs_oversampling
    assert with_dislikes.search_limit == OVERSAMPLING * plain.search_limit


@pytest.mark.parametrize(
    ("hits", "bound", "expected"),
    [
        (-1, Between("popularity_rank", None, 50), False),
        (1, Between("popularity_rank", 60, None), False),
        (-1, Between("popularity_rank", 1, None), True),
        (1, Between("popularity_rank", None, 90), True),
    ],
)
def test_the_dial_has_little_to_do_where_a_filter_points_its_way(
    hits: float, bound: Between, expected: bool
):
    filters = CompiledFilter({"popularity": FilterRule((bound,))})
    assert (
        RetrievalRequest([seed()], RecallOptions(hits=hits), 20, filters).needs_oversampling
        is expected
    )
    far = RecallOptions(hits=hits, adventure=0.5)
    assert RetrievalRequest([seed()], far, 20, filters).needs_oversampling


def test_another_filter_leaves_the_dial_all_to_do():
    by_year = CompiledFilter({"year": FilterRule((Between("year", 1990, None),))})
    assert RetrievalRequest([seed()], RecallOptions(hits=-1), 20, by_year).needs_oversampling
