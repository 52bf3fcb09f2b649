from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from embeat_serve.contract.neighbour_codec import NeighbourList
from embeat_serve.errors import UsageError
from embeat_serve.options import RecallOptions
from embeat_serve.recommender import Recommender
from embeat_serve.retrieval.channel import ChannelResult
from embeat_serve.retrieval.negative_feedback import (
    demote_similar,
    subtract,
)

pytestmark = pytest.mark.slow

SUNNY = "0F02KChKwbcQ3tk4q1YxLH"


def neighbours(strengths: dict[int, float]) -> NeighbourList:
    codes = np.array(list(strengths), np.uint32)
    single = np.array(list(strengths.values()), np.float32)
    als, log_counts = single / np.float32(3), codes.astype(np.float32)
    return NeighbourList(codes, single, single / np.float32(2), 0.5, als=als, log_counts=log_counts)


lists = st.dictionaries(st.integers(0, 30), st.floats(0.0625, 1, width=32), max_size=12)


@given(lists, st.lists(lists, max_size=3), st.floats(0, 2))
def test_what_speaks_for_a_disliked_song_is_taken_off(
    liked: dict[int, float], disliked: list[dict[int, float]], weight: float
):
    left = subtract(neighbours(liked), [neighbours(one) for one in disliked], weight)
    assert left is not None
    assert left.codes.tolist() == list(liked)
    for place, (code, strength) in enumerate(liked.items()):
        off = weight * max((one.get(code, 0.0) for one in disliked), default=0.0)
        assert left.strengths[place] == pytest.approx(max(strength - off, 0), abs=1e-5)
        assert left.several[place] == pytest.approx(max(strength - off, 0) / 2, abs=1e-5)
    assert left.confidence == 0.5
    assert left.als == pytest.approx(np.array(list(liked.values())) / 3)
    assert left.log_counts is not None
    assert left.log_counts.tolist() == list(liked)


def test_a_seed_without_a_list_has_none():
    assert subtract(None, [neighbours({1: 0.5})], 1.0) is None


def test_what_sounds_like_a_disliked_song_comes_later():
    cosines = np.array([0.9, 0.8, 0.2, np.nan])
    found = ChannelResult("acoustic", 0, np.array([1, 2, 3, 4]), cosines)
    pushed = demote_similar(found, {1: 0.85, 9: 0.9}, 1.0)
    assert pushed.ids.tolist() == [2, 3, 1, 4]
    assert pushed.cosines is not None
    assert pushed.cosines[2] == 0.9
    assert demote_similar(found, {}, 1.0) is found


@settings(
    max_examples=25,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    places=st.lists(st.integers(0, 39), min_size=1, max_size=4, unique=True),
    question=st.sampled_from(["晴天", "Jay Chou", "Hello - Adele", "Nobody Knows My Sound"]),
    diversify=st.booleans(),
)
def test_disliked_songs_are_never_listed(
    recommender: Recommender, places: list[int], question: str, diversify: bool
):
    options = RecallOptions(diversify=diversify)
    before = recommender.recommend(question, k=40, options=options).results
    disliked = [before[place] for place in places if place < len(before)]
    references = [f"spotify:track:{song.track_id}" for song in disliked]
    answer = recommender.recommend(question, k=40, options=options, dislikes=references)
    listed = {song.track_id for song in answer.results}
    assert not listed & {song.track_id for song in disliked}
    isrcs = {song.isrc for song in disliked} - {None}
    assert not isrcs & {song.isrc for song in answer.results}
    for song in answer.results:
        assert sum(song.channels.values()) == pytest.approx(song.score, abs=1e-9)
    again = recommender.recommend(question, k=40, options=options, dislikes=references)
    assert again == answer


def test_copies_of_disliked_songs_are_left_out(recommender: Recommender):
    every = recommender.recommend("Mayday", k=400).results
    assert any(song.track_name.startswith("晴天") for song in every)
    answer = recommender.recommend("Mayday", k=400, dislikes=[SUNNY])
    assert not any(song.track_name.startswith("晴天") for song in answer.results)


def test_what_is_played_with_a_disliked_song_falls(recommender: Recommender):
    raw = RecallOptions(diversify=False)
    before = recommender.recommend("Hello - Adele", k=20, options=raw)
    disliked = before.results[0]
    near = {
        song.track_id
        for song in recommender.recommend(
            track_ids=[disliked.track_id], k=20, options=RecallOptions(channels=("playlist",))
        ).results
    }
    after = recommender.recommend("Hello - Adele", k=20, dislikes=[disliked.track_id], options=raw)
    strength = [
        sum(song.score for song in one.results if song.track_id in near) for one in (before, after)
    ]
    assert 0 < strength[1] < 0.9 * strength[0]


@pytest.mark.parametrize(
    "dislikes", [["nonsense"], [f"spotify:album:{'x' * 22}"], [f"{i:022d}" for i in range(101)]]
)
def test_wrong_dislikes(recommender: Recommender, dislikes: list[str]):
    with pytest.raises(UsageError):
        recommender.recommend("晴天", dislikes=dislikes)


def test_dislikes_that_are_not_there_are_named(recommender: Recommender):
    question: dict[str, Any] = {"track_ids": [SUNNY]}
    answer = recommender.recommend(**question, dislikes="x" * 22)
    assert list(answer.missing) == ["x" * 22]
    assert answer.results == recommender.recommend(**question).results
