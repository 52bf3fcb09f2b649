"""Answers of every route, from a server started on the command line."""

import csv
import io
import json
from typing import Any

import httpx
import pytest

import embeat_serve
from embeat_serve.contract.lake import LakePaths
from tests.integration.http.conftest import Server

pytestmark = pytest.mark.process


SUNNY = "0F02KChKwbcQ3tk4q1YxLH"


def test_the_list_is_the_recommenders(client: httpx.Client, lake: LakePaths) -> None:
    answer = client.get("/v1/recommend", params={"q": "晴天", "k": 7, "explain": True}).json()
    with embeat_serve.open(lake=lake.root) as recommender:
        expected = dict(recommender.recommend("晴天", k=7, explain=True).to_dict())
    for content in (answer, expected):
        del content["timings_ms"]
    assert {name: answer[name] for name in expected} == expected


@pytest.mark.parametrize(
    ("params", "seeds"),
    [
        ({"q": "Jay Chou - 晴天"}, ["晴天"]),
        ({"track": [SUNNY, f"spotify:track:{SUNNY}"]}, ["晴天"]),
        ({"isrc": "TWK970300503"}, ["晴天"]),
        ({"artist": "Lionel Richie"}, ["Hello"]),
    ],
)
def test_every_kind_of_seed_gives_a_list(
    client: httpx.Client, params: dict, seeds: list[str]
) -> None:
    answer = client.get("/v1/recommend", params={**params, "k": 3}).json()
    assert [seed["track_name"] for seed in answer["seeds"]] == seeds
    assert len(answer["results"]) == 3


def test_a_get_and_a_post_of_the_same_are_answered_alike(client: httpx.Client) -> None:
    options = {"channels": ["acoustic", "playlist"], "diversify": False, "max_genres": 1}
    asked = {"q": "晴天", "k": 5, **options, "channels": "playlist,acoustic"}
    one = client.get("/v1/recommend", params=asked).json()
    body = {"text": "晴天", "k": 5, "options": options}
    other = client.post("/v1/recommend", json=body).json()
    assert one["results"] == other["results"]
    assert {name for song in one["results"] for name in song["channels"]} <= {
        "acoustic",
        "playlist",
    }


def test_settings_and_presets_change_the_list(client: httpx.Client) -> None:
    lists = [
        client.get("/v1/recommend", params={"q": "晴天", **more}).json()["results"]
        for more in ({}, {"preset": "upstream"}, {"hits": 1})
    ]
    assert lists[0] != lists[1]
    assert lists[0] != lists[2]


def test_dislikes_and_filters(client: httpx.Client) -> None:
    before = client.get("/v1/recommend", params={"track": SUNNY}).json()["results"]
    disliked = [song["track_id"] for song in before[:2]]
    asked = {"track": SUNNY, "dislike": disliked, "year_min": 2000, "genres": "soul,mandopop"}
    one = client.get("/v1/recommend", params=asked).json()
    filters = {"year_min": 2000, "genres": ["soul", "mandopop"]}
    body = {"track_ids": [SUNNY], "dislikes": disliked, "filters": filters}
    other = client.post("/v1/recommend", json=body).json()
    assert one["results"] == other["results"] != before
    assert not {song["track_id"] for song in one["results"]} & set(disliked)
    songs = [client.get(f"/v1/songs/{song['track_id']}").json() for song in one["results"]]
    assert all(song["year"] >= 2000 for song in songs)


def test_many_seeds_by_post(client: httpx.Client) -> None:
    found = client.get("/v1/search", params={"q": "river", "limit": 30}).json()["songs"]
    ids = [song["track_id"] for song in found]
    answer = client.post("/v1/recommend", json={"track_ids": [*ids, "x" * 22], "k": 5}).json()
    assert [seed["track_id"] for seed in answer["seeds"]] == ids
    assert answer["missing"] == ["x" * 22]


def test_a_song_from_outside_the_catalogue(client: httpx.Client) -> None:
    features = {"energy": 0.5, "valence": 0.25, "tempo": 120}
    one = client.get("/v1/similar", params={**features, "k": 4}).json()
    other = client.post("/v1/recommend", json={"features": {**features, "loudness": -7}, "k": 4})
    assert one["results"] == other.json()["results"]
    assert len(one["results"]) == 4
    assert {"acoustic"} == {name for song in one["results"] for name in song["channels"]}


