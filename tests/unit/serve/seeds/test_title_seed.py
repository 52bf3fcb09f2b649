import numpy as np
import pytest

from embeat_serve.errors import SeedNotFound
from embeat_serve.recommender import Recommender
from embeat_serve.seeds.request import TitleRequest
from embeat_serve.seeds.title_seed import nearest_genres, resolve_title


def test_a_title_is_a_song_of_the_sound_of_its_playlists(recommender: Recommender):
    with recommender.opened() as release:
        seeds = resolve_title(release, TitleRequest("rainy evening"))
        profile = release.title_model.profile("rainy evening")
    (song,) = seeds.songs
    assert seeds.title is not None
    assert seeds.title.title == "rainy evening"
    assert song.code is None
    assert song.vector is not None
    assert np.array_equal(song.vector, profile.acoustic)


def test_genres_that_are_asked_for_are_the_songs_genres(recommender: Recommender):
    with recommender.opened() as release:
        (song,) = resolve_title(release, TitleRequest("qqqq", (2, 1))).songs
    assert song.genre_codes == (2, 1)


def test_a_title_that_nobody_uses_is_not_found(recommender: Recommender):
    with recommender.opened() as release, pytest.raises(SeedNotFound, match="name like 'qqqq'"):
        resolve_title(release, TitleRequest("qqqq"))


def test_the_nearest_genres_come_first_and_far_ones_never():
    vectors = np.zeros((6, 32), np.float32)
    vectors[:5, 0] = [1, 2, 0.1, -1, 3]
    vectors[:5, 1] = [0, 1, 3, 0, 1]
    profile = np.eye(32, dtype=np.float32)[0]
    assert nearest_genres(profile, vectors) == [0, 4, 1]
    assert nearest_genres(profile, np.zeros((0, 32), np.float32)) == []
