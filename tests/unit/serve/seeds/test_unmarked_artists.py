from typing import Any

import pytest

from embeat_serve.seeds.unmarked_artists import UnmarkedArtistQuery
from embeat_serve.stores.query import Hit
from tests.support.catalogue_hits import artist_hit
from tests.support.scripted_store import batch_on


def songs(*artists: int) -> list[Hit]:
    return [Hit(place, 0.0, {"artist_codes": [code]}) for place, code in enumerate(artists)]


def named(hits: dict[int | str, list[Hit]], *names: str, words: Any = ()) -> frozenset[str]:
    batch, store = batch_on(hits)
    query = UnmarkedArtistQuery(batch, names, words)
    batch.execute()
    query.add_song_queries(batch)
    batch.execute()
    assert len(store.calls) <= 2
    return query.result()


def test_a_name_is_an_artists_if_the_songs_with_its_words_are():
    hits: dict[int | str, list[Hit]] = {
        "radiohead": [artist_hit(1, "Radiohead", 80)],
        "rain": [artist_hit(2, "Rain", 80)],
        "words: radiohead": songs(1, 1, 1, 1, 9),
        "words: rain": songs(2, 2, 2, 9, 9),
    }
    assert named(hits, "radiohead", "rain", "nobody") == {"radiohead"}


@pytest.mark.parametrize(
    ("fame", "tracks", "is_word", "is_named"),
    [
        (39, 9, False, False),
        (40, 1, False, True),
        (0, 10, False, True),
        (49, 39, True, False),
        (50, 1, True, True),
        (80, 0, False, False),
    ],
)
def test_an_artist_must_be_known(fame: int, tracks: int, is_word: bool, is_named: bool):
    hits: dict[int | str, list[Hit]] = {
        "nova": [artist_hit(1, "Nova", fame, songs=tracks)],
        "words: nova": songs(1),
    }
    assert bool(named(hits, "nova", words=["nova"] if is_word else [])) == is_named


def test_the_and_another_and_make_no_difference():
    hits: dict[int | str, list[Hit]] = {
        "the nova": [artist_hit(1, "The Nova", 80)],
        "simon garfunkel": [artist_hit(2, "Simon & Garfunkel", 80)],
        "nick drake": [artist_hit(3, "Nick Drake", 80)],
        "words: nova": songs(1),
        "words: simon garfunkel": songs(2),
        "words: nick drake": songs(3),
    }
    names = ("nova", "simon and garfunkel", "nick and drake")
    assert named(hits, *names) == {"nova", "simon and garfunkel"}


def test_a_name_without_songs_is_none():
    assert named({"nova": [artist_hit(1, "Nova", 80)]}, "nova") == frozenset()


def test_nothing_to_look_up_asks_nothing():
    batch, store = batch_on({})
    query = UnmarkedArtistQuery(batch, ())
    batch.execute()
    query.add_song_queries(batch)
    batch.execute()
    assert query.result() == frozenset()
    assert store.calls == []
