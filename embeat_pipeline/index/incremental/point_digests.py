"""Digest every point of a release, to find the points that changed in the next one.

A point has two digests: of its vector, and of everything its payload is made from. They are
computed from the rows of the tables, which is five times faster than making the payload. Code and
libraries that make it differently are part of the recipe (``plan.py``). A point that changed never
counts as unchanged. One that did not may count as changed: where a credited artist changed whose
genres it does not carry, or where another version of Polars digests differently.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from embeat_pipeline.common.atomic import atomic_path
from embeat_pipeline.index.payload import FACTS, Source, source_of
from embeat_serve.contract.lake import LakePaths
from embeat_serve.contract.schema import Collection, VectorName

FOLDER = "digests"
"""Folder of a release that holds one table (code, vector, payload) per collection."""

SEED = 20
"""Seed of the hash function."""
ROWS = 1 << 16
"""Rows read at a time."""

PAYLOAD_COLUMNS = {
    "track_code": (
        "track_id",
        "track_name",
        "artist_codes",
        "artist_names",
        "album_code",
        "album_name",
        "isrc",
        "recording_code",
        "popularity",
        "release_year",
        "explicit",
        "tempo",
        "key",
        "mode",
        "energy",
        "instrumentalness",
    ),
    "artist_code": ("artist_id", "artist_name", "popularity", "num_tracks"),
}
"""Columns of tracks and of artists that go into the payload, besides the artists' facts."""

Digests = NDArray[np.uint64]
"""One digest per row."""


class Changes(NamedTuple):
    """Differences of a collection from that of another release; codes ascend."""

    changed: NDArray[np.uint32]
    """Codes of points that are new or different."""
    removed: NDArray[np.uint32]
    """Codes of points that no longer exist."""
    points: int
    """Number of points in the new collection."""
    new: int = 0
    """Number of changed points that are new."""
    vectors: int = 0
    """Number of changed points that had another vector."""
    payloads: int = 0
    """Number of changed points that had another payload."""

    @property
    def share(self) -> float:
        """Changed and removed points as a share of all."""
        return (len(self.changed) + len(self.removed)) / max(self.points, 1)

    def __str__(self) -> str:
        return (
            f"{self.share:.1%} of {self.points:,} points changed: {self.new:,} new, "
            f"{len(self.removed):,} gone, {self.vectors:,} with another vector, "
            f"{self.payloads:,} with another payload"
        )


def write_digests(
    lake: LakePaths,
    scratch: Path,
    folder: Path,
    collections: Iterable[str] = Collection.ALL,
) -> None:
    """Write the digests of the points of a release in ``folder``.

    Memory: 8 bytes for each track and artist, and ``ROWS`` rows.

    Args:
        lake: lake with the tables.
        scratch: folder with the output of ``write_facts`` and ``write_centroids``.
        folder: folder of the release.
        collections: names of the collections.
    """
    facts = digests_by_code(scratch / FACTS, "artist_code")
    entities: dict[str, Digests] = {}
    for collection in collections:
        source = source_of(collection, lake, scratch)
        if source.code not in entities:
            entities[source.code] = _entities(source, facts)
        payload = entities[source.code]
        if source.neighbours is not None:
            lists = digests_by_code(source.neighbours, source.code, len(payload))
            payload = combine(payload, lists)
        _write(
            source, VectorName.OF_COLLECTION[collection], payload, digests_path(folder, collection)
        )


def _write(source: Source, vector: str, payload: Digests, target: Path) -> None:
    schema = pa.schema([("code", pa.uint32()), ("vector", pa.uint64()), ("payload", pa.uint64())])
    with atomic_path(target) as scratch, pq.ParquetWriter(scratch, schema) as writer:
        for rows in _batches(source.vectors, (source.code, vector)):
            codes = rows[source.code].to_numpy()
            content = [codes, digest_rows(rows.select(vector)), payload[codes]]
            writer.write_table(pa.table(content, schema=schema))


def _entities(source: Source, facts: Digests) -> Digests:
    # Row i of an entity's table has code i.
    columns, digests = PAYLOAD_COLUMNS[source.code], []
    for rows in _batches(source.entities, (source.code, *columns)):
        if source.code == "artist_code":
            of_artists = look_up(rows["artist_code"].to_numpy(), facts)
        else:
            of_artists = digest_credits(rows["artist_codes"], facts)
        digests.append(combine(digest_rows(rows), of_artists))
    return np.concatenate([np.zeros(0, np.uint64), *digests])


def look_up(codes: NDArray[np.uint32], facts: Digests) -> Digests:
    """Return the digests of artists' facts; zero where an artist has none."""
    has_facts = codes < len(facts)
    digests = np.zeros(len(codes), np.uint64)
    digests[has_facts] = facts[codes[has_facts]]
    return digests


