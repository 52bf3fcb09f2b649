from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from embeat_serve.contract.payload import TrackPayload
from embeat_serve.options import RecallOptions
from embeat_serve.recommender import Recommender
from embeat_serve.reranking.harmonic import camelot_hour, distances, harmonic_order


@dataclass(frozen=True, eq=False)
class Song:
    payload: TrackPayload
    main_artist: int | None = None
    album: int | None = None
    score: float = 0.5


def song(key: int | None = 0, mode: int | None = 1, tempo: float | None = 120, **named) -> Song:
    fields: Any = {"key": key, "mode": mode, "tempo": tempo}
    return Song(fields, **named)


some = st.lists(
    st.builds(
        song,
        st.none() | st.integers(0, 11),
        st.none() | st.integers(0, 1),
        st.none() | st.floats(40, 220),
        main_artist=st.none() | st.integers(0, 4),
        album=st.none() | st.integers(0, 6),
    ),
    max_size=14,
)


def total_change(songs: list[Song]) -> float:
    return sum(distances(songs)[i, i + 1] for i in range(len(songs) - 1))


@given(some)
def test_songs_are_only_put_in_another_order_and_changes_are_not_greater(songs: list[Song]):
    mixed = harmonic_order(songs)
    assert sorted(map(id, mixed)) == sorted(map(id, songs))
    assert mixed[:1] == songs[:1]
    assert total_change(mixed) <= total_change(songs) + 1e-9 if songs else mixed == []
    assert harmonic_order(songs) == mixed


@pytest.mark.parametrize(
    ("key", "mode", "hour"), [(0, 1, 8), (9, 0, 8), (7, 1, 9), (5, 1, 7), (8, 0, 1), (11, 1, 1)]
)
def test_hours_of_the_camelot_wheel(key: int, mode: int, hour: int):
    assert camelot_hour(key, mode) == hour


@pytest.mark.parametrize(
    ("one", "other", "apart"),
    [
        (song(), song(), 0),
        (song(0), song(7), 1),
        (song(0, 1), song(9, 0), 1),
        (song(0, 1), song(6, 1), 6),
        (song(tempo=100), song(tempo=106), 1),
        (song(tempo=70), song(tempo=140), 0),
        (song(None), song(), 3),
        (song(tempo=None), song(), 3),
        (song(tempo=0), song(), 3),
    ],
)
def test_how_far_apart_two_songs_are(one: Song, other: Song, apart: float):
    assert distances([one, other])[0, 1] == pytest.approx(apart)
    assert distances([other, one])[0, 1] == pytest.approx(apart)


def test_keys_go_round_the_wheel():
    shuffled = [song(key) for key in (0, 6, 7, 1, 2, 8, 9, 3, 4, 10, 11, 5)]
    hours = [camelot_hour(item.payload["key"], 1) for item in harmonic_order(shuffled)]
    assert {(one - other) % 12 for one, other in pairwise(hours)} <= {1, 11}


def test_albums_do_not_follow_themselves_for_a_key():
    songs = [song(0, album=1), song(6, album=2), song(0, album=1), song(6, album=2)]
    assert [item.album for item in harmonic_order(songs)] == [1, 2, 1, 2]


@pytest.mark.parametrize("diversify", [True, False])
def test_a_list_can_be_asked_for_in_this_order(recommender: Recommender, diversify: bool):
    by_score = recommender.recommend("晴天", options=RecallOptions(diversify=diversify))
    options = RecallOptions(diversify=diversify, order="harmonic")
    mixed = recommender.recommend("晴天", options=options)
    ids = [item.track_id for item in mixed.results]
    assert set(ids) == {item.track_id for item in by_score.results}
    assert ids != [item.track_id for item in by_score.results]
    assert ids[0] == by_score.results[0].track_id
