import pytest

from embeat_serve.options import PRESETS, RecallOptions
from embeat_serve.reranking.selection_state import ListLimits, at_least, at_most
from embeat_serve.seeds.models import Seed


@pytest.mark.parametrize(
    ("k", "least", "most"),
    [(1, 0, 1), (3, 0, 1), (5, 1, 1), (20, 3, 4), (60, 9, 12), (100, 15, 20)],
)
def test_a_share_is_a_number_of_tracks(k: int, least: int, most: int):
    assert (at_least(0.15, k), at_most(0.20, k)) == (least, most)


def test_no_share_allows_no_track():
    assert at_most(0.0, 100) == 0


def test_each_artist_of_the_seeds_has_a_share():
    seeds = [Seed({"artist_codes": [code]}, code=code) for code in (1, 2, 2)]
    limits = ListLimits.of(RecallOptions(same_artist_max_share=0.2), seeds, 20)
    assert (limits.per_seed_artist, limits.all_seed_artists) == (4, 8)


def test_seeds_without_an_artist_demand_no_share():
    limits = ListLimits.of(RecallOptions(), [Seed({})], 20)
    assert limits.least_by_seed_artists == 0


@pytest.mark.parametrize(
    ("popularity", "least"),
    [((None,), 0), ((59,), 0), ((20, 60), 2), ((90,), 2), ((90, 20, 30), 0)],
)
def test_popular_songs_have_to_be_there_where_half_of_the_seeds_are(
    popularity: tuple[int | None, ...], least: int
):
    seeds = [Seed({} if value is None else {"popularity": value}) for value in popularity]
    assert ListLimits.of(RecallOptions(), seeds, 20).least_popular == least
    assert ListLimits.of(PRESETS["upstream"], seeds, 20).least_popular == 2
    assert ListLimits.of(RecallOptions(hits=0.5), seeds, 20).least_popular == 2
