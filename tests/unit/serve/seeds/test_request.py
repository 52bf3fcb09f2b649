from pathlib import Path
from typing import Any

import pytest

from embeat_serve.errors import InvalidFeatures, UsageError
from embeat_serve.seeds.parsing import PlaylistEntry
from embeat_serve.seeds.request import (
    MAX_SEEDS,
    ArtistRequest,
    FeaturesRequest,
    IsrcRequest,
    PlaylistRequest,
    TextRequest,
    TrackIdsRequest,
    build_seed_request,
    parse_text,
)

ID = "0F02KChKwbcQ3tk4q1YxLH"


@pytest.mark.parametrize(
    ("text", "request_of_text"),
    [
        ("  hello - adele ", TextRequest("hello - adele")),
        (ID, TextRequest(ID)),
        ("TWK970300503", TextRequest("TWK970300503")),
        (f"spotify:track:{ID}", TrackIdsRequest((ID,))),
        (f"spotify:artist:{ID}", ArtistRequest(f"spotify:artist:{ID}", ID)),
        ("a\nb", PlaylistRequest((PlaylistEntry("a"), PlaylistEntry("b")))),
        ("a; b", PlaylistRequest((PlaylistEntry("a"), PlaylistEntry("b")), title="a; b")),
        ("a; b\nc", PlaylistRequest(tuple(map(PlaylistEntry, "abc")))),
    ],
)
def test_the_form_of_a_text_says_what_it_asks_for(text: str, request_of_text: Any):
    assert parse_text(text) == request_of_text


def test_each_kind_of_seed_has_its_request(tmp_path: Path):
    path = tmp_path / "list.txt"
    path.write_text("hello\n")
    features = {"energy": 0.5}
    entries = PlaylistRequest((PlaylistEntry("hello"),))
    assert build_seed_request(text="hello") == TextRequest("hello")
    assert build_seed_request(track_ids=[ID, f"spotify:track:{ID}"]) == TrackIdsRequest((ID,))
    assert build_seed_request(track_ids=ID) == TrackIdsRequest((ID,))
    assert build_seed_request(isrc="tw-k97-03-00503") == IsrcRequest("TWK970300503")
    assert build_seed_request(artist=" Adele") == ArtistRequest("Adele")
    assert build_seed_request(playlist=["hello"]) == entries
    assert build_seed_request(playlist=path) == build_seed_request(playlist=str(path)) == entries
    assert build_seed_request(features=features) == FeaturesRequest(features)


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"text": "a", "isrc": "TWK970300503"},
        {"text": " "},
        {"text": "x" * 501},
        {"text": f"spotify:album:{ID}"},
        {"text": "spotify:track:short"},
        {"track_ids": []},
        {"track_ids": ["nonsense"]},
        {"track_ids": [f"{number:022d}" for number in range(MAX_SEEDS + 1)]},
        {"isrc": "nonsense"},
        {"artist": " "},
        {"artist": f"spotify:track:{ID}"},
        {"playlist": []},
        {"playlist": "no such file"},
    ],
    ids=str,
)
def test_wrong_requests_are_refused_before_anything_is_looked_up(given: dict[str, Any]):
    with pytest.raises(UsageError):
        build_seed_request(**given)


def test_kinds_given_together_are_named():
    with pytest.raises(UsageError, match="found text and features"):
        build_seed_request(text="a", features={"energy": 0.5})
    with pytest.raises(UsageError, match="found none"):
        build_seed_request()


@pytest.mark.parametrize("features", [{}, {"energy": 2}, {"energy": "loud"}, [1]])
def test_features_that_cannot_be_encoded_are_refused(features: Any):
    with pytest.raises(InvalidFeatures):
        build_seed_request(features=features)


def test_a_song_from_outside_keeps_what_it_says_of_itself():
    features = {"energy": 0.5, "tempo": 120, "key": None, "track_name": "Mine", "year": 1999}
    request = FeaturesRequest.of({**features, "artist_names": ("Me", "You")})
    assert request.payload == {"tempo": 120, "track_name": "Mine", "artist_names": ["Me", "You"]}
    assert FeaturesRequest({"artist_names": "Me", "track_name": 3}).payload == {}
    assert FeaturesRequest({"artist_names": ["Me", 3]}).payload == {}
