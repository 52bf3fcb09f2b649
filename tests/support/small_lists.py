"""Small lists of songs, for tests of what is written about a list."""

from typing import Any

from embeat_serve.results import Recommendations, SeedSong, Song


def song(rank: int, name: str, artists: tuple[str, ...], **changed: Any) -> Song:
    fields: dict[str, Any] = {
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


def answer(*songs: Song, **changed: Any) -> Recommendations:
    seeds = (SeedSong("0" * 22, "晴天", ("Jay Chou",)),)
    return Recommendations(**{"release": "r1", "seeds": seeds, "results": songs, **changed})


SONGS = (
    song(1, "擱淺", ("Jay Chou", "Someone")),
    song(2, "Plain, with a comma", ("A",)),
    song(10, "e\u0301te\u0301", ("Ｗｉｄｅ",)),
)
