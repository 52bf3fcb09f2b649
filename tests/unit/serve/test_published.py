"""The sample dump through the whole pipeline, asked like a user would."""

from collections.abc import Iterator

import pytest

import embeat_serve
from embeat_serve.contract.lake import LakePaths
from embeat_serve.contract.schema import Collection, TrackField
from embeat_serve.recommender import Recommender
from embeat_serve.stores.query import Query


@pytest.fixture(scope="module")
def published(published_lake: LakePaths) -> Iterator[Recommender]:
    with embeat_serve.open(lake=published_lake.root) as opened:
        yield opened


@pytest.fixture(scope="module")
def songs(published: Recommender) -> list[dict]:
    """Payload of every 200th track."""
    with published.opened() as release:
        number = release.store.count(Collection.TRACKS)
        hits = release.store.query([Query(Collection.TRACKS, number, payload=True)])[0]
    return [hit.payload for hit in hits[::200]]


def test_every_song_has_a_full_list(published: Recommender, songs: list[dict]):
    for song in songs:
        answer = published.recommend(track_ids=[song[TrackField.TRACK_ID]], k=20)
        assert len(answer.results) == 20


def test_songs_are_found_by_name(published: Recommender, songs: list[dict]):
    for song in songs:
        text = f"{song[TrackField.TRACK_NAME]} - {song[TrackField.ARTIST_NAMES][0]}"
        (seed,) = published.recommend(text, k=1).seeds
        assert seed.artist_names[0] == song[TrackField.ARTIST_NAMES][0]


def test_artists_are_found_by_name(published: Recommender, songs: list[dict]):
    for song in songs[:5]:
        answer = published.recommend(artist=song[TrackField.ARTIST_NAMES][0])
        assert len(answer.results) == 20


@pytest.mark.parametrize("typed", ["周杰伦", "周杰倫", "jay chou", "jya chou", "周杰轮"])
def test_another_name_of_an_artist_in_the_dump(published: Recommender, typed: str):
    assert published.recommend(artist=typed, k=5).artist == "Jay Chou"


@pytest.mark.parametrize(
    "typed", ["周杰伦 晴天", "晴天 - 周杰倫", "晴天 jay chuo", "周杰伦 - 晴天"]
)
def test_a_song_by_another_name_of_its_artist(published: Recommender, typed: str):
    (seed,) = published.recommend(typed, k=5).seeds
    assert (seed.track_name, seed.artist_names) == ("晴天", ("Jay Chou",))
