"""Neighbour lists against the formula, one pair of tracks at a time."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from scipy import sparse

from embeat_pipeline.playlists.config import NeighbourConfig, Track2VecConfig
from embeat_pipeline.playlists.neighbours import (
    NeighbourModel,
    best,
    write_neighbours,
)
from embeat_pipeline.playlists.sources import UNKNOWN, Material, normalised_genres
from embeat_pipeline.playlists.track2vec import train_track2vec
from embeat_pipeline.tables import ARTIST_NEIGHBOURS, SCHEMAS, TRACK_NEIGHBOURS
from embeat_serve.contract import STRENGTH_LEVELS, LakePaths

TRACKS, ARTISTS, PLAYLISTS, GENRES = 30, 9, 25, 4
EQUAL = NeighbourConfig(
    track_weight=1.0,
    vector_weight=0.7,
    artist_weight=0.5,
    same_artist_weight=0.3,
    genre_weight=0.2,
    album_weight=0.4,
    floor=0.5,
    neighbours=8,
)


@pytest.fixture(scope="module")
def material() -> Material:
    random = np.random.default_rng(4)
    playlists = (random.random((PLAYLISTS, TRACKS)) < 0.2).astype(np.float32)
    playlists[0] = 1
    artists = random.integers(0, ARTISTS - 2, TRACKS)  # the last two are in no playlist
    artists[3] = UNKNOWN
    genres = random.random((ARTISTS, GENRES)) * (random.random((ARTISTS, GENRES)) < 0.5)
    genres[-1] = 0
    return Material(
        track_codes=np.arange(10, 10 + TRACKS, dtype=np.uint32),
        playlists=sparse.csr_array(playlists),
        vectors=random.standard_normal((TRACKS, 5)).astype(np.float32),
        artists=artists,
        albums=np.where(random.random(TRACKS) < 0.3, UNKNOWN, random.integers(0, 6, TRACKS)),
        genres=sparse.csr_array(genres.astype(np.float32)),
    )


def artist_score(material: Material, artist: int, track: int) -> float:
    config, other = EQUAL, int(material.artists[track])
    if UNKNOWN in (artist, other):
        return 0.0
    inside = {
        one: {p for t in np.flatnonzero(material.artists == one) for p in holding(material, int(t))}
        for one in (artist, other)
    }
    sizes = material.playlists.sum(axis=1)
    shared = sum(float(sizes[p]) ** -0.5 for p in inside[artist] & inside[other])
    score = 0.0
    if shared:
        score = config.artist_weight * shared / math.sqrt(len(inside[artist]) * len(inside[other]))
    genres = normalised_genres(material, config).toarray()
    score += config.genre_weight * float(genres[artist] @ genres[other])
    score += config.same_artist_weight * (artist == other)
    return score * len(holding(material, track)) ** config.artist_popularity


def holding(material: Material, track: int) -> list[int]:
    return np.flatnonzero(material.playlists[:, [track]].toarray().ravel()).tolist()


def track_score(material: Material, seed: int, track: int) -> float:
    config = EQUAL
    sizes = material.playlists.sum(axis=1)
    both = set(holding(material, seed)) & set(holding(material, track))
    counts = len(holding(material, seed)), len(holding(material, track))
    cosine = sum(float(sizes[p]) ** -0.5 for p in both)
    cosine /= math.sqrt(counts[0] * counts[1]) + config.shrinkage
    score = config.track_weight * cosine * counts[1] ** config.popularity
    vector = material.vectors[seed] / np.linalg.norm(material.vectors[seed])
    score += config.vector_weight * float(vector @ material.vectors[track])
    if material.albums[seed] == material.albums[track] != UNKNOWN:
        score += config.album_weight * counts[1] ** config.artist_popularity
    rest = config.confidence_shift / (counts[0] + config.confidence_shift)
    return score + rest * artist_score(material, int(material.artists[seed]), track)


def expected_list(scores: list[float]) -> tuple[list[int], list[int]]:
    order = sorted(range(len(scores)), key=lambda track: -scores[track])[: EQUAL.neighbours]
    base = EQUAL.floor * max(scores[order[-1]], 0)
    top = scores[order[0]] - base
    listed = [track for track in order if scores[track] > 0]
    weight = min(1.0, scores[order[0]] / EQUAL.full_score) ** EQUAL.score_exponent
    return listed, [
        math.ceil((scores[track] - base) / top * weight * STRENGTH_LEVELS) for track in listed
    ]


def test_scores_of_tracks_are_the_formulas(material: Material) -> None:
    lists = NeighbourModel(material, EQUAL).of_tracks(np.arange(TRACKS))
    for seed in range(TRACKS):
        scores = [0.0 if t == seed else track_score(material, seed, t) for t in range(TRACKS)]
        tracks, strengths = expected_list(scores)
        kept = lists.strengths[seed] > 0
        assert lists.columns[seed][kept].tolist() == tracks
        assert lists.strengths[seed][kept] == pytest.approx(strengths, abs=1)


def test_scores_of_artists_are_the_formulas(material: Material) -> None:
    lists = NeighbourModel(material, EQUAL).of_artists(np.arange(ARTISTS))
    for artist in range(ARTISTS):
        scores = [artist_score(material, artist, track) for track in range(TRACKS)]
        kept = lists.strengths[artist] > 0
        found = lists.columns[artist][kept]
        assert sorted(np.array(scores)[found]) == pytest.approx(
            sorted(sorted(scores)[-EQUAL.neighbours :])[-len(found) :] if len(found) else []
        )
    assert not lists.strengths[ARTISTS - 1].any()  # neither playlists nor genres
    assert lists.strengths[ARTISTS - 2].any()  # genres alone


def test_only_frequent_tracks_are_candidates(material: Material) -> None:
    config = NeighbourConfig(max_candidates=5)
    model = NeighbourModel(material, config)
    assert sorted(model.material.counts[model.columns]) == sorted(material.counts)[-5:]
    lists = model.of_tracks(np.arange(TRACKS))
    assert lists.columns.max() < 5
    everything = NeighbourModel(material, NeighbourConfig()).of_tracks(np.arange(TRACKS))
    assert everything.columns.shape == (TRACKS, TRACKS)


def test_what_speaks_against_is_not_listed() -> None:
    scores = np.array([[0.5, -1.0, 0.0, 0.25]], np.float32)
    lists = best(scores, NeighbourConfig(neighbours=3))
    assert lists.columns[0, :2].tolist() == [0, 3]
    assert lists.strengths[0].tolist() == [STRENGTH_LEVELS, STRENGTH_LEVELS // 2 + 1, 0]
    weak = best(scores / np.float32(4), NeighbourConfig(neighbours=3, score_exponent=0.5))
    assert weak.strengths[0].tolist() == [STRENGTH_LEVELS // 2 + 1, STRENGTH_LEVELS // 4 + 1, 0]


def write_tables(lake: LakePaths, playlists: list[list[int]]) -> None:
    artists = [[code % 3] for code in range(12)]
    rows: dict[str, list[dict[str, Any]]] = {
        "tracks": [
            {
                "track_code": code,
                "artist_codes": artists[code] if code else None,
                "album_code": None,
            }
            for code in range(12)
        ],
        "artists": [{"artist_code": code} for code in range(4)],
        "genre_map": [{"genre_code": 0}],
        "artist_genres": [
            {"artist_code": code, "genre_code": 0, "position": 0, "confidence": 1.0}
            for code in (0, 3)
        ],
        "playlists": [
            {"playlist_code": code, "track_codes": row} for code, row in enumerate(playlists)
        ],
    }
    lake.tables.mkdir(parents=True)
    for name, content in rows.items():
        columns = dict.fromkeys(SCHEMAS[name].names)
        table = pa.Table.from_pylist([columns | row for row in content], SCHEMAS[name])
        pq.write_table(table, lake.table(name))
    train_track2vec(lake, Track2VecConfig(epochs=0))


def test_tables_are_the_schemas_and_made_once(tmp_path: Path) -> None:
    lake = LakePaths(tmp_path)
    write_tables(lake, [[1, 2, 4, 4], [4, 2, 7], [0, 7, 8]])
    made = write_neighbours(lake)
    tracks = pq.read_table(lake.table("track_neighbours"))
    assert tracks.schema.equals(TRACK_NEIGHBOURS)
    assert tracks["track_code"].to_pylist() == [0, 1, 2, 4, 7, 8]
    assert tracks["confidence"].to_pylist() == pytest.approx(
        [c / (c + 30) for c in (1, 1, 2, 2, 2, 1)]
    )
    for code, codes in zip(
        tracks["track_code"].to_pylist(), tracks["neighbour_codes"].to_pylist(), strict=True
    ):
        assert code not in codes
        assert codes
    artists = pq.read_table(lake.table("artist_neighbours"))
    assert artists.schema.equals(ARTIST_NEIGHBOURS)
    assert artists["artist_code"].to_pylist() == [0, 1, 2, 3]
    assert [one["lists"] for one in made.values()] == [6, 4]
    first = lake.table("track_neighbours").read_bytes()
    assert all(one["unchanged"] for one in write_neighbours(lake).values())
    lake.table("track_neighbours").unlink()
    write_neighbours(lake)
    assert lake.table("track_neighbours").read_bytes() == first


@pytest.mark.parametrize("playlists", [[], [[5]]])
def test_hardly_any_playlists(tmp_path: Path, playlists: list[list[int]]) -> None:
    lake = LakePaths(tmp_path)
    write_tables(lake, playlists)
    assert write_neighbours(lake)["track_neighbours"]["lists"] == len(playlists)


def test_no_lists_where_none_are_wanted(tmp_path: Path) -> None:
    lake = LakePaths(tmp_path)
    write_tables(lake, [[1, 2]])
    made = write_neighbours(lake, NeighbourConfig(neighbours=0))
    assert [one["lists"] for one in made.values()] == [0, 0]
    assert pq.read_table(lake.table("track_neighbours")).schema.equals(TRACK_NEIGHBOURS)


def test_settings_out_of_range_are_refused() -> None:
    with pytest.raises(ValueError, match="floor"):
        NeighbourConfig(floor=1.0)
    with pytest.raises(ValueError, match="weights"):
        NeighbourConfig(album_weight=-1)
