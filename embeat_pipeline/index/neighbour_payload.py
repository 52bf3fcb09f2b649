"""Pack neighbour lists into payload for ``contract.neighbour_codec.unpack`` to read."""

from pathlib import Path

import duckdb
import numpy as np
import polars as pl
import pyarrow as pa
from numpy.typing import NDArray

from embeat_serve.contract.neighbour_codec import BYTES
from embeat_serve.contract.schema import TrackField

PACKED = {
    "neighbour_codes": "<u4",
    "shared_playlists": "<u2",
    "strengths": "u1",
    "several_strengths": "u1",
    "als_strengths": "u1",
    "count_levels": "u1",
}
"""Columns of the tables -> their type in the bytes, in the order in which ``pack`` takes them."""


def read_neighbours(
    connection: duckdb.DuckDBPyConnection, table: Path, code: str, codes: NDArray[np.uint32]
) -> pl.DataFrame:
    """Return the code and the packed payload fields of the lists of ascending ``codes``."""
    # The caller is still reading from the connection itself.
    with connection.cursor() as cursor:
        cursor.register("codes", pa.table({code: codes}))
        # Lists are long; those of unchanged points are not even decompressed.
        rows = cursor.sql(
            f"SELECT * FROM read_parquet($1) SEMI JOIN codes USING ({code}) "  # noqa: S608
            f"WHERE {code} >= $2 AND {code} < $3",
            params=[str(table), int(codes[0]), int(codes[-1]) + 1],
        ).pl()
    packed = pack(*(rows[column] for column in PACKED)).alias(TrackField.NEIGHBOURS)
    columns = [rows[code].cast(pl.UInt32), packed]
    if "confidence" in rows.columns:
        confidence = rows["confidence"].cast(pl.Float64).round(4)
        columns.append(confidence.alias(TrackField.NEIGHBOUR_CONFIDENCE))
    return pl.DataFrame(columns)


def pack(*columns: pl.Series) -> pl.Series:
    """Return each row as Base64; null where a row is empty.

    Args:
        columns: of lists of equal lengths, in the order of ``PACKED``. The bytes of a row are its
            lists, one after the other.
    """
    lengths = columns[0].list.len().to_numpy().astype(np.int64)
    row = np.repeat(np.arange(len(lengths)), lengths)
    within = np.arange(len(row)) - (np.cumsum(lengths) - lengths)[row]
    ends = np.concatenate([[0], np.cumsum(BYTES * lengths)])
    content = np.zeros(ends[-1], np.uint8)
    before = 0
    for column, kind in zip(columns, PACKED.values(), strict=True):
        values = column.explode(empty_as_null=False).to_numpy().astype(kind)
        width = values.itemsize
        first = (ends[row] + before * lengths[row] + width * within)[:, None] + np.arange(width)
        content[first.ravel()] = values.view(np.uint8)
        before += width
    buffers = [None, pa.py_buffer(ends), pa.py_buffer(content)]
    binary = pa.LargeBinaryArray.from_buffers(pa.large_binary(), len(lengths), buffers)
    text = pl.Series(binary).bin.encode("base64")
    return pl.select(pl.when(pl.lit(pl.Series(lengths > 0))).then(text)).to_series()
