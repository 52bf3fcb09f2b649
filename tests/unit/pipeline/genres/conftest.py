"""Small lakes to assign genres in."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from embeat_pipeline.common.schemas import SCHEMAS
from embeat_serve.contract.lake import LakePaths

Genre = tuple[float, float | None, float | None]
"""Weight, x, y."""


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
    write(lake, "playlists", [])
    return lake


@pytest.fixture(scope="session", name="make_lake")
def make_lake_fixture() -> Callable[..., LakePaths]:
    """Make a lake of genres, artists with listed genres, and related artists (a, b, rank)."""
    return make_lake


@pytest.fixture(scope="session", name="write")
def write_fixture() -> Callable[..., None]:
    """Write rows, as dicts, as a table of a lake."""
    return write
