"""Random streams and identifiers: each depends on the seed and on what it is for, not on order."""

from enum import IntEnum

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

ID_LENGTH = 22
_ALPHABET = np.frombuffer(
    b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ", np.uint8
)
_HALF = ID_LENGTH // 2  # 62**11 > 2**64: one 64-bit word fills eleven characters


class Stream(IntEnum):
    """What a stream of random numbers, or a family of ids, is for."""

    GENRES = 0
    ARTISTS = 1
    TRACKS = 2
    ALBUMS = 3
    PLAYLISTS = 4
    STRANGERS = 5  # ids of tracks that the catalogue does not hold
    ARTIST_NAMES = 6
    LISTINGS = 7  # what the artists table knows
    RELATIONS = 8


def generator(seed: int, stream: Stream, chunk: int = 0) -> np.random.Generator:
    """Generator of one chunk of one stream."""
    return np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(stream, chunk)))


def ids(index: NDArray[np.integer], seed: int, stream: Stream) -> NDArray[np.uint8]:
    """Ids of 22 base-62 characters, shape (n, 22); different indexes never share one.

    The first half is a bijection of the index (the SplitMix64 finaliser), so uniqueness needs
    no table of what was given out before.
    """
    keys = np.random.SeedSequence(seed, spawn_key=(stream,)).generate_state(2, np.uint64)
    characters = np.empty((len(index), ID_LENGTH), np.uint8)
    for half, key in enumerate(keys):
        word = _mix(index.astype(np.uint64) + key)
        for column in range(_HALF):
            word, digit = np.divmod(word, np.uint64(62))
            characters[:, half * _HALF + column] = _ALPHABET[digit]
    return characters


def _mix(word: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """SplitMix64 (Steele, Lea and Flood 2014): a bijection of 64-bit words."""
    word = word * np.uint64(0x9E3779B97F4A7C15)
    word = (word ^ (word >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    word = (word ^ (word >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return word ^ (word >> np.uint64(31))


def characters(strings: list[str]) -> NDArray[np.uint8]:
    """ASCII strings of one length as a (n, length) array."""
    return np.frombuffer("".join(strings).encode("ascii"), np.uint8).reshape(len(strings), -1)


def to_arrow(table: NDArray[np.uint8], missing: NDArray[np.bool_] | None = None) -> pa.Array:
    """Rows of characters as an Arrow string array, null where ``missing``."""
    count, width = table.shape
    offsets = np.arange(0, (count + 1) * width, width, dtype=np.int32)
    buffers = [pa.py_buffer(offsets), pa.py_buffer(np.ascontiguousarray(table))]
    if missing is None:
        return pa.StringArray.from_buffers(count, *buffers)
    validity = pa.py_buffer(np.packbits(~missing, bitorder="little"))
    return pa.StringArray.from_buffers(count, *buffers, validity)
