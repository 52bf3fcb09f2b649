"""What digests of the tables' rows say changed, against the points made of those rows."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from embeat_pipeline.common.schemas import SCHEMAS
from embeat_pipeline.index.config import DEFAULT_OPTIONS
from embeat_pipeline.index.incremental.point_digests import (
    PAYLOAD_COLUMNS,
    compare_digests,
    digest_rows,
    digests_path,
    write_digests,
)
from embeat_pipeline.index.payload import CENTROIDS, slices, source_of, write_facts
from embeat_pipeline.index.vectors import write_centroids
from embeat_serve.contract.lake import LakePaths
from embeat_serve.contract.schema import Collection

pytestmark = pytest.mark.slow

CHANGES: dict[str, dict[str, Callable[[Any], Any]]] = {
    "tracks": {
        "track_id": lambda value: value[::-1] + "x",
        "track_name": lambda value: f"{value}!",
        "artist_codes": lambda value: [*value[::-1], 0],
        "artist_names": lambda value: [f"{name}s" for name in value],
        "album_code": lambda value: (value or 0) + 1,
        "album_name": lambda value: f"{value} II",
        "isrc": lambda value: None if value else "USXX10000000",
        "recording_code": lambda value: value + 1,
        "popularity": lambda value: ((value or 0) + 1) % 101,
        "release_year": lambda value: value + 1,
        "explicit": lambda value: not value,
        "tempo": lambda value: value + 1,
        "key": lambda value: (value + 1) % 12,
        "mode": lambda value: 1 - value,
        "energy": lambda value: 1 - value,
        "instrumentalness": lambda value: None if value else 0.9,
    },
    "artists": {
        "artist_id": lambda value: f"{value}x",
        "artist_name": lambda value: f"{value}!",
        "aliases": lambda value: [*value, "another"],
        "popularity": lambda value: ((value or 0) + 1) % 101,
        "num_tracks": lambda value: 0 if value else 1,
    },
    "genre_map": {"genre": lambda value: f"{value} japanese"},
    "artist_genres": {"genre_code": lambda value: (value + 1) % 12},
    "related_artists": {"related_artist_code": lambda value: (value + 3) % 30},
    "track_vectors": {"acoustic": lambda value: None if value else [0.5] * 64},
    "playlist_vectors": {"playlist": lambda value: [0.5 * part for part in value]},
    "track_neighbours": {
        "neighbour_codes": lambda value: value[::-1],
        "strengths": lambda value: [255 - strength for strength in value],
        "several_strengths": lambda value: [255 - strength for strength in value],
        "als_strengths": lambda value: [255 - strength for strength in value],
        "count_levels": lambda value: [255 - level for level in value],
        "confidence": lambda value: 1 - value / 2,
    },
    "artist_neighbours": {"strengths": lambda value: value[::-1]},
}
"""Table and column -> another value in place of one."""


@pytest.fixture(scope="module")
def small(
    make_lake: Callable[..., LakePaths], tmp_path_factory: pytest.TempPathFactory
) -> tuple[LakePaths, Path, dict[str, dict[int, str]]]:
    """A lake of 150 tracks, the folder of its digests, and its points."""
    folder = tmp_path_factory.mktemp("small")
    lake = make_lake(folder / "lake", tracks=150)
    return lake, folder, described(lake, folder)


def described(lake: LakePaths, folder: Path) -> dict[str, dict[int, str]]:
    """Write the digests in ``folder``; every point, by collection and code, as text."""
    scratch = folder / "scratch"
    scratch.mkdir(parents=True)
    write_facts(lake, scratch, DEFAULT_OPTIONS)
    artists = pq.read_metadata(lake.table("artists")).num_rows
    tracks, vectors = lake.table("tracks"), lake.table("track_vectors")
    write_centroids(tracks, vectors, artists, scratch / CENTROIDS)
    write_digests(lake, scratch, folder)
    found: dict[str, dict[int, str]] = {}
    for collection in Collection.ALL:
        points = found[collection] = {}
        source = source_of(collection, lake, scratch)
        for of in slices(source, collection, scratch, 0, 1 << 32):
            rows = zip(of.codes, of.rows.to_dicts(), of.matrix, of.usable, strict=True)
            for code, row, vector, usable in rows:
                points[int(code)] = repr((row, vector.tobytes(), usable))
    return found


@settings(max_examples=12)
@given(data=st.data())
def test_whatever_changes_a_point_is_noticed(
    small: tuple[LakePaths, Path, dict[str, dict[int, str]]],
    tmp_path_factory: pytest.TempPathFactory,
    data: st.DataObject,
) -> None:
    lake, before, points = small
    folder = tmp_path_factory.mktemp("changed")
    changed = LakePaths(folder / "lake")
    shutil.copytree(lake.tables, changed.tables)
    name = data.draw(st.sampled_from(sorted(CHANGES)))
    column = data.draw(st.sampled_from(sorted(CHANGES[name])))
    table = pq.read_table(changed.table(name))
    row = data.draw(st.integers(0, table.num_rows - 1))
    values = table.column(column).to_pylist()
    values[row] = CHANGES[name][column](values[row])
    place = table.column_names.index(column)
    other = table.set_column(place, table.field(place), pa.array(values, table.field(place).type))
    pq.write_table(other, changed.table(name), row_group_size=40)
    after = described(changed, folder)
    for collection in Collection.ALL:
        known, now = points[collection], after[collection]
        changes = compare_digests(
            digests_path(before, collection), digests_path(folder, collection)
        )
        really = {code for code in now if known.get(code) != now[code]}
        assert really <= set(changes.changed.tolist())
        assert set(changes.removed.tolist()) == set(known) - set(now)


def test_points_are_made_of_no_column_that_is_not_digested(
    small: tuple[LakePaths, Path, dict[str, dict[int, str]]], tmp_path: Path
) -> None:
    lake, _, points = small
    bare = LakePaths(tmp_path / "lake")
    shutil.copytree(lake.tables, bare.tables)
    facts = ("aliases",)
    for name, code in (("tracks", "track_code"), ("artists", "artist_code")):
        kept = (code, *PAYLOAD_COLUMNS[code], *facts)
        table = pl.read_parquet(bare.table(name))
        others = [pl.lit(None).alias(column) for column in table.columns if column not in kept]
        rows = table.with_columns(others).to_arrow().cast(SCHEMAS[name])
        pq.write_table(rows, bare.table(name))
    assert described(bare, tmp_path) == points


def test_the_same_tables_are_the_same_whatever_their_row_groups(
    small: tuple[LakePaths, Path, dict[str, dict[int, str]]], tmp_path: Path
) -> None:
    lake, before, _ = small
    again = LakePaths(tmp_path / "lake")
    for path in sorted(lake.tables.glob("*.parquet")):
        again.tables.mkdir(parents=True, exist_ok=True)
        pq.write_table(pq.read_table(path), again.tables / path.name, row_group_size=17)
    described(again, tmp_path)
    for collection in Collection.ALL:
        changes = compare_digests(
            digests_path(before, collection), digests_path(tmp_path, collection)
        )
        assert (len(changes.changed), len(changes.removed)) == (0, 0)


Lists = st.lists(st.none() | st.lists(st.integers(0, 3), max_size=3), max_size=8)


@settings(max_examples=50)
@given(rows=Lists, start=st.integers(0, 8), number=st.booleans())
def test_equal_rows_and_no_others_have_equal_digests(
    rows: list[list[int] | None], start: int, number: bool
) -> None:
    kind = pl.UInt32 if number else pl.UInt8
    whole = pl.DataFrame({"code": [7] * len(rows), "of": pl.Series(rows, dtype=pl.List(kind))})
    digests = digest_rows(whole[start:])
    values = [repr(row) for row in rows[start:]]
    assert len(np.unique(digests)) == len(set(values))
    for digest in set(digests.tolist()):
        assert len({value for value, of in zip(values, digests, strict=True) if of == digest}) == 1
