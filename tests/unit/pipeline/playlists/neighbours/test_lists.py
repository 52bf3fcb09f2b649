"""Neighbour lists against the formula, one pair of tracks at a time."""

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from scipy import sparse

from embeat_pipeline.common.schemas import ARTIST_NEIGHBOURS, SCHEMAS, TRACK_NEIGHBOURS
from embeat_pipeline.playlists.config import NeighbourConfig, SourceWeights, Track2VecConfig
from embeat_pipeline.playlists.neighbours.ease import RegressionSource
from embeat_pipeline.playlists.neighbours.item_knn import (
    UNKNOWN,
    Candidates,
    NeighbourInputs,
    ScoreAccumulator,
    normalised_genres,
)
from embeat_pipeline.playlists.neighbours.lists import Lists, NeighbourModel, top, write_neighbours
from embeat_pipeline.playlists.neighbours.shared_counts import SharedPlaylists
from embeat_pipeline.playlists.track2vec.fit import train_track2vec
from embeat_serve.contract.lake import LakePaths
from embeat_serve.contract.schema import STRENGTH_LEVELS

TRACKS, ARTISTS, PLAYLISTS, GENRES = 30, 9, 25, 4
SINGLE = SourceWeights(
    track_weight=1.0,
    popularity=0.2,
    vector_weight=0.7,
    artist_weight=0.5,
    same_artist_weight=0.3,
    sound_weight=0.6,
    genre_weight=0.2,
    album_weight=0.4,
)
SEVERAL = SourceWeights(
    track_weight=0.5,
    regression_weight=3.0,
    artist_weight=0.9,
    sound_weight=0.2,
    genre_weight=0.1,
    album_weight=0.2,
    full_score=0.3,
)
EQUAL = NeighbourConfig(
    single=SINGLE, several=SEVERAL, ridge=2.0, floor=0.5, neighbours=8, sound_artists=3
)


@pytest.fixture(scope="module")
def material() -> NeighbourInputs:
    random = np.random.default_rng(4)
    playlists = (random.random((PLAYLISTS, TRACKS)) < 0.2).astype(np.float32)
    playlists[0] = 1
    artists = random.integers(0, ARTISTS - 2, TRACKS)  # the last two are in no playlist
    artists[3] = UNKNOWN
    genres = random.random((ARTISTS, GENRES)) * (random.random((ARTISTS, GENRES)) < 0.5)
    genres[-1] = 0
    sounds = random.standard_normal((ARTISTS, 6)).astype(np.float32)
    sounds[[1, -1]] = 0
    sounds /= np.maximum(np.linalg.norm(sounds, axis=1, keepdims=True), 1e-9)
    return NeighbourInputs(
        track_codes=np.arange(10, 10 + TRACKS, dtype=np.uint32),
        playlists=sparse.csr_array(playlists),
        vectors=random.standard_normal((TRACKS, 5)).astype(np.float32),
        artists=artists,
        albums=np.where(random.random(TRACKS) < 0.3, UNKNOWN, random.integers(0, 6, TRACKS)),
        genres=sparse.csr_array(genres.astype(np.float32)),
        sounds=sounds,
    )


def inside(material: NeighbourInputs, artist: int) -> set[int]:
    """Playlists that hold an artist."""
    tracks = np.flatnonzero(material.artists == artist)
    return {playlist for track in tracks for playlist in holding(material, int(track))}


def together(material: NeighbourInputs, one: int, other: int) -> float:
    mine, theirs = inside(material, one), inside(material, other)
    sizes = material.playlists.sum(axis=1)
    shared = sum(float(sizes[p]) ** -0.5 for p in mine & theirs)
    return shared / math.sqrt(len(mine) * len(theirs)) if shared else 0.0


def sounding(material: NeighbourInputs, artist: int, other: int) -> float:
    """What the artists in playlists nearest by sound say, the less the more playlists hold it."""
    own = material.sounds[artist]
    cosines = {
        one: float(own @ material.sounds[one])
        for one in set(material.artists.tolist()) - {UNKNOWN, artist}
        if material.sounds[one].any()
    }
    if not own.any():
        return 0.0
    nearest = sorted(cosines, key=lambda one: -cosines[one])[: EQUAL.sound_artists]
    weights = [math.exp(cosines[one] / EQUAL.sound_temperature) for one in nearest]
    said = [together(material, one, other) for one in nearest]
    doubt = EQUAL.confidence_shift / (len(inside(material, artist)) + EQUAL.confidence_shift)
    return doubt * float(np.dot(weights, said)) / sum(weights)


def artist_score(
    material: NeighbourInputs, blend: SourceWeights, artist: int, track: int, by_sound: bool = False
) -> float:
    config, other = EQUAL, int(material.artists[track])
    if UNKNOWN in (artist, other):
        return 0.0
    score = blend.artist_weight * together(material, artist, other)
    if by_sound:
        score += blend.sound_weight * sounding(material, artist, other)
    genres = normalised_genres(material, config).toarray()
    score += blend.genre_weight * float(genres[artist] @ genres[other])
    score += blend.same_artist_weight * (artist == other)
    return score * len(holding(material, track)) ** config.artist_popularity


