"""The tables of neighbour lists: their schemas, and that they are written once."""

import math
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from embeat_pipeline.common.schemas import ARTIST_NEIGHBOURS, SCHEMAS, TRACK_NEIGHBOURS
from embeat_pipeline.playlists.config import NeighbourConfig, Track2VecConfig
from embeat_pipeline.playlists.neighbours.lists import write_neighbours
from embeat_pipeline.playlists.track2vec.playlist_vectors import train_track2vec
from embeat_serve.contract.lake import LakePaths
from embeat_serve.contract.schema import GENRE_VECTOR_SIZE


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
        "genre_vectors": [{"genre_code": 0, "vector": [0.5] * GENRE_VECTOR_SIZE}],
        "related_artists": [{"artist_code": 0, "related_artist_code": 1, "rank": 0}],
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
    held = {0: 1, 1: 1, 2: 2, 4: 2, 7: 2, 8: 1}
    for row in (*tracks.to_pylist(), *artists.to_pylist()):
        levels = [round(12 * math.log2(1 + held[code])) for code in row["neighbour_codes"]]
        assert row["count_levels"] == levels
        assert len(row["als_strengths"]) == len(levels)
    # Every candidate is on these lists, so the best by ALS is, too.
    assert {max(row["als_strengths"]) for row in tracks.to_pylist()} == {255}
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


def test_beyond_the_limit_a_track_has_the_list_of_its_artist(tmp_path: Path) -> None:
    lake = LakePaths(tmp_path)
    write_tables(lake, [[1, 2, 4], [4, 2, 7], [4, 8, 7]])
    write_neighbours(lake, NeighbourConfig(max_tracks=3))
    tracks = pq.read_table(lake.table("track_neighbours"))
    assert tracks["track_code"].to_pylist() == [2, 4, 7]
    artists = pq.read_table(lake.table("artist_neighbours"))
    named = {code for row in artists["neighbour_codes"].to_pylist() for code in row}
    assert named <= {2, 4, 7}
    # Track 8, which has no list of its own, is by artist 2.
    assert artists["neighbour_codes"].to_pylist()[artists["artist_code"].to_pylist().index(2)]


def test_blocks_side_by_side_make_the_same_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[bytes] = []
    for threads in (1, 4):
        lake = LakePaths(tmp_path / str(threads))
        write_tables(lake, [[1, 2, 4], [4, 2, 7], [0, 7, 8], [3, 5, 6, 9], [9, 10, 11]])
        monkeypatch.setattr("embeat_pipeline.playlists.neighbours.lists.BLOCKS_AT_ONCE", threads)
        # One list a block.
        monkeypatch.setattr("embeat_pipeline.playlists.neighbours.model.BLOCK_SCORES", 1)
        write_neighbours(lake)
        tables = ("track_neighbours", "artist_neighbours")
        made.append(b"".join(lake.table(name).read_bytes() for name in tables))
    assert made[0] == made[1]
