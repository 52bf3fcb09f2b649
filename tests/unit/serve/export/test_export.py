import csv
import json
import unicodedata
from io import StringIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from embeat_serve.cli.table import cells, cut, pad, table
from embeat_serve.export.labels import plain
from embeat_serve.export.playlists import jspf, m3u
from embeat_serve.export.tabular import to_csv, to_json
from embeat_serve.results import Recommendations, SeedSong, Song


def song(rank: int, name: str, artists: tuple[str, ...], **changed) -> Song:
    fields = {
        "rank": rank,
        "track_id": f"{rank:022d}",
        "track_name": name,
        "artist_names": artists,
        "album_name": None,
        "isrc": None,
        "popularity": 50,
        "genres": ("pop", "rock"),
        "score": 0.75,
        "channels": {"playlist": 0.5, "acoustic": 0.25},
    }
    return Song(**{**fields, **changed})


def answer(*songs: Song, **changed) -> Recommendations:
    seeds = (SeedSong("0" * 22, "晴天", ("Jay Chou",)),)
    return Recommendations("r1", seeds, songs, **changed)


SONGS = (
    song(1, "擱淺", ("Jay Chou", "Someone")),
    song(2, "Plain, with a comma", ("A",)),
    song(10, "e\u0301te\u0301", ("Ｗｉｄｅ",)),
)


def test_columns_line_up_whatever_the_script():
    lines = table(answer(*SONGS)).splitlines()[2:]
    starts = {cells(line[: line.index("playlist")]) for line in lines[1:]}
    assert starts == {cells(lines[0][: lines[0].index("channels")])}


def test_the_table_says_all_there_is_to_say():
    shown = table(answer(*SONGS, relaxed=("genre",)))
    assert shown.startswith("Songs like 晴天 - Jay Chou\n")
    assert "Jay Chou, Someone" in shown
    assert "playlist 0.50 acoustic 0.25" in shown
    assert "0.750" in shown
    assert shown.endswith("Rules relaxed: genre\n")


@pytest.mark.parametrize("width", [70, 90, 120, 200])
@pytest.mark.parametrize("scale", [1, 8])
def test_the_table_fits_the_terminal(width: int, scale: int):
    long = (song(1, "擱淺" * scale, ("Jay Chou " * scale, "Someone")), *SONGS)
    lines = table(answer(*long), width).splitlines()[2:]
    assert max(map(cells, lines)) <= width
    assert len({cells(line) for line in lines[1:]}) == 1
    assert all(line.endswith("0.750") for line in lines[1:])
    if width == 200:
        assert table(answer(*long), width) == table(answer(*long))


def test_links_stand_below_their_song():
    shown = table(answer(*SONGS), links=True)
    assert f"\n    https://open.spotify.com/track/{1:022d}\n" in shown
    assert "https" not in table(answer(*SONGS))


def test_jspf_can_be_read_back():
    playlist = json.loads(jspf(answer(*SONGS, artist="Jay Chou")))["playlist"]
    assert playlist["title"] == "Songs like Jay Chou (one song)"
    assert [track["title"] for track in playlist["track"]] == [item.track_name for item in SONGS]
    assert playlist["track"][0] == {
        "location": [f"https://open.spotify.com/track/{1:022d}"],
        "identifier": [f"spotify:track:{1:022d}"],
        "title": "擱淺",
        "creator": "Jay Chou, Someone",
    }


def test_explanations_stand_below_their_song():
    lines = table(answer(song(1, "a", ("b",), explanation="Because."))).splitlines()
    assert lines[-1].strip() == "Because."


def test_an_empty_list_says_so():
    assert "nothing" in table(answer())


def test_an_artist_is_named_instead_of_its_songs():
    assert table(answer(artist="Jay Chou")).startswith("Songs like Jay Chou (one song)\n")


@pytest.mark.parametrize(("text", "width"), [("abc", 3), ("晴天", 4), ("e\u0301", 1), ("ｱ", 1)])
def test_cells(text: str, width: int):
    assert cells(text) == width


@given(st.text(max_size=40), st.integers(1, 20))
def test_text_is_cut_to_its_column(text: str, width: int):
    assert cells(cut(text, width)) <= max(width, 1)
    assert cells(pad(cut(text, width), width)) == width


@given(st.text(max_size=40))
def test_titles_cannot_steer_a_terminal(text: str):
    steering = {"Cc", "Cf", "Cs", "Zl", "Zp"}
    assert not any(unicodedata.category(character) in steering for character in plain(text))


def test_m3u_has_two_lines_a_song():
    lines = m3u(answer(song(1, "a\nb", ("c", "d")))).splitlines()
    assert lines == ["#EXTM3U", "#EXTINF:-1,c, d - a b", f"spotify:track:{1:022d}"]


def test_csv_can_be_read_back():
    rows = list(csv.DictReader(StringIO(to_csv(answer(*SONGS)), newline="")))
    assert [row["track_name"] for row in rows] == [item.track_name for item in SONGS]
    assert rows[0]["artist_names"] == "Jay Chou; Someone"
    assert rows[0]["channels"] == "playlist=0.5; acoustic=0.25"
    assert rows[0]["isrc"] == ""
    assert rows[0]["url"] == f"https://open.spotify.com/track/{1:022d}"


def test_json_is_one_object_in_plain_letters():
    text = to_json(answer(*SONGS).to_dict())
    assert json.loads(text)["results"][0]["track_name"] == "擱淺"
    assert "擱淺" in text
