"""Two digests per point, kept beside a release, so that the next one knows which points changed.

One covers the vector, the other everything the payload is made of. They are taken of the tables'
rows, before anything is derived from them: five times faster than making the payload, and code or
libraries that derive it differently make another recipe (``increments.py``). A point may count as
changed and come out the same (where a credited artist changed whose genres it does not carry);
one that changed never counts as the same. Another release of Polars may digest differently; then
everything counts as changed, and nothing is missed.
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
"""Columns of tracks and of artists that payload is made of, besides the artists' facts."""

Digests = NDArray[np.uint64]


class Changes(NamedTuple):
    """How a collection differs from that of another release. Codes ascend."""

    changed: NDArray[np.uint32]
    """Codes of points that are new or hold something else."""
    removed: NDArray[np.uint32]
    """Codes that are gone."""
    points: int
    """How many there are now."""
    new: int = 0
    """Of those changed, points that were not there."""
    vectors: int = 0
    """Of those changed, points that were there with another vector."""
    payloads: int = 0
    """Of those changed, points that were there with another payload."""

    @property
    def share(self) -> float:
        """Changed and removed points, as a share of all."""
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
        lake: where the tables are.
        scratch: what ``write_facts`` and ``write_centroids`` left.
        folder: of the release.
        collections: of it.
    """
    facts = scattered(scratch / FACTS, "artist_code")
    entities: dict[str, Digests] = {}
    for collection in collections:
        source = source_of(collection, lake, scratch)
        if source.code not in entities:
            entities[source.code] = _entities(source, facts)
        payload = entities[source.code]
        if source.neighbours is not None:
            lists = scattered(source.neighbours, source.code, len(payload))
            payload = mixed(payload, lists)
        _write(
            source, VectorName.OF_COLLECTION[collection], payload, digests_path(folder, collection)
        )


def _write(source: Source, vector: str, payload: Digests, target: Path) -> None:
    schema = pa.schema([("code", pa.uint32()), ("vector", pa.uint64()), ("payload", pa.uint64())])
    with atomic_path(target) as scratch, pq.ParquetWriter(scratch, schema) as writer:
        for rows in _batches(source.vectors, (source.code, vector)):
            codes = rows[source.code].to_numpy()
            content = [codes, hashed(rows.select(vector)), payload[codes]]
            writer.write_table(pa.table(content, schema=schema))


def _entities(source: Source, facts: Digests) -> Digests:
    # Row i of an entity's table has code i.
    columns, found = PAYLOAD_COLUMNS[source.code], []
    for rows in _batches(source.entities, (source.code, *columns)):
        if source.code == "artist_code":
            carried = facts_of(rows["artist_code"].to_numpy(), facts)
        else:
            carried = credited(rows["artist_codes"], facts)
        found.append(mixed(hashed(rows), carried))
    return np.concatenate([np.zeros(0, np.uint64), *found])


def facts_of(codes: NDArray[np.uint32], facts: Digests) -> Digests:
    """Digests of artists' facts; zero where an artist has none."""
    known = codes < len(facts)
    found = np.zeros(len(codes), np.uint64)
    found[known] = facts[codes[known]]
    return found


def credited(credits: pl.Series, facts: Digests) -> Digests:
    """One digest a row of what is known of the artists credited, the order included."""
    lengths = credits.list.len().fill_null(0).to_numpy().astype(np.int64)
    ends = np.cumsum(lengths)
    artists = credits.explode(empty_as_null=False, keep_nulls=False).to_numpy()
    place = np.arange(len(artists)) - np.repeat(ends - lengths, lengths)
    sums = np.zeros(len(artists) + 1, np.uint64)
    each = mixed(facts_of(artists, facts), place.astype(np.uint64))
    # Wraps around, and so do the differences: they are the sums of the rows.
    np.cumsum(each, out=sums[1:])
    return sums[ends] - sums[ends - lengths]


def scattered(table: Path, code: str, size: int = 0) -> Digests:
    """Digests of the rows of ``table``, by code; zero where a code has no row."""
    codes, found = [np.zeros(0, np.uint32)], [np.zeros(0, np.uint64)]
    for rows in _batches(table):
        codes.append(rows[code].to_numpy())
        found.append(hashed(rows))
    places = np.concatenate(codes)
    digests = np.zeros(max(size, int(places.max()) + 1 if len(places) else 0), np.uint64)
    digests[places] = np.concatenate(found)
    return digests


def mixed(one: Digests, other: Digests) -> Digests:
    """One digest of two, row by row."""
    return pl.DataFrame({"one": one, "other": other}).hash_rows(SEED).to_numpy()


def hashed(rows: pl.DataFrame) -> Digests:
    """Digest of each row. Lists of numbers are digested as the bytes they are kept in."""
    packed = [pl.Series(name, _packed(rows[name].to_arrow())) for name in rows.columns]
    return pl.DataFrame(packed).hash_rows(SEED).to_numpy()


def _packed(column: pa.Array) -> pa.Array:
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
    """Path of a release's digests of a collection."""
    return folder / FOLDER / f"{collection}.parquet"


def compare_digests(before: Path, after: Path) -> Changes:
    """What changed from one table of digests to the other.

    Raises:
        OSError: there is none.
        ArrowInvalid, KeyError: it is none.
    """
    old, new = pq.read_table(before), pq.read_table(after)
    old_codes, codes = (table.column("code").to_numpy() for table in (old, new))
    places = np.searchsorted(old_codes, codes)
    known = places < len(old_codes)
    known[known] = old_codes[places[known]] == codes[known]
    vectors, payloads = (
        _differ(old.column(name).to_numpy(), new.column(name).to_numpy(), places, known)
        for name in ("vector", "payload")
    )
    gone = ~np.isin(old_codes, codes, assume_unique=True)
    changed = codes[~known | vectors | payloads]
    counts = (int(np.count_nonzero(which)) for which in (~known, vectors, payloads))
    return Changes(changed, old_codes[gone], len(codes), *counts)


def _differ(
    old: Digests, new: Digests, places: NDArray[np.intp], known: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    differ = np.zeros(len(new), np.bool_)
    differ[known] = old[places[known]] != new[known]
    return differ
