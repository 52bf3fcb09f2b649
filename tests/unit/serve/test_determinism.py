"""One question, one release, one list: whoever asks, however often, in whichever way.

A few questions drawn at random are asked here; ``EMBEAT_LISTS=100`` asks a hundred.
"""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

from embeat_serve.contract.lake import LakePaths
from embeat_serve.contract.schema import Collection
from embeat_serve.filters.request import Filters
from embeat_serve.options import PRESETS, RecallOptions
from embeat_serve.recommender import Recommender
from embeat_serve.results import Recommendations
from embeat_serve.upstream_options import UpstreamOptions
from tests.support.recommenders import recommender_on_server

pytestmark = [
    pytest.mark.slow,
    # The client's in-memory mode tells what it does without.
    pytest.mark.filterwarnings("ignore:Payload indexes have no effect"),
    pytest.mark.filterwarnings("ignore:Local mode performs exact"),
]

SUNNY = "0F02KChKwbcQ3tk4q1YxLH"
REPEATS = 10
LISTS = int(os.environ.get("EMBEAT_LISTS", "12"))
QUESTIONS: list[dict[str, Any]] = [
    {"text": "晴天"},
    {"text": "Hello - Adele", "dislikes": [SUNNY], "options": RecallOptions(adventure=0.5)},
    {"artist": "Jay Chou", "options": RecallOptions(order="harmonic", hits=-0.7)},
    {
        "track_ids": [SUNNY],
        "filters": Filters(
            year_min=2001,
            year_max=2003,
            energy_max=0.5,
            explicit=False,
            genres=("mandopop", "soul"),
            without_artists=("Mayday",),
        ),
    },
    {
        "features": {"danceability": 0.5, "energy": 0.6, "valence": 0.4},
        "filters": Filters(instrumental=True, tempo_min=90, popularity_max=70),
        "dislikes": [SUNNY],
    },
]


@pytest.fixture(scope="module")
def on_server(catalogue: LakePaths) -> Iterator[Recommender]:
    """The same release on a server."""
    with recommender_on_server(catalogue) as opened:
        yield opened


def listed(answer: Recommendations) -> list[tuple[Any, ...]]:
    """All but the last digits, in which engines differ: vectors are kept in half precision."""
    return [
        (song.track_id, tuple(song.channels), pytest.approx(song.score, abs=1e-3))
        for song in answer.results
    ]


def drawn(catalogue: Recommender, number: int) -> list[dict[str, Any]]:
    """Questions of every kind about songs of the catalogue; the same ones every time."""
    random = np.random.default_rng(6)
    with catalogue.opened() as release:
        total = release.store.count(Collection.TRACKS)
        codes = random.choice(total, 4 * number).tolist()
        fields = ("track_id", "track_name", "artist_names", "isrc")
        songs = [hit.payload for hit in release.store.retrieve(Collection.TRACKS, codes, fields)]
    options = (
        None,
        RecallOptions(adventure=0.6, hits=-0.4),
        RecallOptions(order="harmonic"),
        RecallOptions(diversify=False),
        PRESETS["upstream"],
        RecallOptions(upstream=UpstreamOptions(genre_vote=True)),
    )
    filters = (None, None, None, Filters(year_min=2000), Filters(energy_min=0.4, explicit=False))
    questions = []
    for place in range(number):
        one, *others = songs[4 * place : 4 * place + 4]
        label = f"{one['track_name']} - {one['artist_names'][0]}"
        asked: dict[str, Any] = (
            {"track_ids": [one["track_id"]]},
            {"text": label},
            {"artist": one["artist_names"][0]},
            {"track_ids": [song["track_id"] for song in (one, *others)]},
            {"playlist": [label, *(song["track_id"] for song in others)]},
            {"features": {"energy": float(random.random()), "valence": 0.3, "tempo": 110}},
            {"isrc": one["isrc"]} if one.get("isrc") else {"track_ids": [one["track_id"]]},
        )[place % 7]
        asked["dislikes"] = [others[0]["track_id"]] if place % 4 == 3 else []
        asked["options"] = options[place % len(options)]
        asked["filters"] = filters[place % len(filters)]
        asked["k"] = (20, 7, 60)[place % 3]
        questions.append(asked)
    return questions


def test_lists_are_the_same_in_one_thread_in_two_and_from_either_store(
    recommender: Recommender, on_server: Recommender
):
    questions = drawn(recommender, LISTS)
    alone = [recommender.recommend(**question, explain=True) for question in questions]
    again = [recommender.recommend(**question, explain=True) for question in questions]
    assert again == alone
    with ThreadPoolExecutor(2) as pool:
        together = list(
            pool.map(lambda question: recommender.recommend(**question, explain=True), questions)
        )
    assert together == alone
    assert any(answer.results for answer in alone)
    for question, embedded in zip(questions, alone, strict=True):
        server = on_server.recommend(**question)
        assert_alike(embedded, server)


def assert_alike(one: Recommendations, other: Recommendations) -> None:
    """Two lists are the same, but that songs with one score to the last digits may change places:
    engines round differently."""
    assert one.relaxed == other.relaxed
    assert [song.score for song in one.results] == pytest.approx(
        [song.score for song in other.results], abs=1e-3
    )
    listed_there = {song.track_id: song for song in other.results}
    for song, there in zip(one.results, other.results, strict=True):
        if song.track_id != there.track_id:
            assert listed_there[song.track_id].score == pytest.approx(song.score, abs=1e-3)
            assert there.score == pytest.approx(song.score, abs=1e-6)


def test_two_threads_get_the_lists_that_one_gets(recommender: Recommender):
    def ask(number: int) -> Recommendations:
        return recommender.recommend(**QUESTIONS[number % len(QUESTIONS)], k=15)

    alone = [ask(number) for number in range(len(QUESTIONS))]
    with ThreadPoolExecutor(2) as pool:
        together = list(pool.map(ask, range(REPEATS * len(QUESTIONS))))
    assert together == alone * REPEATS


@pytest.mark.parametrize("question", QUESTIONS, ids=str)
def test_both_stores_give_one_list(
    recommender: Recommender, on_server: Recommender, question: dict[str, Any]
):
    embedded, server = (one.recommend(**question, k=15) for one in (recommender, on_server))
    assert listed(embedded) == listed(server)
    assert embedded.relaxed == server.relaxed