def test_similarity(client: httpx.Client) -> None:
    asked = {"a": SUNNY, "b": "Hello - Adele"}
    one = client.get("/v1/similarity", params=asked).json()["similarity"]
    other = client.post("/v1/similarity", json=asked).json()["similarity"]
    same = client.post("/v1/similarity", json={"a": {"energy": 0.5}, "b": {"energy": 0.5}}).json()
    assert one == other
    assert 0 <= one < 1
    assert same["similarity"] == 1


def test_a_song_is_explained(client: httpx.Client) -> None:
    asked = {"track": SUNNY, "k": 30, "diversify": False, "explain": True}
    song = client.get("/v1/recommend", params=asked).json()["results"][3]
    asked = {"track": SUNNY, "k": 30, "song": song["track_id"]}
    answer = client.get("/v1/explain", params=asked).json()
    assert answer["rank"] == 4
    assert answer["explanation"] == song["explanation"]
    assert answer["song"]["track_id"] == song["track_id"]
    stranger = client.get("/v1/search", params={"q": "alone"}).json()["songs"][0]["track_id"]
    unlike = client.get("/v1/explain", params={"track": SUNNY, "song": stranger}).json()
    assert unlike["rank"] is None


def test_lists_as_files(client: httpx.Client) -> None:
    ids = [
        song["track_id"]
        for song in client.get("/v1/recommend", params={"q": "晴天"}).json()["results"]
    ]
    playlist = client.get("/v1/recommend", params={"q": "晴天", "format": "m3u"})
    assert playlist.headers["content-type"] == "audio/x-mpegurl; charset=utf-8"
    lines = playlist.text.splitlines()
    assert [line.split(":")[-1] for line in lines if line.startswith("spotify:")] == ids
    sheet = client.get("/v1/recommend", params={"q": "晴天", "format": "csv"})
    assert [row["track_id"] for row in csv.DictReader(io.StringIO(sheet.text))] == ids


def test_search_tells_songs_from_artists(client: httpx.Client) -> None:
    def found(kind: str) -> tuple[int, int]:
        answer = client.get("/v1/search", params={"q": "jay", "kind": kind, "limit": 5}).json()
        return len(answer["songs"]), len(answer["artists"])

    assert found("all") == (5, 1)
    assert found("songs") == (5, 0)
    assert found("artists") == (0, 1)


def test_songs_and_artists_in_detail(client: httpx.Client) -> None:
    song = client.get(f"/v1/songs/{SUNNY}").json()
    assert (song["track_name"], song["isrc"]) == ("晴天", "TWK970300503")
    artist = client.get(f"/v1/artists/{song['artists'][0]['artist_id']}").json()
    assert artist["artist_name"] == "Jay Chou"
    assert SUNNY in [song["track_id"] for song in artist["songs"]]
    assert len({song["track_name"] for song in artist["songs"]}) == len(artist["songs"])


def test_a_pasted_playlist_is_resolved_line_by_line(client: httpx.Client) -> None:
    lines = ["晴天 - Jay Chou", f"https://open.spotify.com/track/{SUNNY}", "Hello - Kraftwerk", "!"]
    answer = client.post("/v1/resolve", json={"lines": lines}).json()["lines"]
    assert [line["line"] for line in answer] == lines
    found = [[song["track_id"] for song in line["songs"]] for line in answer]
    assert found == [[SUNNY], [SUNNY], [], []]
    assert answer[2]["did_you_mean"][0] == "Hello - Adele"


def test_the_genre_map_and_the_releases(client: httpx.Client) -> None:
    genres = client.get("/v1/genres").json()["genres"]
    assert genres[0] == {"name": "mandopop", "x": 0.1, "y": 0.0}
    releases = client.get("/v1/releases").json()["releases"]
    assert [(each["release"], each["current"]) for each in releases] == [("0123456789ab", True)]


