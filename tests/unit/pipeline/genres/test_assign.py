"""The SQL score against plain Python, and what happens around it."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from embeat_pipeline.common.schemas import SCHEMAS
from embeat_pipeline.genres.assign import INPUTS, assign_genres, export, rank_listed
from embeat_pipeline.genres.config import GenreOptions
from embeat_pipeline.genres.map_scale import UPSTREAM
from embeat_pipeline.genres.session import open_session
from embeat_serve.contract.lake import LakePaths

pytestmark = pytest.mark.slow

Genre = tuple[float, float | None, float | None]
MakeLake = Callable[..., LakePaths]


def reference(
    genres: Sequence[Genre],
    listed: Sequence[int],
    options: GenreOptions,
    local: Sequence[float] | None = None,
) -> list[tuple]:
    """(genre, score) in order, one artist, as the formula says it."""
    remaining = sorted(set(listed))
    own = dict.fromkeys(remaining, 0.0)
    for code, weight in zip(listed, local or [1.0] * len(listed), strict=True):
        own[code] = max(own[code], weight)
    genres = [(w * own.get(code, 1), x, y) for code, (w, x, y) in enumerate(genres)]
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
            scores[code] = weight / (1 + (distance / (options.scale or 0.0)) ** options.exponent)
        best = max(remaining, key=lambda code: (scores[code], genres[code][0], -code))
        ranked.append((best, scores[best]))
        remaining.remove(best)
    return ranked


def ranked(lake: LakePaths, options: GenreOptions) -> list[dict[str, Any]]:
    """Rows of what is listed, ranked: the first part of the stage alone."""
    tables = {name: str(lake.table(name)) for name in INPUTS}
    with open_session("1GB") as database:
        rank_listed(database, tables, options, lambda steps=1, note="": None)
        export(database, lake.table("artist_genres"))
    return pq.read_table(lake.table("artist_genres")).to_pylist()


# Weights and places on a grid: float32 holds them exactly, so ties are ties on both sides.
grid = st.integers(0, 64).map(lambda step: step / 64)
placed = st.tuples(st.integers(64, 104).map(lambda step: step / 64), grid, grid)
unplaced = st.just((1.0, None, None))


@settings(max_examples=40)
@given(data=st.data())
def test_scores_and_order_are_the_formulas(
    data: st.DataObject, make_lake: MakeLake, tmp_path_factory: pytest.TempPathFactory
) -> None:
    genres = data.draw(st.lists(st.one_of(placed, unplaced), min_size=1, max_size=12))
    one = st.lists(st.integers(0, len(genres) - 1), max_size=8)
    listed = data.draw(st.lists(one, min_size=1, max_size=6))
    local = None
    if data.draw(st.booleans(), label="local weights"):
        steps = st.integers(1, 8).map(lambda step: step / 8)
        local = [
            data.draw(st.lists(steps, min_size=len(codes), max_size=len(codes))) for codes in listed
        ]
    options = GenreOptions(max_genres=5, scale=0.015)
    lake = make_lake(tmp_path_factory.mktemp("genres"), genres, listed)
    if local:
        path = lake.table("artists")
        weights = pa.array(local, pa.list_(pa.float32()))
        table = pq.read_table(path)
        place = table.schema.get_field_index("genre_weights")
        pq.write_table(table.set_column(place, "genre_weights", weights), path)
    rows = ranked(lake, options)
    for artist, codes in enumerate(listed):
        expected = reference(genres, codes, options, local[artist] if local else None)
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


def test_an_outlying_genre_comes_last_but_before_one_without_a_place(
    make_lake: MakeLake, tmp_path: Path
) -> None:
    lake = make_lake(tmp_path, GENRES, [[2, 3, 0, 1]])
    assign_genres(lake)
    assert [row["genre_code"] for row in rows_of(lake, 0)][2:] == [2, 3]


def test_an_artist_without_genres_takes_its_related_artists(
    make_lake: MakeLake, tmp_path: Path
) -> None:
    lake = make_lake(
        tmp_path, GENRES, [[0], [0], [2], []], related=[(3, 0, 0), (1, 3, 0), (3, 2, 4)]
    )
    metadata = assign_genres(lake)
    rows = rows_of(lake, 3)
    assert [row["genre_code"] for row in rows] == [0]
    assert rows[0]["source"] == "related"
    assert rows[0]["confidence"] == pytest.approx(2 / (2.2 + 1), rel=1e-3)
    assert rows[0]["runner_up_code"] == 2
    assert rows[0]["runner_up_confidence"] == pytest.approx(0.2 / (2.2 + 1), abs=1e-3)
    assert metadata["artists_predicted"] == 1


def test_a_divided_vote_leaves_the_genre_unknown(make_lake: MakeLake, tmp_path: Path) -> None:
    genres: list[Genre] = [(1.0, i / 10, 0.5) for i in range(8)]
    listed = [[i] for i in range(8)] + [[]]
    lake = make_lake(tmp_path, genres, listed, related=[(8, i, 0) for i in range(8)])
    metadata = assign_genres(lake)
    assert rows_of(lake, 8) == []
    assert metadata["artists_unknown"] == 1


def test_nobody_lists_anything(make_lake: MakeLake, tmp_path: Path) -> None:
    lake = make_lake(tmp_path, GENRES, [[], []])
    metadata = assign_genres(lake)
    assert (metadata["rows"], metadata["artists_unknown"]) == (0, 2)


def test_same_input_same_bytes_and_no_work_twice(make_lake: MakeLake, tmp_path: Path) -> None:
    lake = make_lake(tmp_path, GENRES, [[0, 1, 2], [3]] * 50)
    assign_genres(lake)
    output = lake.table("artist_genres")
    first = output.read_bytes()
    assert assign_genres(lake)["unchanged"]
    output.unlink()
    assert "unchanged" not in assign_genres(lake)
    assert output.read_bytes() == first


def test_spelling_variants_count_as_the_genre_they_stand_for(
    make_lake: MakeLake, tmp_path: Path
) -> None:
    lake = make_lake(tmp_path, GENRES, [[3, 0], [3]])
    names = ["r&b", "pop", "rock", "R & B"]
    genre_map = pq.read_table(lake.table("genre_map")).drop(["genre"])
    genre_map = genre_map.append_column("genre", pa.array(names)).select(SCHEMAS["genre_map"].names)
    pq.write_table(genre_map, lake.table("genre_map"))
    metadata = assign_genres(lake)
    assert [row["genre_code"] for row in rows_of(lake, 0)] == [0]
    assert [row["genre_code"] for row in rows_of(lake, 1)] == [0]
    assert metadata["aliases"] == {"R & B": "r&b"}
    assert metadata["genres_without_place"] == 0


def test_scale_is_recorded_and_can_be_set(make_lake: MakeLake, tmp_path: Path) -> None:
    lake = make_lake(tmp_path, GENRES, [[0, 1]])
    assert assign_genres(lake)["scale"] == UPSTREAM  # the map is too small to derive one
    assert assign_genres(lake, GenreOptions(scale=0.5))["scale"] == 0.5


@pytest.mark.parametrize(
    ("setting", "value"),
    [("scale", 0), ("exponent", -1), ("max_genres", 0), ("min_confidence", 1.5)],
)
def test_settings_out_of_range_are_refused(setting: str, value: Any) -> None:
    with pytest.raises(ValueError, match=setting):
        GenreOptions(**{setting: value})
