"""Neighbour lists as payload, packed as ``embeat_serve.neighbours.unpack`` reads them."""

from pathlib import Path

import duckdb
import numpy as np
import polars as pl
import pyarrow as pa
from numpy.typing import NDArray

from embeat_serve.contract import TrackField


def read_neighbours(
    connection: duckdb.DuckDBPyConnection, table: Path, code: str, codes: NDArray[np.uint32]
) -> pl.DataFrame:
    """Packed lists of ascending ``codes`` in a table: the code and payload fields."""
    # A cursor of its own: the caller is still reading from the connection.
    with connection.cursor() as cursor:
        rows = cursor.sql(
            f"SELECT * FROM read_parquet($1) WHERE {code} >= $2 AND {code} < $3",  # noqa: S608
            params=[str(table), int(codes[0]), int(codes[-1]) + 1],
        ).pl()
    rows = rows.filter(np.isin(rows[code].to_numpy(), codes))
    packed = pack(rows["neighbour_codes"], rows["strengths"]).alias(TrackField.NEIGHBOURS)
    columns = [rows[code].cast(pl.UInt32), packed]
    if "confidence" in rows.columns:
        confidence = rows["confidence"].cast(pl.Float64).round(4)
        columns.append(confidence.alias(TrackField.NEIGHBOUR_CONFIDENCE))
    return pl.DataFrame(columns)


def pack(codes: pl.Series, strengths: pl.Series) -> pl.Series:
    """Base64 of each row: its codes, little-endian uint32, then its strengths, one byte each.

    Rows are padded to the longest with strength 0; null where a row holds nothing.
    """
    lengths = codes.list.len().to_numpy()
    width = int(lengths.max(initial=0))
    if width == 0:
        return pl.Series([None] * len(codes), dtype=pl.String)
    listed = np.arange(width) < lengths[:, None]
    code_matrix = np.zeros(listed.shape, "<u4")
    strength_matrix = np.zeros(listed.shape, np.uint8)
    code_matrix[listed] = codes.explode(empty_as_null=False).to_numpy()
    strength_matrix[listed] = strengths.explode(empty_as_null=False).to_numpy()
    content = np.concatenate([code_matrix.view(np.uint8), strength_matrix], axis=1)
    binary = pa.FixedSizeBinaryArray.from_buffers(
        pa.binary(content.shape[1]), len(content), [None, pa.py_buffer(content.tobytes())]
    )
    text = pl.Series(binary.cast(pa.large_binary())).bin.encode("base64")
    return pl.select(pl.when(pl.lit(pl.Series(lengths > 0))).then(text)).to_series()
