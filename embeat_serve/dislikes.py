"""How disliked songs count against what the channels find."""

from collections.abc import Collection, Iterable, Mapping, Sequence

import numpy as np

from embeat_serve.candidates import Candidate, Found
from embeat_serve.neighbours import Neighbours
from embeat_serve.seeds import Seed

MAX_SOUNDS = 10
"""Disliked songs whose neighbours by sound are looked up; the first ones given."""

ARTIST_FACTOR = 0.5
"""What remains of the score of a song by an artist of a disliked one, unless a seed is theirs."""


def subtract(
    known: Neighbours | None, disliked: Iterable[Neighbours], weight: float
) -> Neighbours | None:
    """A seed's list less what speaks for the same tracks from disliked songs.

    ``weight`` times the greatest strength in any of the disliked lists is taken off; what has
    nothing left is no longer a neighbour. Best first, ties by code.
    """
    lists = [one for one in disliked if len(one.codes)]
    if known is None or not lists or weight == 0:
        return known
    codes, place = np.unique(np.concatenate([one.codes for one in lists]), return_inverse=True)
    against = np.concatenate([[one.strengths, one.several] for one in lists], axis=1)
    greatest = np.zeros((2, len(codes)), np.float32)
    for of_kind, strengths in zip(greatest, against, strict=True):
        np.maximum.at(of_kind, place, strengths)
    where = np.minimum(np.searchsorted(codes, known.codes), len(codes) - 1)
    off = np.where(codes[where] == known.codes, greatest[:, where], np.float32(0))
    left = np.stack([known.strengths, known.several]) - np.float32(weight) * off
    left = np.maximum(left, 0).astype(np.float32)
    order = np.lexsort((known.codes, -left[0]))
    order = order[left[:, order].any(axis=0)]
    return Neighbours(known.codes[order], left[0, order], left[1, order], known.confidence)


def push_down(
    found: Sequence[Found], sounds: Mapping[int, float], weight: float
) -> tuple[Found, ...]:
    """What was found by sound, in order of cosine less ``weight`` times that to a disliked song.

    Args:
        found: with cosine to the seed.
        sounds: track code -> greatest cosine to a disliked song, of those that are near one.
        weight: see above.
    """
    if not sounds:
        return tuple(found)
    return tuple(
        sorted(
            found,
            key=lambda item: (weight * sounds.get(item.id, 0.0) - (item.cosine or 0.0), item.id),
        )
    )


def artists_of(disliked: Iterable[Seed]) -> frozenset[int]:
    """Everyone credited on the disliked songs."""
    return frozenset(code for song in disliked for code in song.artist_codes)


def disfavour(
    candidates: Iterable[Candidate], artists: Collection[int], seed_artists: Collection[int]
) -> None:
    """Lower the scores of songs by ``artists`` that are none of ``seed_artists``."""
    unloved = set(artists).difference(seed_artists)
    if not unloved:
        return
    for candidate in candidates:
        if not unloved.isdisjoint(candidate.artist_codes):
            candidate.scale(ARTIST_FACTOR)
