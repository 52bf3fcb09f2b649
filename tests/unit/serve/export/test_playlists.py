import json

from embeat_serve.export.playlists import jspf, m3u
from tests.support.small_lists import SONGS, answer, song


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


def test_m3u_has_two_lines_a_song():
    lines = m3u(answer(song(1, "a\nb", ("c", "d")))).splitlines()
    assert lines == ["#EXTM3U", "#EXTINF:-1,c, d - a b", f"spotify:track:{1:022d}"]
