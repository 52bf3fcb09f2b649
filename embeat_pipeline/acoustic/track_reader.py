"""Read the table ``tracks`` in batches, as inputs of the model."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from embeat_serve.contract.audio_features import (
    CONTINUOUS,
    FEATURES,
    OPTIONAL,
    ModelInputs,
    clean,
    model_inputs,
)

BATCH_ROWS = 65_536


@dataclass(frozen=True)
class TrackBatch:
    """Consecutive rows of the tracks table."""

    rows: pa.RecordBatch
    inputs: ModelInputs
    usable: NDArray[np.bool_]
    """(n,) whether a track has any feature of the acoustic tower."""


def track_batches(path: Path, columns: Sequence[str]) -> Iterator[TrackBatch]:
    """Yield ``columns`` and features of ``tracks.parquet`` in order, with bounded memory."""
    read = (*FEATURES, *OPTIONAL)
    all_columns = [*columns, *(name for name in read if name not in columns)]
    with pq.ParquetFile(path) as file:
        for rows in file.iter_batches(BATCH_ROWS, columns=all_columns):
            raw = {name: numbers(rows.column(name)) for name in read}
            present = [~np.isnan(clean(name, raw[name])) for name in CONTINUOUS]
            yield TrackBatch(rows, model_inputs(raw), np.logical_or.reduce(present))


def numbers(column: pa.Array) -> NDArray[np.float32]:
    """Return a numeric column as float32, NaN where null."""
    return column.cast(pa.float32()).to_numpy(zero_copy_only=False)


def codes(column: pa.Array) -> NDArray[np.int64]:
    """Return a column of codes as int64, -1 where null."""
    return column.cast(pa.int64()).fill_null(-1).to_numpy(zero_copy_only=False)


def first_codes(column: pa.ListArray) -> NDArray[np.int64]:
    """Return the first code of every list, -1 where the list is empty or null."""
    offsets = column.offsets.to_numpy()
    filled = offsets[1:] > offsets[:-1]
    values = column.values.to_numpy(zero_copy_only=False)
    first = np.full(len(column), -1, np.int64)
    first[filled] = values[offsets[:-1][filled]]
    return first
