"""Random generators and ids that depend on seed and purpose, not on the order of calls."""

from enum import IntEnum

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from embeat_pipeline.common.hashing import GOLDEN_GAMMA, splitmix64

ID_LENGTH = 22
_ALPHABET = np.frombuffer(
    b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ", np.uint8
)
_HALF = ID_LENGTH // 2  # 62**11 > 2**64: one 64-bit word fills eleven characters


class Stream(IntEnum):
    """Purpose of a stream of random numbers or of a family of ids."""

    GENRES = 0
    ARTISTS = 1
    TRACKS = 2
    ALBUMS = 3
    PLAYLISTS = 4
    UNKNOWN_TRACKS = 5  # ids of tracks that the catalogue does not have
    ARTIST_NAMES = 6
    ARTIST_FACTS = 7  # which facts the artists table has
    RELATIONS = 8


def generator(seed: int, stream: Stream, chunk: int = 0) -> np.random.Generator:
    """Random generator of one chunk of one stream."""
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(stream, chunk)))


def make_ids(index: NDArray[np.integer], seed: int, stream: Stream) -> NDArray[np.uint8]:
    """(n, 22) characters of base-62 ids; different indexes never have the same id.

    The first half is a bijection of the index (the SplitMix64 finaliser), so no table of ids is
    needed to keep them unique.
    """
    keys = np.random.SeedSequence(seed, spawn_key=(stream,)).generate_state(2, np.uint64)
    table = np.empty((len(index), ID_LENGTH), np.uint8)
    for half, key in enumerate(keys):
        word = splitmix64((index.astype(np.uint64) + key) * GOLDEN_GAMMA)
        for column in range(_HALF):
            word, digit = np.divmod(word, np.uint64(62))
            table[:, half * _HALF + column] = _ALPHABET[digit]
    return table


def to_characters(strings: list[str]) -> NDArray[np.uint8]:
    """(n, length) characters of ASCII strings of one length."""
    return np.frombuffer("".join(strings).encode("ascii"), np.uint8).reshape(len(strings), -1)


def to_arrow(table: NDArray[np.uint8], missing: NDArray[np.bool_] | None = None) -> pa.Array:
    """Arrow strings from (n, width) characters; null where ``missing``."""
    count, width = table.shape
    offsets = np.arange(0, (count + 1) * width, width, dtype=np.int32)
    buffers = [pa.py_buffer(offsets), pa.py_buffer(np.ascontiguousarray(table))]
    if missing is None:
        return pa.StringArray.from_buffers(count, *buffers)
    validity = pa.py_buffer(np.packbits(~missing, bitorder="little"))
    return pa.StringArray.from_buffers(count, *buffers, validity)
