"""Read the neighbour list in a track's or an artist's payload.

``embeat_pipeline.index.neighbour_payload`` writes it.
"""

import base64
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from embeat_serve.contract.schema import COUNT_LEVELS_PER_DOUBLING, STRENGTH_LEVELS

BYTES = 10
"""Bytes of one neighbour: code (4), playlists shared (2), its two strengths, its score by ALS and
its playlist count (1 each)."""


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
    als: NDArray[np.float32] | None = None
    """(n,) 0..1: score by matrix factorisation (ALS) where the list's track or artist is the only
    seed, as a share of the highest score of any track but the seed. None where nobody scored."""
    log_counts: NDArray[np.float32] | None = None
    """(n,) log2(1 + number of playlists that hold the track), to 1/24. None where nobody
    counted."""


def unpack(text: str, confidence: float = 0.0) -> NeighbourList:
    """Unpack a neighbour list from the text that a payload holds.

    The text is base64 of six columns, one after the other: n codes (little-endian uint32), n
    numbers of playlists shared (little-endian uint16), n strengths, n strengths for one of several
    seeds, n scores by ALS (one byte each, in 1/255), and n logarithms of playlist counts (one byte
    each, in 1/12).

    Raises:
        ValueError: it is not base64, or not a whole number of neighbours.
    """
    content = base64.b64decode(text, validate=True)
    number, rest = divmod(len(content), BYTES)
    if rest:
        raise ValueError(f"a neighbour takes {BYTES} bytes, found {len(content)}")
    codes = np.frombuffer(content, "<u4", number)
    shared = np.frombuffer(content, "<u2", number, offset=4 * number)
    levels = np.frombuffer(content, np.uint8, offset=6 * number).reshape(4, number)
    single, several, als = levels[:3].astype(np.float32) / np.float32(STRENGTH_LEVELS)
    log_counts = levels[3].astype(np.float32) / np.float32(COUNT_LEVELS_PER_DOUBLING)
    return NeighbourList(codes, single, several, confidence, shared, als, log_counts)
