"""Read the neighbour list in a track's or an artist's payload.

``embeat_pipeline.index.neighbour_payload`` writes it.
"""

import base64
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from embeat_serve.contract.schema import STRENGTH_LEVELS

BYTES = 8
"""Bytes of one neighbour: code (4), playlists shared (2), and its two strengths (1 each)."""


class NeighbourList(NamedTuple):
    """Tracks that are played with a seed: n of them, strongest first."""

    codes: NDArray[np.uint32]
    """(n,) track codes."""
    strengths: NDArray[np.float32]
    """(n,) 0..1, comparable between lists: evidence for each track beyond that for tracks not in
    the list, where this is the only seed."""
    several: NDArray[np.float32]
    """(n,) the same where this is one of many seeds, which leave less to guess from artists."""
    confidence: float
    """0..1: how much the seed's own playlists say; 0 where the list is its artist's."""
    shared: NDArray[np.uint16] | None = None
    """(n,) playlists that hold both the track and the seed, or a song of the seed's artist where
    the list is the artist's (0 for that artist's own songs). ``schema.MOST_SHARED`` stands for
    that many and more. None where nobody counted."""


def unpack(text: str, confidence: float = 0.0) -> NeighbourList:
    """Unpack a neighbour list from the text that a payload holds.

    The text is base64 of four columns, one after the other: n codes (little-endian uint32), n
    numbers of playlists shared (little-endian uint16), n strengths, and n strengths for one of
    several seeds (one byte each, in 1/255).

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
