"""The SQL score against plain Python, and what happens around it."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from embeat_pipeline.genres.assign import assign_genres
from embeat_pipeline.genres.config import GenreOptions
from embeat_pipeline.tables import SCHEMAS
from embeat_serve.contract import LakePaths

Genre = tuple[float, float | None, float | None]
MakeLake = Callable[..., LakePaths]


def write(lake: LakePaths, name: str, rows: list[dict[str, Any]]) -> None:
    lake.tables.mkdir(parents=True, exist_ok=True)
    full = [{**dict.fromkeys(SCHEMAS[name].names), **row} for row in rows]
    pq.write_table(pa.Table.from_pylist(full, SCHEMAS[name]), lake.table(name))


def make_lake(
    root: Path,
    genres: Sequence[Genre],
    listed: Sequence[Sequence[int]],
    related: Sequence[tuple[int, int, int]] = (),
) -> LakePaths:
    lake = LakePaths(root)
    places = enumerate(genres)
    write(
        lake,
        "genre_map",
        [
            {"genre_code": i, "genre": f"g{i}", "weight": w, "x": x, "y": y}
            for i, (w, x, y) in places
        ],
    )
    write(
        lake,
        "artists",
        [
            {"artist_code": i, "artist_name": f"a{i}", "genre_codes": list(codes), "num_tracks": 1}
            for i, codes in enumerate(listed)
        ],
    )
    edges = [{"artist_code": a, "related_artist_code": b, "rank": r} for a, b, r in related]
    write(lake, "related_artists", edges)
    write(lake, "tracks", [{"track_code": i, "artist_codes": [i]} for i in range(len(listed))])
    return lake


def reference(genres: Sequence[Genre], listed: Sequence[int], options: GenreOptions) -> list[tuple]:
    """(genre, score) in order, one artist, as the formula says it."""
    remaining = sorted(set(listed))
    ranked = []
    while remaining and len(ranked) < options.max_genres:
        placed = [code for code in remaining if genres[code][1] is not None]
        total = sum(genres[code][0] for code in placed)
        x, y = (
            sum(genres[code][0] * (genres[code][axis] or 0.0) for code in placed) / total
            if placed
            else 0.0
            for axis in (1, 2)
        )
        scores = {}
        for code in remaining:
            weight, gx, gy = genres[code]
            if gx is None or gy is None:
                scores[code] = 0.0
                continue
            distance = ((gx - x) ** 2 + (gy - y) ** 2) ** 0.5
            scores[code] = weight / (1 + (distance / options.scale) ** options.exponent)
        best = max(remaining, key=lambda code: (scores[code], genres[code][0], -code))
        ranked.append((best, scores[best]))
        remaining.remove(best)
    return ranked


# Weights and places on a grid: float32 holds them exactly, so ties are ties on both sides.
grid = st.integers(0, 64).map(lambda step: step / 64)
placed = st.tuples(st.integers(64, 104).map(lambda step: step / 64), grid, grid)
unplaced = st.just((1.0, None, None))


@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_scores_and_order_are_the_formulas(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    genres = data.draw(st.lists(st.one_of(placed, unplaced), min_size=1, max_size=12))
    one = st.lists(st.integers(0, len(genres) - 1), max_size=8)
    listed = data.draw(st.lists(one, min_size=1, max_size=6))
    options = GenreOptions(max_genres=5)
    lake = make_lake(tmp_path_factory.mktemp("genres"), genres, listed)
    assign_genres(lake, options)
    rows = pq.read_table(lake.table("artist_genres")).to_pylist()
    for artist, codes in enumerate(listed):
        expected = reference(genres, codes, options)
        found = [row for row in rows if row["artist_code"] == artist]
        assert [row["position"] for row in found] == list(range(len(expected)))
        scores = [row["score"] for row in found]
        assert scores == pytest.approx([score for _, score in expected], rel=1e-4, abs=1e-6)
        # Two genres mirrored around the centroid tie in theory and differ by rounding.
        close = any(
            abs(one - other) < 1e-6
            for i, (_, one) in enumerate(expected)
            for _, other in expected[:i]
        )
        if not close:
            assert [row["genre_code"] for row in found] == [code for code, _ in expected]


def test_written_as_the_schema_says(tables_lake: LakePaths) -> None:
    table = pq.read_table(tables_lake.table("artist_genres"))
    assert table.schema.equals(SCHEMAS["artist_genres"])
    assert table.num_rows > 0


GENRES: list[Genre] = [(1.0, 0.1, 0.1), (1.0, 0.11, 0.1), (1.0, 0.9, 0.9), (1.0, None, None)]


def rows_of(lake: LakePaths, artist: int) -> list[dict[str, Any]]:
    rows = pq.read_table(lake.table("artist_genres")).to_pylist()
    return [row for row in rows if row["artist_code"] == artist]


def test_an_outlying_genre_comes_last_but_before_one_without_a_place(tmp_path: Path) -> None:
    lake = make_lake(tmp_path, GENRES, [[2, 3, 0, 1]])
    assign_genres(lake)
    assert [row["genre_code"] for row in rows_of(lake, 0)][2:] == [2, 3]


def test_an_artist_without_genres_takes_its_related_artists(tmp_path: Path) -> None:
    lake = make_lake(
        tmp_path, GENRES, [[0], [0], [2], []], related=[(3, 0, 0), (1, 3, 0), (3, 2, 4)]
    )
    metadata = assign_genres(lake)
    rows = rows_of(lake, 3)
    assert [row["genre_code"] for row in rows] == [0]
    assert rows[0]["source"] == "related"
    assert rows[0]["confidence"] == pytest.approx(2 / 2.2)
    assert metadata["artists_predicted"] == 1


def test_a_divided_vote_leaves_the_genre_unknown(tmp_path: Path) -> None:
    genres: list[Genre] = [(1.0, i / 10, 0.5) for i in range(8)]
    listed = [[i] for i in range(8)] + [[]]
    lake = make_lake(tmp_path, genres, listed, related=[(8, i, 0) for i in range(8)])
    metadata = assign_genres(lake)
    assert rows_of(lake, 8) == []
    assert metadata["artists_unknown"] == 1


def test_nobody_lists_anything(tmp_path: Path) -> None:
    lake = make_lake(tmp_path, GENRES, [[], []])
    metadata = assign_genres(lake)
    assert (metadata["rows"], metadata["artists_unknown"]) == (0, 2)


def test_same_input_same_bytes_and_no_work_twice(tmp_path: Path) -> None:
    lake = make_lake(tmp_path, GENRES, [[0, 1, 2], [3]] * 50)
    assign_genres(lake)
    output = lake.table("artist_genres")
    first = output.read_bytes()
    assert assign_genres(lake)["unchanged"]
    output.unlink()
    assert "unchanged" not in assign_genres(lake)
    assert output.read_bytes() == first


def test_settings_out_of_range_are_refused() -> None:
    with pytest.raises(ValueError, match="scale"):
        GenreOptions(scale=0)
