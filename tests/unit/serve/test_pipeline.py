from typing import Any

import pytest

from embeat_serve.contract.lake import LakePaths
from embeat_serve.filters.compiled import CompiledFilter, FilterRule
from embeat_serve.filters.request import Filters
from embeat_serve.options import PRESETS, RecallOptions
from embeat_serve.recommendation_plan import (
    FallbackMode,
    HydrationMode,
    RecommendationRequest,
    plan_retrieval,
)
from embeat_serve.seeds.models import SeedSet
from embeat_serve.stores.query import Between
from tests.support.recommenders import open_release, recommender_on
from tests.support.retrieval import seed

SUNNY = "0F02KChKwbcQ3tk4q1YxLH"
SEEDS: list[dict[str, Any]] = [
    {"text": "晴天 - Jay Chou"},
    {"text": "Jay Chou"},
    {"track_ids": [SUNNY]},
    {"artist": "Nova"},
    {"features": {"energy": 0.5, "valence": 0.4, "tempo": 120}},
    {"playlist": ["Jay Chou - 晴天", "Adele - Hello"]},
]
WISHES: list[dict[str, Any]] = [
    {"k": 200},
    {"dislikes": [SUNNY]},
    {"filters": Filters(year_min=1990, explicit=False)},
    {"filters": Filters(year_max=1900, energy_max=0.01)},
    {"options": RecallOptions(adventure=0.5, hits=-0.5)},
    {"options": RecallOptions(diversify=False)},
    {"options": RecallOptions(channels=("playlist",))},
    {"options": PRESETS["upstream"], "filters": Filters(year_min=1990)},
]


@pytest.mark.parametrize("wish", WISHES, ids=str)
@pytest.mark.parametrize("seeds", SEEDS, ids=str)
def test_every_kind_of_request_takes_at_most_three_store_calls(
    catalogue: LakePaths, seeds: dict[str, Any], wish: dict[str, Any]
):
    release, counting = open_release(catalogue)
    with recommender_on(release) as recommender:
        if "dislikes" in wish and seeds.get("track_ids"):
            wish = {"dislikes": ["x" * 22]}
        recommender.recommend(**seeds, **wish)
    # None where a song of no catalogue is asked about by channels that need one.
    assert counting.calls <= 3


def test_a_guessed_name_takes_one_store_call_more(catalogue: LakePaths):
    release, counting = open_release(catalogue)
    with recommender_on(release) as recommender:
        assert recommender.recommend("Jay Chuo").guessed
    assert counting.calls <= 4


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


def test_a_filtered_request_fetches_everything_at_once():
    filters = CompiledFilter({"year": FilterRule((Between("year", 1990, 1999),))})
    plan = plan_retrieval(request(filters=filters))
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
