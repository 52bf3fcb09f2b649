import json
import subprocess
import sys
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import embeat_serve
from embeat_serve import pipeline
from embeat_serve.contract.lake import LakePaths
from embeat_serve.contract.schema import CHANNELS
from embeat_serve.errors import (
    BrokenRelease,
    InvalidFeatures,
    NoRelease,
    SeedNotFound,
    UsageError,
)
from embeat_serve.filters.request import Filters
from embeat_serve.options import RecallOptions
from embeat_serve.recommender import Recommender
from tests.support.recommenders import open_release, recommender_on

SUNNY = "0F02KChKwbcQ3tk4q1YxLH"
SONG = {"danceability": 0.5, "energy": 0.6, "valence": 0.4, "tempo": 120, "key": 3, "mode": 1}
HEAVY = ("dagster", "torch", "gensim", "polars", "pyarrow", "duckdb", "qdrant_client", "rich")
NOT_SERVING = (*HEAVY, "embeat_pipeline")

QUESTIONS: list[dict[str, Any]] = [
    {"text": "晴天 - Jay Chou"},
    {"text": "Hello - Adele"},
    {"text": "Jay Chou"},
    {"text": "Nobody Knows My Sound"},
    {"text": "Nobody Knows My Genre"},
    {"text": "Alone"},
    {"track_ids": [SUNNY]},
    {"isrc": "TWK970300503"},
    {"artist": "Nova"},
    {"features": SONG},
]
FILTERS = [Filters(year_min=1980), Filters(year_min=1995, year_max=1999, energy_min=0.5)]


@pytest.mark.parametrize("k", [5, 60])
@pytest.mark.parametrize("question", QUESTIONS, ids=str)
def test_a_list_is_the_same_whenever_what_fills_it_is_asked_for(
    recommender: Recommender, monkeypatch: pytest.MonkeyPatch, question: dict[str, Any], k: int
):
    listed = recommender.recommend(**question, k=k)
    with monkeypatch.context() as late:
        late.setattr("embeat_serve.recommendation_plan.POOL_FACTOR", 0)
        assert recommender.recommend(**question, k=k) == listed
    ask_for_everything_at_once(monkeypatch)
    assert recommender.recommend(**question, k=k) == listed


@pytest.mark.parametrize("k", [5, 60])
@pytest.mark.parametrize("filters", FILTERS, ids=str)
def test_so_is_a_list_with_filters(
    recommender: Recommender, monkeypatch: pytest.MonkeyPatch, filters: Filters, k: int
):
    listed = recommender.recommend("Hello - Adele", filters=filters, k=k)
    ask_for_everything_at_once(monkeypatch)
    assert recommender.recommend("Hello - Adele", filters=filters, k=k) == listed


def ask_for_everything_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    plan = pipeline.plan_retrieval
    monkeypatch.setattr(
        pipeline,
        "plan_retrieval",
        lambda request: plan(request)._replace(fallback=pipeline.FallbackMode.AT_ONCE),
    )


@pytest.mark.parametrize("question", QUESTIONS, ids=str)
def test_at_most_three_store_calls(catalogue: LakePaths, question: dict[str, Any]):
    release, counting = open_release(catalogue)
    with recommender_on(release) as recommender:
        recommender.recommend(**question)
    assert 1 <= counting.calls <= 3
    assert counting.retrieved <= 200


@pytest.mark.parametrize(
    "question",
    [
        {"text": "晴天", "dislikes": [SUNNY[::-1]], "filters": Filters(without_artists=("Nova",))},
        {"text": "Hello - Adele\nYesterday", "dislikes": [SUNNY]},
        {"artist": "Jay Chou", "dislikes": [SUNNY]},
        {"features": SONG, "dislikes": [SUNNY]},
    ],
    ids=str,
)
def test_exclusions_take_no_store_call_of_their_own(catalogue: LakePaths, question: dict[str, Any]):
    release, counting = open_release(catalogue)
    with recommender_on(release) as recommender:
        recommender.recommend(**question)
    assert counting.calls <= 3


@pytest.mark.parametrize("text", ["Helo - Adele", "Helo - Adele\nYesterday"])
def test_a_misspelt_song_takes_one_store_call_more(catalogue: LakePaths, text: str):
    release, counting = open_release(catalogue)
    with recommender_on(release) as recommender:
        assert recommender.recommend(text, dislikes=[SUNNY]).seeds
    assert counting.calls <= 4


