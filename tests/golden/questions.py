"""Two hundred questions of every kind about the sample lake, the same ones every time."""

from typing import Any

import numpy as np
import polars as pl

from embeat_serve.contract.lake import LakePaths
from embeat_serve.filters.request import Filters
from embeat_serve.options import PRESETS, RecallOptions

NUMBER = 200
FEATURES = ("danceability", "energy", "valence", "tempo", "key", "mode")
OPTIONS = (
    RecallOptions(),
    RecallOptions(adventure=0.6),
    RecallOptions(adventure=-0.5, hits=-0.7),
    RecallOptions(hits=0.8),
    RecallOptions(order="harmonic"),
    RecallOptions(diversify=False),
    RecallOptions(channels=("acoustic", "playlist")),
    RecallOptions(channels=("genre_popular",)),
    RecallOptions(channels=("same_artist", "related_artist")),
    RecallOptions(min_popularity=30, album_max_share=0.05),
    RecallOptions(dislike_weight=3.0, distinct_first=1),
    PRESETS["upstream"],
)
LENGTHS = (5, 10, 20, 20, 40, 1)


def _misspelt(text: str, place: int) -> str:
    at = 1 + place % max(len(text) - 1, 1)
    return text[:at] + text[at + 1 :] if place % 2 else f"{text[:at]}x{text[at + 1 :]}"


def _seed(kind: int, number: int, tracks: list[dict[str, Any]]) -> dict[str, Any]:
    track = tracks[0]
    title, artist = track["track_name"], track["artist_names"][0]
    ids = [one["track_id"] for one in tracks]
    match kind:
        case 0:
            return {"text": f"{title} - {artist}"}
        case 1:
            return {"text": f"{artist} - {title}"}
        case 2:
            return {"text": title}
        case 3:
            return {"text": _misspelt(title, number)}
        case 4:
            return {"text": f"{_misspelt(artist, number)} {title}"}
        case 5:
            return {"artist": artist}
        case 6:
            return {"artist": _misspelt(artist, number)}
        case 7:
            return {"track_ids": ids[:1]}
        case 8:
            return {"track_ids": ids[:5]}
        case 9:
            return {"track_ids": [*ids[:25], "nosuchtracknosuchtrack"]}
        case 10:
            return {"isrc": track["isrc"] or "TWK970300503"}
        case 11:
            lines = [f"{one['artist_names'][0]} - {one['track_name']}" for one in tracks[:7]]
            return {"playlist": [*lines, "Nobody - Never heard of it", ids[8]]}
        case 12:
            known = {name: track[name] for name in FEATURES if track[name] is not None}
            return {"features": {"energy": 0.5, "valence": 0.4, **known, "track_name": title}}
        case _:
            return {
                "text": "; ".join(f"{t['track_name']} - {t['artist_names'][0]}" for t in tracks[:3])
            }


def _filters(kind: int, track: dict[str, Any], genres: list[str]) -> Filters | None:
    year = track["release_year"] or 2000
    match kind:
        case 0:
            return Filters(year_min=year - 5, year_max=year + 5)
        case 1:
            return Filters(genres=tuple(genres[:2]), explicit=False)
        case 2:
            return Filters(without_genres=(genres[0],), energy_min=0.4)
        case 3:
            return Filters(instrumental=True, tempo_min=90, tempo_max=130)
        case 4:
            return Filters(same_language=True, without_artists=(track["artist_names"][0],))
        case 5:
            return Filters(popularity_max=20, energy_max=0.2, year_max=1960)
        case _:
            return None


def questions(lake: LakePaths) -> list[dict[str, Any]]:
    """Arguments of ``Recommender.recommend``, ``NUMBER`` of them."""
    rows = (
        pl.scan_parquet(lake.table("tracks"))
        .filter(pl.col("track_name").is_not_null() & (pl.col("artist_names").list.len() > 0))
        .sort("track_code")
        .collect()
    )
    genres = pl.read_parquet(lake.table("genre_map")).sort("genre_code")["genre"].to_list()
    random = np.random.default_rng(18)
    asked = []
    for number in range(NUMBER):
        drawn = rows[random.integers(0, len(rows), 30).tolist()].to_dicts()
        at = int(random.integers(0, len(genres)))
        question = _seed(number % 14, number, drawn)
        question["k"] = LENGTHS[number % len(LENGTHS)]
        question["options"] = OPTIONS[number // 3 % len(OPTIONS)]
        question["explain"] = number % 2 == 0
        if (filters := _filters(number // 2 % 13, drawn[0], genres[at:] + genres)) is not None:
            question["filters"] = filters
        if number % 5 == 2:
            question["dislikes"] = [one["track_id"] for one in drawn[26 : 27 + number % 3]]
        asked.append(question)
    return asked
