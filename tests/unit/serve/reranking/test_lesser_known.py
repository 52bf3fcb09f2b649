from typing import Any

import pytest

from embeat_serve.options import MAX_K, PRESETS, RecallOptions
from embeat_serve.ranking.candidates import Candidate
from embeat_serve.reranking.lesser_known import (
    bare_title,
    choose_lesser_known,
    length_to_choose_from,
)
from embeat_serve.stores.query import Between, Hit
from tests.support.payloads import track_payload
from tests.support.scripted_store import ScriptedStore

GEMS = RecallOptions(hits=-1)


def song(code: int, title: str, artist: int = 0) -> Candidate:
    payload = track_payload(track_name=title, artist_codes=[artist], artist_names=[f"By {artist}"])
    return Candidate(code, payload=payload)


def edition(title: str, artist: int = 0) -> Hit:
    return Hit(99, 0.0, {"track_name": title, "artist_codes": [artist]})


def chosen(
    songs: list[Candidate], hits: dict[int | str, list[Hit]], k: int, options: RecallOptions = GEMS
) -> tuple[list[int], ScriptedStore]:
    store: Any = ScriptedStore(hits)
    found = choose_lesser_known(store, songs, k, options)
    return [one.id for one in found], store


@pytest.mark.parametrize(
    ("options", "k", "length"),
    [
        (RecallOptions(), 20, 20),
        (RecallOptions(hits=1), 20, 20),
        (RecallOptions(hits=-0.5), 20, 80),
        (GEMS, 5, 60),
        (GEMS, MAX_K, MAX_K),
        (RecallOptions(hits=-1, diversify=False), 20, 20),
        (PRESETS["upstream"], 20, 20),
    ],
)
def test_a_list_of_gems_is_chosen_from_a_longer_one(options: RecallOptions, k: int, length: int):
    assert length_to_choose_from(k, options) == length


def test_beside_seeds_fewer_songs_are_looked_at():
    assert length_to_choose_from(20, GEMS, has_seeds=True) == 40
    assert length_to_choose_from(20, RecallOptions(), has_seeds=True) == 20


def test_a_song_that_another_edition_made_known_comes_last():
    songs = [
        song(1, "Ho Hey", 1),
        song(2, "Doses", 2),
        song(3, "Home (Live)", 3),
        song(4, "Kid", 4),
    ]
    hits: dict[int | str, list[Hit]] = {
        "words: ho hey by 1": [edition("Ho Hey - Remastered 2009", 1)],
        "words: home by 3": [edition("Home", 3)],
        "words: kid by 4": [edition("Kid", 7), edition("Kid Brother", 4)],
    }
    found, store = chosen(songs, hits, 3)
    assert found == [2, 4, 1]
    assert len(store.calls) == 1
    assert Between("popularity_rank", 50) in store.calls[0][0].filter.must


def test_no_artist_has_more_of_the_list_than_before():
    songs = [song(code, f"Song {code}", code // 8) for code in range(16)]
    found, _ = chosen(songs, {}, 8)
    assert found == [0, 1, 8, 9, 2, 3, 4, 5]


def test_a_list_that_is_not_of_gems_asks_nothing():
    songs = [song(1, "Ho Hey", 1), song(2, "Doses", 2)]
    found, store = chosen(songs, {}, 1, RecallOptions())
    assert (found, store.calls) == ([1], [])


def test_a_title_ends_at_its_first_bracket_or_dash():
    titles = ("Don't - Live", "Don’t (Remix)", "DON'T [2009]", "Don't")
    assert {bare_title(title) for title in titles} == {"dont"}
    assert bare_title("(What's the Story)") == "whats the story"
