"""One question, one release, one list: whoever asks, however often, in whichever way."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from qdrant_client import QdrantClient

import embeat_serve
from embeat_pipeline.index.upload import upload_release
from embeat_serve.contract import LakePaths
from embeat_serve.filters import Filters
from embeat_serve.recommender import Recommender
from embeat_serve.result import Recommendations
from embeat_serve.settings import RecallOptions
from embeat_serve.store import ServerStore

# The client's in-memory mode tells what it does without.
pytestmark = [
    pytest.mark.filterwarnings("ignore:Payload indexes have no effect"),
    pytest.mark.filterwarnings("ignore:Local mode performs exact"),
]

SUNNY = "0F02KChKwbcQ3tk4q1YxLH"
REPEATS = 10
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
    client = QdrantClient(":memory:")
    upload_release(catalogue, "0123456789ab", client)
    with embeat_serve.open(lake=catalogue.root) as opened:
        release = opened._current._open
        embedded, release.store = release.store, ServerStore(client)
        yield opened
        embedded.close()


def listed(answer: Recommendations) -> list[tuple[Any, ...]]:
    """All but the last digits, in which engines differ: vectors are kept in half precision."""
    return [
        (song.track_id, tuple(song.channels), pytest.approx(song.score, abs=1e-3))
        for song in answer.results
    ]


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
