"""Files that are damaged anywhere: refused, in part or whole, and nothing stops."""

import csv
import gzip
import io
import json
from collections.abc import Callable
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from embeat_pipeline.ingest.report import read_report, unaccounted
from tests.unit.pipeline.ingest.conftest import Dump

pytestmark = pytest.mark.slow

SLOW = settings(
    max_examples=15,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)

cell = (
    st.none()
    | st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=12)
    | st.sampled_from(
        [
            "",
            "['a', \"b\"]",
            "[",
            "{'x': 'y'}",
            "NaN",
            "-1",
            "1e999",
            "spotify:track:x",
            '"',
            "a;b",
            "\r",
        ]
    )
)
records = st.lists(
    st.fixed_dictionaries(
        {"name": cell, "artists": cell, "artist_ids": cell, "isrc": cell, "tempo": cell}
    ),
    min_size=1,
    max_size=12,
)


def csv_of(rows: list[dict[str, Any]]) -> bytes:
    output = io.StringIO()
    writer = csv.DictWriter(output, list(rows[0]), lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(rows)
    return output.getvalue().encode()


def json_of(rows: list[dict[str, Any]]) -> bytes:
    return json.dumps(rows).encode()


def lines_of(rows: list[dict[str, Any]]) -> bytes:
    return "\n".join(map(json.dumps, rows)).encode()


FORMATS: dict[str, Callable[[list[dict[str, Any]]], bytes]] = {
    "a.csv": csv_of,
    "a.json": json_of,
    "a.ndjson": lines_of,
    "a.csv.gz": lambda rows: gzip.compress(csv_of(rows)),
}


def with_ids(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{"id": f"{number:022}", **row} for number, row in enumerate(rows, 1)]


def ingest(dump: Dump, track: Callable[..., dict[str, Any]]) -> tuple[pl.DataFrame, dict[str, Any]]:
    dump.put("z.parquet", [track(99)])
    ingested = dump.ingest()
    report = read_report(ingested.lake)
    assert unaccounted(report) == []
    (file,) = (file for file in report["files"] if file["file"] != "z.parquet")
    return ingested.table("tracks"), file


@SLOW
@given(rows=records, name=st.sampled_from(sorted(FORMATS)))
def test_whatever_the_cells_hold_no_row_is_lost(rows, name, track, tmp_path_factory):
    dump = Dump(tmp_path_factory.mktemp("dump"))
    dump.text(name, FORMATS[name](with_ids(rows)))
    tracks, file = ingest(dump, track)
    assert file["read"] == len(rows)
    titled = [row["name"] for row in rows if isinstance(row["name"], str)]
    assert tracks.height - 1 <= len(titled)
    assert file["accepted"] == tracks.height - 1


@SLOW
@given(
    rows=records,
    name=st.sampled_from(sorted(FORMATS)),
    damage=st.lists(st.tuples(st.floats(0, 1), st.binary(min_size=1, max_size=3)), max_size=4),
    kept=st.floats(0.3, 1),
)
def test_whatever_bytes_are_damaged_the_rest_arrives(
    rows, name, damage, kept, track, tmp_path_factory
):
    dump = Dump(tmp_path_factory.mktemp("dump"))
    content = bytearray(FORMATS[name](with_ids(rows)))
    for place, noise in damage:
        start = int(place * (len(content) - 1))
        content[start : start + len(noise)] = noise
    dump.text(name, bytes(content[: int(kept * len(content))]))
    tracks, file = ingest(dump, track)
    assert f"{99:022}" in tracks["track_id"]
    assert "table" in file or file["rejects"]
