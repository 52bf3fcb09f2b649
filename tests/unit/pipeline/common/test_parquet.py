"""Whatever writes a table, readers get exactly its schema."""

from pathlib import Path

import duckdb
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from embeat_pipeline.common.parquet import conform, write_table
from embeat_pipeline.common.schemas import SCHEMAS
from embeat_serve.contract.schema import VECTOR_SIZE

SCHEMA = SCHEMAS["playlist_vectors"]
VECTOR = [0.5] * VECTOR_SIZE


def polars_frame() -> pl.DataFrame:
    types = {"playlist": pl.Array(pl.Float32, VECTOR_SIZE), "track_code": pl.Int64}
    return pl.DataFrame({"playlist": [VECTOR], "track_code": [7]}, types)


def test_batches_of_any_origin_become_one_table(tmp_path: Path) -> None:
    relation = duckdb.sql(
        f"SELECT 7 AS track_code, list_transform(range({VECTOR_SIZE}), lambda n: 0.5)"
        f"::FLOAT[{VECTOR_SIZE}] AS playlist"
    )
    batches = [polars_frame(), polars_frame().to_arrow(), relation]
    path = tmp_path / "t.parquet"
    assert write_table(path, SCHEMA, batches) == 3
    table = pq.read_table(path)
    assert table.schema.equals(SCHEMA)
    assert table.to_pylist() == [{"track_code": 7, "playlist": VECTOR}] * 3


def test_a_table_without_rows_has_its_columns(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    assert write_table(path, SCHEMA, []) == 0
    assert pq.read_schema(path).equals(SCHEMA)


def test_what_does_not_fit_leaves_the_old_table(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    write_table(path, SCHEMA, [polars_frame()])
    negative = polars_frame().with_columns(track_code=pl.lit(-1))
    with pytest.raises(pa.ArrowInvalid):
        write_table(path, SCHEMA, [negative])
    with pytest.raises(KeyError):
        conform(pl.DataFrame({"track_code": [1]}), SCHEMA)
    assert pq.read_table(path).num_rows == 1
    assert [entry.name for entry in tmp_path.iterdir()] == ["t.parquet"]
