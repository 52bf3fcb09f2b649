import pytest

from embeat_serve.catalogue import lookups
from embeat_serve.errors import SeedNotFound
from embeat_serve.recommender import Recommender

SUNNY = "0F02KChKwbcQ3tk4q1YxLH"


def test_a_song_comes_with_its_artists(recommender: Recommender):
    with recommender.opened() as release:
        song = lookups.song(release.store, SUNNY)
    assert song["track_name"] == "晴天"
    assert [artist["artist_name"] for artist in song["artists"]] == ["Jay Chou"]


def test_an_artist_comes_with_songs_each_once(recommender: Recommender):
    with recommender.opened() as release:
        code = lookups.song(release.store, SUNNY)["artists"][0]["artist_id"]
        assert code is not None
        artist = lookups.artist(release.store, code, songs=5)
    titles = [song["track_name"] for song in artist["songs"]]
    assert artist["artist_name"] == "Jay Chou"
    assert len(titles) == len(set(titles)) == 5


def test_what_is_not_there_is_named(recommender: Recommender):
    with recommender.opened() as release:
        with pytest.raises(SeedNotFound, match="no track gone in the catalogue"):
            lookups.song(release.store, "gone")
        with pytest.raises(SeedNotFound, match="no artist gone in the catalogue"):
            lookups.artist(release.store, "gone", songs=5)


def test_genres_have_places(recommender: Recommender):
    with recommender.opened() as release:
        names = [genre["name"] for genre in lookups.genres(release.store)]
    assert set(names) == {"mandopop", "soul", "techno"}