def digest_credits(credits: pl.Series, facts: Digests) -> Digests:
    """Return one digest per row of the facts of its credited artists, in their order."""
    lengths = credits.list.len().fill_null(0).to_numpy().astype(np.int64)
    ends = np.cumsum(lengths)
    artists = credits.explode(empty_as_null=False, keep_nulls=False).to_numpy()
    position = np.arange(len(artists)) - np.repeat(ends - lengths, lengths)
    sums = np.zeros(len(artists) + 1, np.uint64)
    of_credits = combine(look_up(artists, facts), position.astype(np.uint64))
    # The sums wrap around, and so do their differences, which are the sums of the rows.
    np.cumsum(of_credits, out=sums[1:])
    return sums[ends] - sums[ends - lengths]


def digests_by_code(table: Path, code: str, size: int = 0) -> Digests:
    """Return the digests of a table's rows, indexed by code; zero where a code has no row."""
    codes, of_rows = [np.zeros(0, np.uint32)], [np.zeros(0, np.uint64)]
    for rows in _batches(table):
        codes.append(rows[code].to_numpy())
        of_rows.append(digest_rows(rows))
    all_codes = np.concatenate(codes)
    digests = np.zeros(max(size, int(all_codes.max()) + 1 if len(all_codes) else 0), np.uint64)
    digests[all_codes] = np.concatenate(of_rows)
    return digests


def combine(one: Digests, other: Digests) -> Digests:
    """Combine two digests per row into one."""
    return pl.DataFrame({"one": one, "other": other}).hash_rows(SEED).to_numpy()


def digest_rows(rows: pl.DataFrame) -> Digests:
    """Return the digest of each row; lists of numbers are digested as bytes."""
    columns = [pl.Series(name, _as_bytes(rows[name].to_arrow())) for name in rows.columns]
    return pl.DataFrame(columns).hash_rows(SEED).to_numpy()


def _as_bytes(column: pa.Array) -> pa.Array:
    kind = column.type
    if pa.types.is_fixed_size_list(kind):
        width = kind.list_size * kind.value_type.byte_width
        buffers = [column.buffers()[0], column.values.buffers()[1]]
        binary = pa.binary(width)
        whole = pa.FixedSizeBinaryArray.from_buffers(
            binary, len(column), buffers, -1, column.offset
        )
        return whole.cast(pa.large_binary())
    if pa.types.is_large_list(kind) and pa.types.is_integer(kind.value_type):
        ends = column.offsets.to_numpy() * (kind.value_type.bit_width // 8)
        values = column.values
        start = values.offset * (kind.value_type.bit_width // 8)
        buffers = [None, pa.py_buffer(ends + start), values.buffers()[1]]
        whole = pa.LargeBinaryArray.from_buffers(pa.large_binary(), len(column), buffers)
        return pc.call_function("if_else", [column.is_valid(), whole, pa.scalar(None)])
    return column


def _batches(table: Path, columns: tuple[str, ...] | None = None) -> Iterator[pl.DataFrame]:
    with pq.ParquetFile(table) as file:
        for batch in file.iter_batches(ROWS, columns=columns and list(columns)):
            yield pl.DataFrame(batch)


def digests_path(folder: Path, collection: str) -> Path:
    """Return the file with a release's digests of a collection."""
    return folder / FOLDER / f"{collection}.parquet"


def compare_digests(before: Path, after: Path) -> Changes:
    """Return what changed from one table of digests to another.

    Raises:
        OSError: a table does not exist.
        ArrowInvalid, KeyError: a file is no table of digests.
    """
    old, new = pq.read_table(before), pq.read_table(after)
    old_codes, codes = (table.column("code").to_numpy() for table in (old, new))
    positions = np.searchsorted(old_codes, codes)
    existed = positions < len(old_codes)
    existed[existed] = old_codes[positions[existed]] == codes[existed]
    vectors, payloads = (
        _differ(old.column(name).to_numpy(), new.column(name).to_numpy(), positions, existed)
        for name in ("vector", "payload")
    )
    is_removed = ~np.isin(old_codes, codes, assume_unique=True)
    changed = codes[~existed | vectors | payloads]
    counts = (int(np.count_nonzero(mask)) for mask in (~existed, vectors, payloads))
    return Changes(changed, old_codes[is_removed], len(codes), *counts)


def _differ(
    old: Digests, new: Digests, positions: NDArray[np.intp], existed: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    differ = np.zeros(len(new), np.bool_)
    differ[existed] = old[positions[existed]] != new[existed]
    return differ
