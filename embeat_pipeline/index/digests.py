"""One digest per point, kept beside a release, so that the next one knows which points changed.

A digest covers all that a point is: its vector and every field of its payload. Another release
of Polars may digest differently; then everything counts as changed, and nothing is missed.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from embeat_pipeline.index.payload import Slice
from embeat_pipeline.lake import atomic_path

FOLDER = "digests"
"""Folder of a release that holds one table (code, digest) per collection."""

SEED = 20


class Changes(NamedTuple):
    """How a collection differs from that of another release. Codes ascend."""

    changed: NDArray[np.uint32]
    """Codes of points that are new or hold something else."""
    removed: NDArray[np.uint32]
    """Codes that are gone."""
    points: int
    """How many there are now."""

    @property
    def share(self) -> float:
        """Changed and removed points, as a share of all."""
        return (len(self.changed) + len(self.removed)) / max(self.points, 1)


def digest(of: Slice) -> pa.Table:
    """Digests of the points of a slice: (n,) ``code`` uint32 and ``digest`` uint64."""
    content = of.matrix.astype("<f4", copy=False).tobytes()
    width = pa.binary(of.matrix.shape[1] * 4)
    vectors = pa.FixedSizeBinaryArray.from_buffers(
        width, len(of.codes), [None, pa.py_buffer(content)]
    )
    whole = of.rows.with_columns(
        pl.Series("vector", vectors.cast(pa.large_binary())), pl.Series("usable", of.usable)
    )
    digests = whole.hash_rows(SEED).to_numpy()
    return pa.table({"code": of.codes.astype(np.uint32), "digest": digests})


def write_digests(tables: Sequence[pa.Table], target: Path) -> None:
    """Write digests of a collection or of a part of one, in the order given."""
    schema = pa.schema([("code", pa.uint32()), ("digest", pa.uint64())])
    with atomic_path(target) as scratch:
        pq.write_table(pa.concat_tables([schema.empty_table(), *tables]), scratch)


def join_digests(parts: Sequence[Path], target: Path) -> None:
    """Make one table of those of all parts, which are in order."""
    write_digests([pq.read_table(part) for part in parts], target)


def digests_of(folder: Path, collection: str) -> Path:
    """Path of a release's digests of a collection."""
    return folder / FOLDER / f"{collection}.parquet"


def compare(before: Path, after: Path) -> Changes:
    """What changed from one table of digests to the other.

    Raises:
        OSError: there is none.
    """
    old, new = pq.read_table(before), pq.read_table(after)
    old_codes, codes = (table.column("code").to_numpy() for table in (old, new))
    old_digests, digests = (table.column("digest").to_numpy() for table in (old, new))
    places = np.searchsorted(old_codes, codes)
    known = places < len(old_codes)
    known[known] = old_codes[places[known]] == codes[known]
    same = known.copy()
    same[known] = old_digests[places[known]] == digests[known]
    gone = ~np.isin(old_codes, codes, assume_unique=True)
    return Changes(codes[~same], old_codes[gone], len(codes))