@pytest.mark.parametrize("question", QUESTIONS, ids=str)
def test_the_json_is_the_one_promised(recommender: Recommender, question: dict[str, Any]):
    answer = recommender.recommend(**question, k=20)
    content = json.loads(json.dumps(answer.to_dict()))
    assert list(content) == ["release", "seeds", "results", "relaxed", "timings_ms"]
    assert content["release"] == recommender.release
    assert len(content["results"]) == 20
    for seed in content["seeds"]:
        assert list(seed) == ["track_id", "track_name", "artist_names"]
    for place, song in enumerate(content["results"], start=1):
        assert list(song) == [
            "rank",
            "track_id",
            "track_name",
            "artist_names",
            "album_name",
            "isrc",
            "popularity",
            "genres",
            "score",
            "channels",
        ]
        assert song["rank"] == place
        assert set(song["channels"]) <= set(CHANNELS)
        assert song["channels"]
        assert sum(song["channels"].values()) == pytest.approx(song["score"], abs=1e-9)
        assert 0 < song["score"] <= 1
    assert content["timings_ms"]["total"] >= content["timings_ms"]["seed"] > 0


@settings(
    max_examples=25,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    question=st.sampled_from(QUESTIONS),
    channels=st.sets(st.sampled_from(CHANNELS), min_size=1),
    k=st.integers(1, 60),
    diversify=st.booleans(),
)
def test_lists_hold_no_seed_and_nothing_twice(
    recommender: Recommender, question: dict, channels: set[str], k: int, diversify: bool
):
    options = RecallOptions(channels=tuple(channels), diversify=diversify)
    answer = recommender.recommend(**question, k=k, options=options)
    ids = [song.track_id for song in answer.results]
    assert len(ids) == len(set(ids)) <= k
    assert not set(ids) & {seed.track_id for seed in answer.seeds}
    assert all(set(song.channels) <= channels for song in answer.results)
    assert recommender.recommend(**question, k=k, options=options) == answer
    if not diversify:
        scores = [song.score for song in answer.results]
        assert scores == sorted(scores, reverse=True)
        assert answer.relaxed == ()


@pytest.mark.parametrize("k", [1, 7, 100, 300])
def test_a_list_has_the_length_asked_for(recommender: Recommender, k: int):
    # 440 songs, of which every title is one of its own.
    assert len(recommender.recommend(track_ids=[SUNNY], k=k).results) == k


def test_the_longest_list_holds_all_there_is(recommender: Recommender):
    answer = recommender.recommend(track_ids=[SUNNY], k=1_000)
    assert len(answer.results) > 420
    assert "genre" in answer.relaxed


def test_seeds_of_the_artist_are_not_recommended(recommender: Recommender):
    answer = recommender.recommend(artist="Jay Chou")
    assert answer.artist == "Jay Chou"
    assert len(answer.seeds) == 10
    own = [song for song in answer.results if song.artist_names[0] == "Jay Chou"]
    assert 3 <= len(own) <= 5


def test_several_seeds_agree(recommender: Recommender):
    adele = recommender.recommend(text="hello - adele").seeds[0].track_id or ""
    answer = recommender.recommend(track_ids=[SUNNY, adele, "x" * 22], k=30)
    assert [seed.track_id for seed in answer.seeds] == [SUNNY, adele]
    assert list(answer.missing) == ["x" * 22]
    artists = {name for song in answer.results for name in song.artist_names}
    assert {"Jay Chou", "Adele"} <= artists


def test_a_song_from_outside_is_answered_by_sound(recommender: Recommender):
    answer = recommender.recommend(features={**SONG, "track_name": "Mine", "artist_names": "Me"})
    assert {channel for song in answer.results for channel in song.channels} == {"acoustic"}
    assert answer.to_dict()["seeds"] == [
        {"track_id": None, "track_name": "Mine", "artist_names": []}
    ]
    genres = {song.genres[0] for song in answer.results if song.genres}
    assert len(genres) > 1


def test_weak_evidence_scores_low(recommender: Recommender):
    lonely = recommender.recommend("Nobody Knows My Sound").results[0].score
    known = recommender.recommend("晴天").results[0].score
    assert lonely < 0.25 < known


def test_a_song_known_by_nothing_has_an_empty_list(recommender: Recommender):
    options = RecallOptions(channels=("playlist",))
    assert recommender.recommend("Alone", options=options).results == ()


def test_reasons_are_given_where_asked_for(recommender: Recommender):
    answer = recommender.recommend("晴天", explain=True)
    assert all(song.explanation and song.explanation.endswith(".") for song in answer.results)
    assert answer.to_dict()["results"][0]["explanation"]
    assert recommender.recommend("晴天").results[0].explanation is None


