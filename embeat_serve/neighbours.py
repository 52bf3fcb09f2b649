"""Neighbour lists as a release carries them, and what several seeds' lists say together."""

import base64
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from embeat_serve.contract import STRENGTH_LEVELS

BYTES = 5
"""Of one neighbour: its code, little-endian uint32, and its strength, one byte."""


class Neighbours(NamedTuple):
    """Tracks that are played with a seed, best first."""

    codes: NDArray[np.uint32]
    strengths: NDArray[np.float32]
    """Above 0, up to 1, comparable between lists: what speaks for each beyond what speaks for
    those that are not listed."""
    confidence: float
    """0..1: how much the seed's own playlists say; 0 where the list is its artist's."""


def unpack(text: str, confidence: float = 0.0) -> Neighbours:
    """Read the payload field: base64 of n codes, then n strengths; a strength of 0 is padding.

    Raises:
        ValueError: it is not base64, or not a whole number of neighbours.
    """
    content = base64.b64decode(text, validate=True)
    number, rest = divmod(len(content), BYTES)
    if rest:
        raise ValueError(f"a neighbour takes {BYTES} bytes, found {len(content)}")
    codes = np.frombuffer(content, "<u4", number)
    levels = np.frombuffer(content, np.uint8, number, offset=4 * number)
    listed = levels > 0
    strengths = levels[listed].astype(np.float32) / np.float32(STRENGTH_LEVELS)
    return Neighbours(codes[listed], np.asarray(strengths, np.float32), confidence)


def agreed(
    lists: Sequence[Neighbours | None], excluded: Sequence[int], limit: int
) -> list[tuple[NDArray[np.uint32], NDArray[np.float32]]]:
    """The tracks that all lists together speak for most, and what each list says of them.

    A track's strength is the sum over the lists that hold it, so two seeds that agree outweigh
    one that insists.

    Args:
        lists: of each seed; None where a seed has none.
        excluded: codes that are no answer.
        limit: tracks wanted.

    Returns:
        For each list codes and strengths of those of its tracks that are among the best
        ``limit``, in the list's order.
    """
    none = np.zeros(0, np.uint32), np.zeros(0, np.float32)
    given = [(found.codes, found.strengths) if found else none for found in lists]
    codes, place = np.unique(np.concatenate([one for one, _ in given]), return_inverse=True)
    total = np.bincount(place, np.concatenate([one for _, one in given]), minlength=len(codes))
    total[np.isin(codes, np.asarray(excluded, np.int64))] = 0
    order = np.lexsort((codes, -total))[:limit]
    kept = np.zeros(len(codes), bool)
    kept[order[total[order] > 0]] = True
    chosen = np.split(kept[place], np.cumsum([len(one) for one, _ in given])[:-1])
    return [(one[mask], two[mask]) for (one, two), mask in zip(given, chosen, strict=True)]
