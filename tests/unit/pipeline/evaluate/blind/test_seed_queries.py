import pytest

from embeat_pipeline.evaluate.blind.records import SeedRecord
from embeat_pipeline.evaluate.blind.seed_queries import recommend_seed
from embeat_serve.errors import UsageError
from tests.support.handmade_release import build_release


@pytest.fixture(scope="module")
def recommender(tmp_path_factory):
    import embeat_serve

    lake = build_release(tmp_path_factory.mktemp("handmade") / "lake")
    with embeat_serve.open(lake=lake.root) as opened:
        yield opened


@pytest.mark.parametrize("seed", ["0F02KChKwbcQ3tk4q1YxLH", "晴天 - Jay Chou"])
def test_a_song_is_asked_by_id_or_by_names(recommender, seed):
    result = recommend_seed(recommender, SeedRecord("line 1", seed), 7)
    assert result is not None
    assert len(result.results) == 7
    assert [song.track_name for song in result.seeds] == ["晴天"]


@pytest.mark.parametrize("seed", ["x" * 22, "Helo - Adele", "Adele", "Nothing At All - Nobody"])
def test_guesses_artists_and_the_unknown_are_not_asked(recommender, seed):
    assert recommend_seed(recommender, SeedRecord("line 1", seed), 7) is None


def test_what_is_no_seed_is_said_with_its_place(recommender):
    link = f"spotify:album:{'x' * 22}"
    with pytest.raises(UsageError, match="line 1: "):
        recommend_seed(recommender, SeedRecord("line 1", link), 7)