@pytest.mark.parametrize(
    ("method", "path", "sent", "status"),
    [
        ("GET", "/v1/recommend", {}, 422),
        ("GET", "/v1/recommend", {"params": {"q": "晴天", "artist": "Adele"}}, 422),
        ("GET", "/v1/recommend", {"params": {"q": "晴天", "k": 0}}, 422),
        ("GET", "/v1/recommend", {"params": {"q": "晴天", "kk": 3}}, 422),
        ("GET", "/v1/recommend", {"params": {"q": "x" * 501}}, 422),
        ("GET", "/v1/recommend", {"params": {"q": "晴天", "channels": "radio"}}, 422),
        ("GET", "/v1/recommend", {"params": {"q": "晴天", "popular_min_share": 2}}, 422),
        ("GET", "/v1/recommend", {"params": {"track": ["x" * 22] * 101}}, 422),
        ("GET", "/v1/recommend", {"params": {"track": "x" * 22}}, 404),
        ("GET", "/v1/recommend", {"params": {"q": "Hello - Kraftwerk"}}, 404),
        ("GET", "/v1/similar", {}, 422),
        ("GET", "/v1/similar", {"params": {"energy": "nan"}}, 422),
        ("POST", "/v1/recommend", {"json": {"features": {"energy": 7}}}, 422),
        ("POST", "/v1/recommend", {"content": b"{", "headers": {"content-type": "a/json"}}, 422),
        ("POST", "/v1/resolve", {"json": {"lines": []}}, 422),
        ("POST", "/v1/resolve", {"json": {"lines": ["x"] * 101}}, 422),
        ("POST", "/v1/recommend", {"content": b" " * 1_100_000}, 413),
        ("GET", "/v1/songs/" + "x" * 22, {}, 404),
        ("GET", "/v1/songs/x", {}, 422),
        ("GET", "/v1/explain", {"params": {"track": SUNNY, "song": "?"}}, 422),
        ("GET", "/v1/nothing", {}, 404),
        ("GET", "/../../etc/passwd", {}, 404),
        ("PUT", "/v1/recommend", {}, 405),
    ],
)
def test_problems_say_what_is_wrong(
    client: httpx.Client, method: str, path: str, sent: dict[str, Any], status: int
) -> None:
    answer = client.request(method, path, **sent)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["status"] == status
    assert problem["detail"]
    assert problem["request_id"] == answer.headers["x-request-id"]


def test_a_song_that_is_not_there_comes_with_what_may_have_been_meant(
    client: httpx.Client,
) -> None:
    problem = client.get("/v1/recommend", params={"q": "Hello - Kraftwerk"}).json()
    assert problem["suggestions"][0] == "Hello - Adele"


def test_an_endless_body_without_a_length_is_cut_off(client: httpx.Client) -> None:
    answer = client.post("/v1/recommend", content=(b"[" * 65_536 for _ in range(20)))
    assert answer.status_code == 413


def test_request_ids_are_taken_over_where_they_are_harmless(client: httpx.Client) -> None:
    kept = client.get("/healthz", headers={"x-request-id": "abc-1.2_3"})
    assert kept.headers["x-request-id"] == "abc-1.2_3"
    made = client.get("/healthz", headers={"x-request-id": 'a"b c'})
    assert made.headers["x-request-id"] not in ('a"b c', "")


def test_each_request_is_a_line_of_the_log(server: Server) -> None:
    server.client.get("/v1/songs/" + "%0aforged%22", headers={"x-request-id": "logged"})
    lines = [
        json.loads(line) for line in server.log.read_text().splitlines() if line.startswith("{")
    ]
    line = next(line for line in lines if line["id"] == "logged")
    assert (line["method"], line["status"]) == ("GET", 422)
    assert line["path"] == '/v1/songs/\nforged"'


def test_what_is_answered_is_counted(client: httpx.Client) -> None:
    client.get("/v1/songs/x")
    text = client.get("/metrics").text
    assert (
        'embeat_http_requests_total{method="GET",route="/v1/songs/{track_id}",status="422"}' in text
    )
    assert 'embeat_release{release="0123456789ab"} 1.0' in text
    assert "embeat_workers_ready 2.0" in text


def test_no_other_site_can_read_a_server_on_loopback(client: httpx.Client) -> None:
    assert client.get("/", headers={"host": "rebound.example"}).status_code == 421
    answer = client.get("/v1/genres", headers={"origin": "https://rebound.example"})
    assert "access-control-allow-origin" not in answer.headers


def test_the_page_asks_nobody_else(client: httpx.Client) -> None:
    page = client.get("/")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "http" not in policy
    again = client.get("/", headers={"if-none-match": page.headers["etag"]})
    assert again.status_code == 304
