"""Neighbour lists as a release carries them, and what several seeds' lists say together."""

import base64
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from embeat_serve.contract.schema import STRENGTH_LEVELS

BYTES = 8
"""Of one neighbour: its code, little-endian uint32, the playlists it shares, little-endian uint16,
and its two strengths, one byte each."""


class NeighbourList(NamedTuple):
    """Tracks that are played with a seed."""

    codes: NDArray[np.uint32]
    strengths: NDArray[np.float32]
    """0..1, comparable between lists: what speaks for each beyond what speaks for those that are
    not listed, where this is the only seed."""
    several: NDArray[np.float32]
    """The same where this is one of many seeds, which leave less to be guessed from artists."""
    confidence: float
    """0..1: how much the seed's own playlists say; 0 where the list is its artist's."""
    shared: NDArray[np.uint16] | None = None
    """Playlists that hold both it and the seed, or a song of the seed's artist where the list is
    the artist's (0 for that artist's own songs); ``MOST_SHARED`` stands for that many and more.
    None where nobody counted."""


def unpack(text: str, confidence: float = 0.0) -> NeighbourList:
    """Read the payload field: base64 of n codes, n numbers of playlists shared, n strengths and n
    strengths for several seeds.

    Raises:
        ValueError: it is not base64, or not a whole number of neighbours.
    """
    content = base64.b64decode(text, validate=True)
    number, rest = divmod(len(content), BYTES)
    if rest:
        raise ValueError(f"a neighbour takes {BYTES} bytes, found {len(content)}")
    codes = np.frombuffer(content, "<u4", number)
    shared = np.frombuffer(content, "<u2", number, offset=4 * number)
    levels = np.frombuffer(content, np.uint8, offset=6 * number).reshape(2, number)
    single, several = levels.astype(np.float32) / np.float32(STRENGTH_LEVELS)
    return NeighbourList(codes, single, several, confidence, shared)
