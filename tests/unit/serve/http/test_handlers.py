"""Handlers called with a recommender on the hand-made release, without a server."""

import json
from typing import Any, get_args

import pytest

from embeat_serve.errors import (
    EmbeatError,
    InvalidFeatures,
    NoRelease,
    PipelineError,
    SeedNotFound,
    UsageError,
)
from embeat_serve.filters.request import Filters
from embeat_serve.http.arguments import HandlerName
from embeat_serve.http.handlers import (
    HANDLERS,
    Content,
    build_filters,
    build_options,
    call_handler,
    http_status,
    load_release,
)
from embeat_serve.options import PRESETS, RecallOptions
from embeat_serve.recommender import Recommender

SUNNY = "0F02KChKwbcQ3tk4q1YxLH"


def call(recommender: Recommender, name: HandlerName, **arguments: Any) -> Any:
    content = call_handler(recommender, name, arguments)
    assert content.media_type == "application/json"
    return json.loads(content.body)


def test_every_name_has_a_handler():
    assert set(HANDLERS) == set(get_args(HandlerName))


def test_a_list_is_the_recommenders(recommender: Recommender):
    answer = call(recommender, "recommend", text="晴天", k=4)
    expected = recommender.recommend("晴天", k=4)
    assert answer["results"] == expected.to_dict()["results"]
    assert (answer["guessed"], answer["missing"], answer["artist"]) == (False, [], None)
    assert answer["notes"] == []
    rare = call(recommender, "recommend", text="晴天", filters={"languages": ["sw"]})
    assert rare["notes"] == ["no song of this release is known to be in sw"]


def test_a_list_can_be_a_playlist_file(recommender: Recommender):
    arguments = {"track_ids": [SUNNY], "k": 2, "format": "m3u"}
    content = call_handler(recommender, "recommend", arguments)
    assert content.media_type.startswith("audio/x-mpegurl")
    assert content.body.startswith(b"#EXTM3U")


def test_a_question_is_the_recommenders(recommender: Recommender):
    answer = call(recommender, "ask", text="4 songs for a rainy evening")
    assert [song["genres"][0] for song in answer["results"]] == ["mandopop"] * 4
    assert answer["understood"]["reading"] == "question"
    assert [part["kind"] for part in answer["understood"]["parts"]] == ["length", "words"]
    shorter = call(recommender, "ask", text="4 songs for a rainy evening", k=2)
    assert shorter["results"] == answer["results"][:2]


def test_a_title_goes_beside_a_seed_or_alone(recommender: Recommender):
    alone = call(recommender, "recommend", title="rainy evening", k=3)
    beside = call(recommender, "recommend", track_ids=[SUNNY], title="rainy evening", k=3)
    assert alone["title"] == beside["title"] == {"text": "rainy evening", "knowledge": 1.0}
    assert (alone["seeds"], len(beside["seeds"])) == ([], 1)


def test_a_song_is_explained_whether_it_is_on_the_list_or_not(recommender: Recommender):
    near = recommender.recommend(track_ids=[SUNNY], k=1).results[0].track_id
    answer = call(recommender, "explain", seeds=[SUNNY], song=near, k=50)
    assert answer["rank"] >= 1
    assert answer["explanation"]
    assert answer["looked_among"] == 50
    itself = call(recommender, "explain", seeds=[SUNNY], song=SUNNY, k=50)
    assert (itself["rank"], itself["channels"]) == (None, {})
    assert itself["similarity"] == 1


def test_lines_of_a_playlist_are_resolved_one_by_one(recommender: Recommender):
    lines = ["晴天 - Jay Chou", "Hello - Kraftwerk", "!"]
    answer = call(recommender, "resolve", lines=lines)["lines"]
    assert [line["line"] for line in answer] == lines
    assert [len(line["songs"]) for line in answer] == [1, 0, 0]
    assert answer[1]["did_you_mean"][0] == "Hello - Adele"
    assert answer[2]["did_you_mean"] == []


@pytest.mark.parametrize(
    ("kind", "songs", "artists"), [("all", 5, 1), ("songs", 5, 0), ("artists", 0, 1)]
)
def test_a_search_finds_songs_artists_or_both(
    recommender: Recommender, kind: str, songs: int, artists: int
):
    answer = call(recommender, "search", q="jay", limit=5, kind=kind)
    assert (len(answer["songs"]), len(answer["artists"])) == (songs, artists)


def test_a_loaded_release_names_itself(recommender: Recommender):
    load_release(recommender)
    answer = call(recommender, "ready")
    assert answer == {"release": recommender.release, "published": recommender.release}


def test_options_start_from_the_preset_else_from_the_server():
    server = RecallOptions(max_genres=2)
    assert build_options(server, {}) == server
    assert build_options(server, {"options": {"hits": 0.5}}).max_genres == 2
    assert build_options(server, {"preset": "upstream"}) == PRESETS["upstream"]
    changed = build_options(server, {"preset": "upstream", "options": {"channels": ["acoustic"]}})
    assert changed.channels == ("acoustic",)
    assert changed.album_max_share == PRESETS["upstream"].album_max_share


def test_lists_of_a_request_become_tuples():
    assert build_filters({"genres": ["soul"], "year_min": 2000}) == Filters(
        genres=("soul",), year_min=2000
    )
    assert build_filters({}) == Filters()


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (UsageError("x"), 422),
        (InvalidFeatures("x"), 422),
        (SeedNotFound("x"), 404),
        (NoRelease("x"), 503),
        (PipelineError("x"), 500),
    ],
)
def test_each_kind_of_error_has_a_status(error: EmbeatError, status: int):
    assert http_status(error) == status


def test_json_is_compact_and_keeps_every_script():
    assert Content.of_json({"name": "晴天\ud800"}).body == '{"name":"晴天?"}'.encode()
    with pytest.raises(ValueError, match="JSON"):
        Content.of_json({"score": float("nan")})
