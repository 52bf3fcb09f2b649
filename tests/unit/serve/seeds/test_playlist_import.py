import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from embeat_serve.errors import UsageError
from embeat_serve.seeds.parsing import PlaylistEntry
from embeat_serve.seeds.playlist_import import parse_playlist, read_playlist

ID = "0F02KChKwbcQ3tk4q1YxLH"
SUNNY = PlaylistEntry("晴天", "Jay Chou", ID, "TWK970300503")


def as_json(content: object) -> str:
    return json.dumps(content, ensure_ascii=False)


@pytest.mark.parametrize(
    ("suffix", "text", "expected"),
    [
        (
            ".m3u8",
            f"#EXTM3U\n#EXTINF:269,Jay Chou - 晴天\nspotify:track:{ID}\n"
            "#EXTINF:-1,Adele - Hello\nC:\\music\\hello.mp3\n",
            [PlaylistEntry("Jay Chou - 晴天", track_id=ID), PlaylistEntry("Adele - Hello")],
        ),
        (".m3u", "music/01 - Adele - Hello.mp3\n\n", [PlaylistEntry("Adele - Hello")]),
        (
            ".csv",
            "Track URI,Track Name,Artist Name(s),ISRC\n"
            f'spotify:track:{ID},晴天,Jay Chou,TWK970300503\n,Hello,"Adele, Someone",\n',
            [SUNNY, PlaylistEntry("Hello", "Adele, Someone")],
        ),
        (".csv", "title;artist\nHello;Adele\n", [PlaylistEntry("Hello", "Adele")]),
        (".csv", "Hello,Adele\nUs,\n", [PlaylistEntry("Hello - Adele"), PlaylistEntry("Us")]),
        (
            ".txt",
            f"# mine\n1. Hello - Adele\n\n* Us\nTWK970300503\nhttps://open.spotify.com/track/{ID}\n"
            "99 Luftballons\n",
            [
                PlaylistEntry("Hello - Adele"),
                PlaylistEntry("Us"),
                PlaylistEntry(isrc="TWK970300503"),
                PlaylistEntry(track_id=ID),
                PlaylistEntry("99 Luftballons"),
            ],
        ),
        (
            ".jspf",
            as_json(
                {
                    "playlist": {
                        "title": "Mine",
                        "track": [
                            {
                                "title": "晴天",
                                "creator": "Jay Chou",
                                "identifier": [f"https://open.spotify.com/track/{ID}"],
                                "isrc": "TWK970300503",
                            }
                        ],
                    }
                }
            ),
            [SUNNY],
        ),
        (
            ".json",
            as_json(
                {
                    "playlists": [
                        {
                            "name": "Mine",
                            "items": [
                                {"track": {"trackName": "Hello", "artistName": "Adele"}},
                                {"track": None},
                            ],
                        }
                    ]
                }
            ),
            [PlaylistEntry("Hello", "Adele")],
        ),
        (
            ".json",
            as_json({"tracks": {"items": [{"track": {"name": "Us", "artists": [{"name": "A"}]}}]}}),
            [PlaylistEntry("Us", "A")],
        ),
        (
            ".json",
            as_json(["Hello - Adele", ID]),
            [PlaylistEntry("Hello - Adele"), PlaylistEntry(ID, track_id=ID)],
        ),
    ],
)
def test_formats(tmp_path: Path, suffix: str, text: str, expected: list[PlaylistEntry]):
    path = tmp_path / f"mine{suffix}"
    path.write_text(text, encoding="utf-8")
    assert read_playlist(path) == expected


@pytest.mark.parametrize(
    ("name", "content"),
    [("gone.m3u", None), ("empty.txt", b"\n\n"), ("bad.json", b"{"), ("none.json", b"{}")],
)
def test_what_is_no_playlist_is_refused(tmp_path: Path, name: str, content: bytes | None):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(UsageError):
        read_playlist(tmp_path / name)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1252"])
def test_encodings(tmp_path: Path, encoding: str):
    path = tmp_path / "mine.txt"
    path.write_text("Jóga - Björk\n", encoding=encoding)
    assert read_playlist(path) == [PlaylistEntry("Jóga - Björk")]


@given(st.text(), st.sampled_from(["", ".csv", ".m3u", ".txt"]))
def test_any_text_is_read_without_error(text: str, suffix: str):
    try:
        entries = parse_playlist(text, suffix)
    except UsageError:
        return
    assert all(entry.title or entry.is_coded for entry in entries)
