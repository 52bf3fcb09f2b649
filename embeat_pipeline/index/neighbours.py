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

    A row's text depends on that row alone; null where it holds nothing.
    """
    lengths = codes.list.len().to_numpy().astype(np.int64)
    starts = np.cumsum(lengths) - lengths
    flat_codes = codes.explode(empty_as_null=False).to_numpy().astype("<u4")
    flat_strengths = strengths.explode(empty_as_null=False).to_numpy().astype(np.uint8)
    packed, places = [], []
    # Rows of one length make a matrix; nearly all are of the greatest.
    for length in np.unique(lengths[lengths > 0]).tolist():
        rows = np.flatnonzero(lengths == length)
        cells = starts[rows][:, None] + np.arange(length)
        content = np.concatenate([flat_codes[cells].view(np.uint8), flat_strengths[cells]], axis=1)
        binary = pa.FixedSizeBinaryArray.from_buffers(
            pa.binary(content.shape[1]), len(rows), [None, pa.py_buffer(content.tobytes())]
        )
        packed.append(pl.Series(binary.cast(pa.large_binary())).bin.encode("base64"))
        places.append(rows)
    if not packed:
        return pl.Series([None] * len(codes), dtype=pl.String)
    order = np.full(len(codes), -1)
    order[np.concatenate(places)] = np.arange(sum(map(len, places)))
    taken = pl.concat(packed).gather(pl.Series(np.maximum(order, 0)))
    return pl.select(pl.when(pl.lit(pl.Series(order >= 0))).then(taken)).to_series()
