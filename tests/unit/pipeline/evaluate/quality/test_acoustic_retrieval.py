import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from embeat_pipeline.common import schemas as tables
from embeat_pipeline.evaluate.quality import acoustic_retrieval as sound
from embeat_pipeline.evaluate.quality.acoustic_retrieval import (
    RAW,
    evaluate_acoustic_spaces,
    nearest,
)
from embeat_pipeline.interactions.playlists import Playlists, membership
from embeat_serve.contract.lake import LakePaths

TRACKS, ARTISTS = 600, 60


@pytest.fixture(scope="module")
def lake(tmp_path_factory):
    """Ten tracks an artist, five an album; track 1 is a re-release of track 0."""
    codes = np.arange(TRACKS)
    columns = {
        "track_code": codes,
        "artist_codes": [[code // 10] for code in codes],
        "album_code": codes // 5,
        "recording_code": np.where(codes == 1, 0, codes),
    }
    schema = pa.schema([tables.TRACKS.field(name) for name in columns])
    lake = LakePaths(tmp_path_factory.mktemp("sound"))
    lake.tables.mkdir()
    pq.write_table(pa.table(columns, schema=schema), lake.table("tracks"))
    return lake


def test_a_space_of_artists_beats_noise(lake):
    random = np.random.default_rng(0)
    noise = random.normal(size=(TRACKS, 8)).astype(np.float32)
    knows = noise.copy()
    knows += 6 * random.normal(size=(ARTISTS, 8)).astype(np.float32)[np.arange(TRACKS) // 10]
    lists = random.integers(0, TRACKS, (30, 12))
    playlists = Playlists(
        np.arange(30, dtype=np.uint64), membership(np.arange(31) * 12, lists.ravel(), TRACKS)
    )
    unseen = np.arange(TRACKS) >= 300
    found = evaluate_acoustic_spaces(lake, playlists, {RAW: noise, "knows": knows}, unseen)
    assert found["queries"] == 300
    assert found["artists"] == 30
    assert found["differences"]["knows"]["artist"]["low"] > 0.2
    assert found["differences"]["knows"]["album"]["low"] > 0.1
    assert abs(found["differences"]["knows"]["playlist"]["mean"]) < 0.1
    assert found["table"]["knows"]["artist"]["mrr"]["count"] == 30
    assert found["asked"]["artist"] == 300
    assert found["table"]["knows"]["artist"]["hit@10"]["mean"] > 0.9
    mean = {space: cell["artist"]["mrr"]["mean"] for space, cell in found["table"].items()}
    ratio = found["ratios"]["knows"]["artist"]["mrr"]
    assert ratio["mean"] == pytest.approx(mean["knows"] / mean[RAW])
    assert ratio["low"] > 1


def test_every_relation_has_its_own_queries(lake, monkeypatch):
    monkeypatch.setattr(sound, "MAX_QUERIES", 40)
    random = np.random.default_rng(1)
    noise = random.normal(size=(TRACKS, 8)).astype(np.float32)
    # Only the last hundred tracks are in a playlist, most others are drawn before them.
    playlists = Playlists(
        np.arange(5, dtype=np.uint64), membership(np.arange(6) * 20, np.arange(500, 600), TRACKS)
    )
    found = evaluate_acoustic_spaces(lake, playlists, {RAW: noise}, np.arange(TRACKS) >= 300)
    assert found["asked"] == {"album": 40, "artist": 40, "playlist": 40}
    assert 40 < found["queries"] <= 80


def test_the_same_recording_is_no_answer():
    vectors = np.eye(6, dtype=np.float32)[[0, 0, 1, 2, 3, 4]] + 0.1
    vectors[5] = 0
    recording = np.array([7, 7, 1, 2, 3, 4])
    ranked = nearest(vectors, np.array([0, 2]), recording)
    assert set(ranked[0][ranked[0] >= 0].tolist()) == {2, 3, 4}, (
        "neither itself, copies nor silence"
    )
    assert set(ranked[1][ranked[1] >= 0].tolist()) == {0, 1, 3, 4}
