"""Tracks whose playlists speak for another genre than their artist's."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from embeat_pipeline.common.schemas import SCHEMAS
from embeat_pipeline.genres.assign import assign_genres
from embeat_pipeline.genres.config import TrackGenreOptions
from embeat_pipeline.genres.track_genres import find_track_genres
from embeat_serve.contract.lake import LakePaths

METAL, BALLAD, NEXT_TO_METAL = 0, 1, 2
GENRES = [(1.0, 0.1, 0.1), (1.0, 0.9, 0.9), (1.0, 0.1, 0.101)]
STRAY = 40
"""Second track of artist 0, who lists metal; artists 0 to 19 do, 20 to 39 list ballads."""


@pytest.fixture
def lake(
    make_lake: Callable[..., LakePaths], write: Callable[..., None], tmp_path: Path
) -> LakePaths:
    listed = [[METAL]] * 20 + [[BALLAD]] * 20
    lake = make_lake(tmp_path, GENRES, listed)
    tracks = [{"track_code": i, "artist_codes": [i]} for i in range(40)]
    write(lake, "tracks", [*tracks, {"track_code": STRAY, "artist_codes": [0]}])
    metal = [[(i + j) % 20 for j in range(0, 20, 2)] for i in range(8)]
    ballads = [[20 + (i + j) % 20 for j in range(0, 20, 2)] + [STRAY] for i in range(8)]
    playlists = enumerate([*metal, *ballads])
    write(lake, "playlists", [{"playlist_code": i, "track_codes": codes} for i, codes in playlists])
    assign_genres(lake)
    return lake


def test_the_ballad_of_a_metal_artist_is_found_and_nothing_else(lake: LakePaths) -> None:
    metadata = find_track_genres(lake, TrackGenreOptions(min_confidence=0))
    table = pq.read_table(lake.table("track_genres"))
    assert table.schema.equals(SCHEMAS["track_genres"])
    (row,) = table.to_pylist()
    assert (row["track_code"], row["genre_code"]) == (STRAY, BALLAD)
    assert (row["artist_genre_code"], row["playlists"]) == (METAL, 8)
    assert row["own_share"] == 0
    assert 0 < row["confidence"] <= 1
    assert metadata["rows"] == 1
    assert metadata["heard"] == 41
    assert metadata["agreement"] == pytest.approx(40 / 41)


def test_a_genre_next_to_the_artists_own_is_no_news(
    lake: LakePaths, write: Callable[..., None]
) -> None:
    listed = [[METAL]] * 20 + [[NEXT_TO_METAL]] * 20
    rows = [{"artist_code": i, "genre_codes": codes} for i, codes in enumerate(listed)]
    write(lake, "artists", rows)
    assign_genres(lake)
    assert find_track_genres(lake, TrackGenreOptions(min_confidence=0))["rows"] == 0


@pytest.mark.parametrize(
    "options",
    [TrackGenreOptions(min_track_playlists=9), TrackGenreOptions(min_confidence=1)],
)
def test_too_little_evidence_says_nothing(lake: LakePaths, options: TrackGenreOptions) -> None:
    assert find_track_genres(lake, options)["rows"] == 0


def test_same_bytes_and_no_work_twice(lake: LakePaths) -> None:
    find_track_genres(lake)
    output = lake.table("track_genres")
    first = output.read_bytes()
    assert find_track_genres(lake)["unchanged"]
    output.unlink()
    find_track_genres(lake)
    assert output.read_bytes() == first


def test_no_playlists_no_rows(make_lake: Callable[..., LakePaths], tmp_path: Path) -> None:
    lake = make_lake(tmp_path, GENRES, [[0], [1], []])
    assign_genres(lake)
    metadata = find_track_genres(lake)
    assert (metadata["rows"], metadata["heard"], metadata["agreement"]) == (0, 0, None)


@pytest.mark.parametrize(("setting", "value"), [("track_lead", 0.5), ("min_confidence", 2)])
def test_settings_out_of_range_are_refused(setting: str, value: Any) -> None:
    with pytest.raises(ValueError, match=setting):
        TrackGenreOptions(**{setting: value})
