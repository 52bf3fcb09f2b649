from typing import Any

import pytest

from embeat_serve.contract.lake import LakePaths
from embeat_serve.filters.request import Filters
from embeat_serve.options import PRESETS, RecallOptions
from tests.support.recommenders import open_release, recommender_on

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


def test_a_short_list_is_the_head_of_a_longer_one(catalogue: LakePaths):
    """As far as rules allow: candidates of a list of three are those of a list of twenty."""
    options = RecallOptions(diversify=False)
    release, _ = open_release(catalogue)
    with recommender_on(release) as recommender:
        lists = [recommender.recommend(track_ids=[SUNNY], k=k, options=options) for k in (3, 20)]
    short, long = ([song.track_id for song in result.results] for result in lists)
    assert short == long[:3]
    assert [song.score for song in lists[0].results] == [song.score for song in lists[1].results][
        :3
    ]