def holding(material: NeighbourInputs, track: int) -> list[int]:
    return np.flatnonzero(material.playlists[:, [track]].toarray().ravel()).tolist()


def track_score(material: NeighbourInputs, blend: SourceWeights, seed: int, track: int) -> float:
    config = EQUAL
    sizes = material.playlists.sum(axis=1)
    both = set(holding(material, seed)) & set(holding(material, track))
    counts = len(holding(material, seed)), len(holding(material, track))
    cosine = sum(float(sizes[p]) ** -0.5 for p in both)
    cosine /= math.sqrt(counts[0] * counts[1]) + config.shrinkage
    score = blend.track_weight * cosine * counts[1] ** blend.popularity
    vector = material.vectors[seed] / np.linalg.norm(material.vectors[seed])
    score += blend.vector_weight * float(vector @ material.vectors[track])
    if material.albums[seed] == material.albums[track] != UNKNOWN:
        score += blend.album_weight * counts[1] ** config.artist_popularity
    score += blend.regression_weight * float(regression(material)[seed, track])
    rest = config.confidence_shift / (counts[0] + config.confidence_shift)
    return score + rest * artist_score(material, blend, int(material.artists[seed]), track)


def regression(material: NeighbourInputs) -> np.ndarray:
    """EASE as it is defined: the inverse Gram matrix over its diagonal."""
    playlists = material.playlists.toarray().astype(float)
    inverse = np.linalg.inv(playlists.T @ playlists + EQUAL.ridge * np.eye(TRACKS))
    return inverse / -np.diag(inverse)


def expected_list(scores: list[float], blend: SourceWeights) -> dict[int, int]:
    order = sorted(range(len(scores)), key=lambda track: -scores[track])[: EQUAL.neighbours]
    base = EQUAL.floor * max(scores[order[-1]], 0)
    top = scores[order[0]] - base
    weight = min(1.0, scores[order[0]] / blend.full_score) ** EQUAL.score_exponent
    return {
        track: math.ceil((scores[track] - base) / top * weight * STRENGTH_LEVELS)
        for track in order
        if scores[track] > 0
    }


def listed(lists: Lists, row: int, kind: str) -> dict[int, int]:
    """Column -> strength of a kind, in the order of the list."""
    strengths = getattr(lists, kind)[row]
    return dict(
        zip(
            lists.columns[row][strengths > 0].tolist(),
            strengths[strengths > 0].tolist(),
            strict=True,
        )
    )


def test_scores_of_tracks_are_the_formulas(material: NeighbourInputs) -> None:
    lists = NeighbourModel(material, EQUAL).of_tracks(np.arange(TRACKS))
    for seed in range(TRACKS):
        for kind, blend in (("strengths", SINGLE), ("several", SEVERAL)):
            scores = [
                0.0 if t == seed else track_score(material, blend, seed, t) for t in range(TRACKS)
            ]
            found, expected = listed(lists, seed, kind), expected_list(scores, blend)
            assert found == pytest.approx(expected, abs=1)
            assert kind == "several" or list(found) == list(expected)


def test_a_neighbour_is_listed_once(material: NeighbourInputs) -> None:
    lists = NeighbourModel(material, EQUAL).of_tracks(np.arange(TRACKS))
    kept = (lists.strengths > 0) | (lists.several > 0)
    for columns, mask in zip(lists.columns, kept, strict=True):
        assert len(set(columns[mask].tolist())) == mask.sum()


def test_regression_over_tracks_is_that_over_playlists(material: NeighbourInputs) -> None:
    columns = np.arange(5, TRACKS)
    candidates = Candidates(columns, sparse.csr_array(material.playlists[:, columns]))
    few = RegressionSource(material, candidates, EQUAL)
    among = replace(material, playlists=candidates.playlists)
    words = np.array([0, 7, 6, 29])
    for regressed, shape in ((PLAYLISTS, TRACKS), (PLAYLISTS - 1, PLAYLISTS - 1)):
        config = replace(EQUAL, max_regressed=regressed)
        blend = SourceWeights(regression_weight=2.0)
        sink = ScoreAccumulator(blend, np.zeros((len(words), len(columns)), np.float32))
        RegressionSource(material, candidates, config).add_to([sink], words)
        assert np.isfinite(sink.scores).all()
        assert (sink.scores != 0).any(axis=0).sum() <= min(shape, len(columns))
    assert few._inverse.shape == (PLAYLISTS, PLAYLISTS)
    # Among the tracks in the regression, it is the one that leaves the others out.
    counts = among.playlists.sum(axis=0)
    head = np.sort(np.argsort(-counts, kind="stable")[: PLAYLISTS - 1])
    matrix = among.playlists.toarray()[:, head].astype(float)
    inverse = np.linalg.inv(matrix.T @ matrix + EQUAL.ridge * np.eye(len(head)))
    expected = 2 * inverse / -np.diag(inverse)
    for row, word in enumerate(words):
        place = np.flatnonzero(columns[head] == word)
        if not len(place):
            assert not sink.scores[row].any()
            continue
        told = np.delete(sink.scores[row, head], place)
        assert told == pytest.approx(np.delete(expected[place[0]], place), abs=1e-4)


