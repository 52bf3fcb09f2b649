"""Neighbour lists as a release carries them, and what several seeds' lists say together."""

import base64
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from embeat_serve.contract import STRENGTH_LEVELS

BYTES = 8
"""Of one neighbour: its code, little-endian uint32, the playlists it shares, little-endian uint16,
and its two strengths, one byte each."""

HALF_WAY = 8
"""Further seeds with which both kinds of strength count alike."""


class Neighbours(NamedTuple):
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


def unpack(text: str, confidence: float = 0.0) -> Neighbours:
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
    return Neighbours(codes, single, several, confidence, shared)


def blended(found: Neighbours, seeds: int) -> NDArray[np.float32]:
    """(n,) strengths of a list that is one of so many, between the two kinds."""
    share = (seeds - 1) / (seeds - 1 + HALF_WAY)
    mixed = (1 - share) * found.strengths + share * found.several
    return mixed.astype(np.float32)


class Agreed(NamedTuple):
    """What one list says of the tracks that all lists together speak for most."""

    codes: NDArray[np.uint32]
    """Best first, equals in the list's order."""
    strengths: NDArray[np.float32]
    shared: NDArray[np.integer] | None
    """See ``Neighbours``."""


def agreed(lists: Sequence[Neighbours | None], excluded: Sequence[int], limit: int) -> list[Agreed]:
    """The tracks that all lists together speak for most, and what each list says of them.

    A track's strength is the sum over the lists that hold it, so two seeds that agree outweigh
    one that insists.

    Args:
        lists: of each seed; None where a seed has none.
        excluded: codes that are no answer.
        limit: tracks wanted.

    Returns:
        For each list those of its tracks that are among the best ``limit``.
    """
    none = Agreed(np.zeros(0, np.uint32), np.zeros(0, np.float32), None)
    seeds = sum(found is not None for found in lists)
    given = [_positive(found, seeds) if found else none for found in lists]
    codes, place = np.unique(np.concatenate([one.codes for one in given]), return_inverse=True)
    strengths = np.concatenate([one.strengths for one in given])
    total = np.bincount(place, strengths, minlength=len(codes))
    total[np.isin(codes, np.asarray(excluded, np.int64))] = 0
    order = np.lexsort((codes, -total))[:limit]
    kept = np.zeros(len(codes), bool)
    kept[order[total[order] > 0]] = True
    chosen = np.split(kept[place], np.cumsum([len(one.codes) for one in given])[:-1])
    return [_picked(one, mask) for one, mask in zip(given, chosen, strict=True)]


def _picked(found: Agreed, where: NDArray) -> Agreed:
    shared = None if found.shared is None else found.shared[where]
    return Agreed(found.codes[where], found.strengths[where], shared)


def _positive(found: Neighbours, seeds: int) -> Agreed:
    strengths = blended(found, seeds)
    order = np.argsort(-strengths, kind="stable")
    order = order[strengths[order] > 0]
    return _picked(Agreed(found.codes, strengths, found.shared), order)
