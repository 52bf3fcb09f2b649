"""Write tables of the lake as Parquet, in the columns and types of their schema."""

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from embeat_pipeline.common.atomic import atomic_path

ROW_GROUP_SIZE = 122_880
"""Rows per row group: the unit in which DuckDB and Polars read in parallel."""


def conform(table: Any, schema: pa.Schema) -> pa.Table:
    """Columns of ``schema``, in its order and types, of anything that exports Arrow.

    Polars and DuckDB hand over their own string and list types; readers of the lake get exactly
    what the schema says.

    Raises:
        KeyError: a column is missing.
        pyarrow.ArrowInvalid: a value does not fit its type.
    """
    return pa.table(table).select(schema.names).cast(schema)


REPETITIVE = (
    "source",
    "sources.list.element",
    "sound_source",
    "artist_names.list.element",
    "album_name",
    "release_year",
    "popularity",
)
"""Columns of ``tracks`` in which values come up again and again. To look for repetition in the
others takes half as long as all the rest of writing, and finds none."""


def read_vectors(path: Path, column: str) -> NDArray[np.float32]:
    """(rows, d) a column of vectors that has no null; the file holds at least one row."""
    values = pq.read_table(path, columns=[column]).column(column).combine_chunks()
    return values.flatten().to_numpy().reshape(len(values), -1)


def write_table(
    path: Path,
    schema: pa.Schema,
    batches: Iterable[Any],
    dictionaries: Sequence[str] | None = None,
) -> int:
    """Write ``batches``, each conformed to ``schema``, to one zstd Parquet file, atomically.

    Args:
        path: the table's place in the lake.
        schema: one of ``SCHEMAS``.
        batches: Arrow tables, Polars frames, ...; at least their columns are those of the schema.
        dictionaries: columns that are encoded by distinct values; all where None.

    Returns:
        Rows written.
    """
    rows = 0
    with (
        atomic_path(path) as scratch,
        pq.ParquetWriter(
            scratch,
            schema,
            compression="zstd",
            use_dictionary=True if dictionaries is None else list(dictionaries),  # type: ignore[arg-type]
        ) as writer,
    ):
        for conformed in ahead(conform(batch, schema) for batch in batches):
            writer.write_table(conformed, row_group_size=ROW_GROUP_SIZE)
            rows += conformed.num_rows
    return rows


def ahead(batches: Iterable[pa.Table]) -> Iterator[pa.Table]:
    """``batches``, each made while the one before is worked on."""
    remaining = iter(batches)
    with ThreadPoolExecutor(1) as pool:
        following = pool.submit(next, remaining, None)
        while (batch := following.result()) is not None:
            following = pool.submit(next, remaining, None)
            yield batch
