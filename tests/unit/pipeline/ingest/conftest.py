"""A small dump written by the test itself, ingested."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from embeat_pipeline.ingest.ingest import ingest
from embeat_serve.contract.lake import LakePaths

TRACK_TYPES = {
    "track_id": pl.String,
    "track_name": pl.String,
    "artist_ids": pl.List(pl.String),
    "artist_names": pl.List(pl.String),
    "album_id": pl.String,
    "album_name": pl.String,
    "isrc": pl.String,
    "popularity": pl.Float64,
    "duration_ms": pl.Float64,
    "tempo": pl.Float64,
    "energy": pl.Float64,
}


@dataclass
class Ingested:
    """A lake after an ingest."""

    lake: LakePaths
    metadata: dict[str, Any]

    def table(self, name: str) -> pl.DataFrame:
        return pl.read_parquet(self.lake.table(name))

    def rows(self, name: str) -> list[dict[str, Any]]:
        return self.table(name).to_dicts()

    @property
    def files(self) -> dict[str, dict[str, Any]]:
        content = json.loads((self.lake.reports / "ingest.json").read_text(encoding="utf-8"))
        return {file["file"]: file for file in content["files"]}


@dataclass
class Dump:
    """A raw folder to fill, and a lake to ingest it into."""

    folder: Path

    @property
    def raw(self) -> Path:
        return self.folder / "raw"

    def put(self, name: str, rows: list[dict[str, Any]] | pl.DataFrame) -> Path:
        """Write rows as Parquet; missing track columns are filled with nulls."""
        frame = rows
        if not isinstance(frame, pl.DataFrame):
            is_tracks = bool(rows) and "track_id" in rows[0]
            schema = TRACK_TYPES if is_tracks else None
            frame = pl.DataFrame(rows, schema, infer_schema_length=None)
        path = self.raw / name
        path.parent.mkdir(parents=True, exist_ok=True)
        frame.write_parquet(path)
        return path

    def text(self, name: str, content: str | bytes) -> Path:
        path = self.raw / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def ingest(self, lake: str = "lake", **options: Any) -> Ingested:
        paths = LakePaths(self.folder / lake)
        return Ingested(paths, ingest(paths, raw=self.raw, **options))


@pytest.fixture
def dump(tmp_path: Path) -> Dump:
    return Dump(tmp_path)


@pytest.fixture
def track() -> Callable[..., dict[str, Any]]:
    """Row of a track that can be used: number it, override what the test is about."""

    def make(number: int, **values: Any) -> dict[str, Any]:
        row = {
            "track_id": f"{number:022}",
            "track_name": f"Song {number}",
            "artist_ids": ["A" * 22],
            "artist_names": ["Someone"],
            "duration_ms": 200_000.0,
            "energy": 0.5,
            "tempo": 120.0,
        }
        return row | values

    return make
