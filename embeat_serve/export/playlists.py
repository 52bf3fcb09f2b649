"""Write a list as a playlist file: M3U or JSPF."""

from embeat_serve.export.labels import link, list_heading, plain
from embeat_serve.export.tabular import to_json
from embeat_serve.results import Recommendations


def m3u(answer: Recommendations) -> str:
    """The list as extended M3U (UTF-8) of Spotify URIs. The lengths are unknown: -1."""
    lines = ["#EXTM3U"]
    for song in answer.results:
        lines.append(f"#EXTINF:-1,{plain(', '.join(song.artist_names))} - {plain(song.track_name)}")
        lines.append(f"spotify:track:{song.track_id}")
    return "\n".join(lines) + "\n"


def jspf(answer: Recommendations) -> str:
    """The list as JSPF, the JSON of XSPF (https://www.xspf.org/jspf)."""
    tracks = [
        {
            "location": [link(song)],
            "identifier": [f"spotify:track:{song.track_id}"],
            "title": plain(song.track_name),
            "creator": plain(", ".join(song.artist_names)),
            **({"album": plain(song.album_name)} if song.album_name else {}),
            **({"annotation": plain(song.explanation)} if song.explanation else {}),
        }
        for song in answer.results
    ]
    return to_json({"playlist": {"title": list_heading(answer), "track": tracks}})
