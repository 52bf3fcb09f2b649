import pytest

from embeat_serve.catalogue.autocomplete import search
from embeat_serve.errors import UsageError
from embeat_serve.recommender import Recommender


@pytest.mark.parametrize(
    ("typed", "title"),
    [
        ("晴", "晴天"),
        ("晴天", "晴天"),
        ("hel", "Hello"),
        ("adele hel", "Hello"),
        ("HELLO", "Hello"),
        ("us", "Us"),
        ("yester", "Yesterday - Remastered 2009"),
        ("TWK970300503", "晴天"),
        ("0F02KChKwbcQ3tk4q1YxLH", "晴天"),
        ("spotify:track:0F02KChKwbcQ3tk4q1YxLH", "晴天"),
        ("葉惠", "葉惠美"),
        ("叶惠", "葉惠美"),
    ],
)
def test_songs_are_found_while_typing(recommender: Recommender, typed: str, title: str) -> None:
    with recommender.opened() as release:
        found = search(release, typed)
    assert found.songs[0].payload["track_name"] == title


def test_artists_are_found_while_typing(recommender: Recommender) -> None:
    with recommender.opened() as release:
        found = search(release, "jay ch")
    assert [hit.payload["artist_name"] for hit in found.artists] == ["Jay Chou"]
    assert {hit.payload["artist_names"][0] for hit in found.songs} == {"Jay Chou"}


def test_each_song_is_offered_once_whatever_its_editions(recommender: Recommender) -> None:
    with recommender.opened() as release:
        found = search(release, "晴天")
    assert [hit.payload["track_name"] for hit in found.songs] == ["晴天"]


def test_a_word_that_is_finished_is_not_completed(recommender: Recommender) -> None:
    with recommender.opened() as release:
        found = search(release, "us ")
    assert {hit.payload["track_name"] for hit in found.songs} == {"Us"}


def test_a_misspelling_is_answered_with_what_was_meant(recommender: Recommender) -> None:
    with recommender.opened() as release:
        found = search(release, "hallo adele")
    assert not found.songs
    assert found.did_you_mean[0] == "Hello - Adele"


@pytest.mark.parametrize("typed", ["", "  ", "x" * 501])
def test_what_nobody_typed_is_refused(recommender: Recommender, typed: str) -> None:
    with recommender.opened() as release, pytest.raises(UsageError):
        search(release, typed)