@pytest.mark.parametrize(
    "question",
    [
        {},
        {"text": "a", "isrc": "TWK970300503"},
        {"text": "a", "features": SONG},
        {"text": ""},
        {"track_ids": []},
        {"track_ids": ["nonsense"]},
        {"text": "晴天", "k": 0},
        {"text": "晴天", "k": 1_001},
        {"text": "晴天", "k": True},
        {"text": "晴天", "k": 2.0},
        {"features": {}},
        {"features": {"energy": 2}},
        {"features": {"energy": "loud"}},
        {"features": [1, 2]},
    ],
    ids=str,
)
def test_wrong_questions(recommender: Recommender, question: dict[str, Any]):
    with pytest.raises(UsageError):
        recommender.recommend(**question)


def test_unknown_songs(recommender: Recommender):
    with pytest.raises(SeedNotFound) as raised:
        recommender.recommend("Hello - Kraftwerk")
    assert "Hello - Adele" in raised.value.suggestions


def test_similarity(recommender: Recommender):
    adele = recommender.recommend(text="hello - adele").seeds[0].track_id or ""
    assert recommender.similarity(SUNNY, SUNNY) == pytest.approx(1, abs=1e-5)
    assert recommender.similarity(SUNNY, adele) == pytest.approx(
        recommender.similarity(adele, SUNNY)
    )
    assert 0 <= recommender.similarity(SUNNY, SONG) <= 1
    assert recommender.similarity(SONG, {**SONG}) == pytest.approx(1, abs=1e-5)
    with pytest.raises(InvalidFeatures, match="Sound"):
        recommender.similarity("Nobody Knows My Sound", SONG)
    with pytest.raises(UsageError, match="Jay Chou"):
        recommender.similarity("Jay Chou", SONG)
    with pytest.raises(SeedNotFound):
        recommender.similarity("x" * 22, SUNNY)


def test_encode(recommender: Recommender):
    vectors = recommender.encode([SONG, {"energy": 0.1}])
    assert vectors.shape == (2, 64)
    assert vectors.dtype == np.float32
    assert np.linalg.norm(vectors, axis=1) == pytest.approx([1, 1], abs=1e-5)
    with pytest.raises(InvalidFeatures):
        recommender.encode([{"tempo": 120}])


def test_environment_and_options(catalogue: LakePaths, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("EMBEAT_LAKE", str(catalogue.root))
    monkeypatch.setenv("EMBEAT_CHANNELS", "playlist")
    with embeat_serve.open() as recommender:
        answer = recommender.recommend("晴天")
        assert {channel for song in answer.results for channel in song.channels} == {"playlist"}
        options = replace(recommender.settings.recall, channels=("same_artist",))
        answer = recommender.recommend("晴天", options=options)
        assert {name for song in answer.results for name in song.artist_names} == {"Jay Chou"}


def test_nothing_published(tmp_path):
    with pytest.raises(NoRelease, match="embeat_pipeline run"):
        embeat_serve.open(lake=tmp_path)


def test_a_release_that_is_gone(tmp_path):
    lake = LakePaths(tmp_path)
    lake.index.mkdir()
    lake.current.write_text("0123456789ab\n")
    with pytest.raises(BrokenRelease):
        embeat_serve.open(lake=tmp_path)


def test_answering_imports_nothing_heavy(catalogue: LakePaths):
    script = (
        "import sys, embeat_serve\n"
        f"with embeat_serve.open(lake={str(catalogue.root)!r}) as recommender:\n"
        "    recommender.recommend('hello - adele')\n"
        f"    recommender.similarity({SONG!r}, {SONG!r})\n"
        "    print('opencc' in sys.modules)\n"
        "    recommender.recommend('晴天')\n"
        f"print(sorted(set(sys.modules) & set({NOT_SERVING!r})), 'opencc' in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.stderr == ""
    assert done.stdout.splitlines()[-1] == "[] True"


@pytest.mark.parametrize("misspelt", ["Helo - Adele", "Hello - Adelle"])
def test_a_misspelt_song_gets_the_list_of_the_song(catalogue: LakePaths, misspelt: str):
    with embeat_serve.open(lake=catalogue.root) as recommender:
        meant = recommender.recommend("Hello - Adele")
        guessed = recommender.recommend(misspelt)
    assert guessed.guessed
    assert guessed.seeds == meant.seeds
    assert guessed.results == meant.results