def test_scores_of_artists_are_the_formulas(material: NeighbourInputs) -> None:
    lists = NeighbourModel(material, EQUAL).of_artists(np.arange(ARTISTS))
    for artist in range(ARTISTS):
        for kind, blend in (("strengths", SINGLE), ("several", SEVERAL)):
            scores = [artist_score(material, blend, artist, track, True) for track in range(TRACKS)]
            found = listed(lists, artist, kind)
            assert sorted(np.array(scores)[list(found)]) == pytest.approx(
                sorted(sorted(scores)[-EQUAL.neighbours :])[-len(found) :] if found else []
            )
    assert not lists.strengths[ARTISTS - 1].any()  # neither playlists nor genres nor a sound
    assert lists.strengths[ARTISTS - 2].any()  # no playlists


def test_sound_alone_makes_a_list(material: NeighbourInputs) -> None:
    silent = replace(material, genres=sparse.csr_array(material.genres.shape, dtype=np.float32))
    model = NeighbourModel(silent, EQUAL)
    everyone = np.arange(ARTISTS)
    assert model.artists.has_evidence(everyone).tolist() == [True] * (ARTISTS - 1) + [False]
    assert model.of_artists(everyone).strengths[ARTISTS - 2].any()
    deaf = NeighbourModel(replace(silent, sounds=np.zeros_like(silent.sounds)), EQUAL)
    assert not deaf.artists.has_evidence(everyone[ARTISTS - 2 :]).any()
    assert not deaf.of_artists(everyone[ARTISTS - 2 :]).strengths.any()


def test_shared_playlists_are_counted(material: NeighbourInputs) -> None:
    model = NeighbourModel(material, replace(EQUAL, max_candidates=20))
    shared = SharedPlaylists(material, model.candidates, model.artists)
    lists = model.of_tracks(np.arange(TRACKS))
    of_tracks = shared.of_tracks(np.arange(TRACKS), lists.columns)
    for track, columns, counts in zip(range(TRACKS), lists.columns, of_tracks, strict=True):
        others = [set(holding(material, word)) for word in model.columns[columns]]
        assert counts.tolist() == [len(other & set(holding(material, track))) for other in others]
    artists = np.arange(ARTISTS)
    lists = model.of_artists(artists)
    of_artists = shared.of_artists(artists, lists.columns)
    assert of_artists.any()
    for artist, columns, counts in zip(artists, lists.columns, of_artists, strict=True):
        theirs = np.flatnonzero(material.artists == artist)
        played = {one for word in theirs for one in holding(material, int(word))}
        words = model.columns[columns].tolist()
        expected = [
            0 if word in theirs else len(played & set(holding(material, word))) for word in words
        ]
        assert counts.tolist() == expected


def test_only_frequent_tracks_are_candidates(material: NeighbourInputs) -> None:
    config = NeighbourConfig(max_candidates=5)
    model = NeighbourModel(material, config)
    assert sorted(model.material.counts[model.columns]) == sorted(material.counts)[-5:]
    lists = model.of_tracks(np.arange(TRACKS))
    assert lists.columns.max() < 5
    everything = NeighbourModel(material, NeighbourConfig()).of_tracks(np.arange(TRACKS))
    assert everything.columns.shape == (TRACKS, 2 * TRACKS)


def test_what_speaks_against_is_not_listed() -> None:
    scores = np.array([[0.5, -1.0, 0.0, 0.25]], np.float32)
    columns, strengths = top(
        ScoreAccumulator(SourceWeights(), scores), NeighbourConfig(neighbours=3)
    )
    assert columns[0, :2].tolist() == [0, 3]
    assert strengths[0].tolist() == [STRENGTH_LEVELS, STRENGTH_LEVELS // 2 + 1, 0]
    config = NeighbourConfig(neighbours=3, score_exponent=0.5)
    _, weak = top(ScoreAccumulator(SourceWeights(), scores / np.float32(4)), config)
    assert weak[0].tolist() == [STRENGTH_LEVELS // 2 + 1, STRENGTH_LEVELS // 4 + 1, 0]


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
        # Artist 3, of whom there is no track, has a genre; artist 2 has no track with a sound.
        "track_vectors": [
            {"track_code": code, "acoustic": [0.125] * 64 if code % 3 < 2 else None}
            for code in range(12)
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
    assert (
        dict(
            zip(
                tracks["neighbour_codes"][2].as_py(),
                tracks["shared_playlists"][2].as_py(),
                strict=True,
            )
        )[4]
        == 2
    )
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
        SourceWeights(album_weight=-1)
    with pytest.raises(ValueError, match="ridge"):
        NeighbourConfig(ridge=0)
    with pytest.raises(ValueError, match="sound_temperature"):
        NeighbourConfig(sound_temperature=0)
    with pytest.raises(ValueError, match="sound_artists"):
        NeighbourConfig(sound_artists=-1)
