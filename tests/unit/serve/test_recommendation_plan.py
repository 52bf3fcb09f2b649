import pytest

from embeat_serve.filters.compiled import CompiledFilter, FilterRule
from embeat_serve.options import PRESETS, RecallOptions
from embeat_serve.recommendation_plan import (
    FallbackMode,
    HydrationMode,
    RecommendationRequest,
    plan_retrieval,
)
from embeat_serve.seeds.models import SeedSet
from embeat_serve.stores.query import Between
from tests.support.retrieval import seed

YEARS = CompiledFilter({"year": FilterRule((Between("year", 1990, 1999),))})


def request(
    artist: str | None = None,
    store_calls: int = 1,
    options: RecallOptions = PRESETS["default"],
    filters: CompiledFilter = CompiledFilter(),  # noqa: B008
) -> RecommendationRequest:
    return RecommendationRequest(
        SeedSet((seed(),), artist), options, 20, filters=filters, store_calls=store_calls
    )


def test_a_plain_request_reads_a_shortlist_and_fills_it_if_short():
    assert plan_retrieval(request()) == (HydrationMode.SHORTLIST, FallbackMode.IF_SHORT)


def test_a_filtered_request_fills_a_list_only_if_few_songs_pass():
    plan = plan_retrieval(request(filters=YEARS))
    assert plan == (HydrationMode.FILTERED, FallbackMode.IF_SHORT)


def test_what_the_dials_reorder_is_fetched_at_once():
    plan = plan_retrieval(request(options=RecallOptions(hits=0.5), filters=YEARS))
    assert plan == (HydrationMode.FILTERED, FallbackMode.AT_ONCE)


@pytest.mark.parametrize(
    "two_calls",
    [request("Nova", 2), request(None, 2, PRESETS["upstream"])],
    ids=["artist", "upstream"],
)
def test_after_two_store_calls_payload_comes_with_retrieval(two_calls: RecommendationRequest):
    plan = plan_retrieval(two_calls)
    assert plan == (HydrationMode.WITH_RETRIEVAL, FallbackMode.AT_ONCE)


def test_neighbour_lists_have_to_be_read_before_their_payload():
    assert plan_retrieval(request(store_calls=2)).hydration is HydrationMode.SHORTLIST


def test_without_the_acoustic_channel_nothing_fills_a_list():
    options = RecallOptions(channels=("playlist",))
    assert plan_retrieval(request(options=options)).fallback is FallbackMode.NEVER
