"""How disliked songs count against what the channels find."""

from collections.abc import Collection, Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from embeat_serve.contract.neighbour_codec import NeighbourList
from embeat_serve.ranking.candidates import Candidate
from embeat_serve.retrieval.channel import ChannelResult
from embeat_serve.seeds.models import Seed

MAX_SOUNDS = 10
"""Disliked songs whose neighbours by sound are looked up; the first ones given."""

ARTIST_FACTOR = 0.5
"""What remains of the score of a song by an artist of a disliked one, unless a seed is theirs."""


def subtract(
    known: NeighbourList | None, disliked: Iterable[NeighbourList], weight: float
) -> NeighbourList | None:
    """A seed's list less what speaks for the same tracks from disliked songs.

    ``weight`` times the greatest strength in any of the disliked lists is taken off, of either
    kind; what has nothing left is no longer a neighbour.
    """
    lists = [one for one in disliked if len(one.codes)]
    if known is None or not lists or weight == 0:
        return known
    codes, place = np.unique(np.concatenate([one.codes for one in lists]), return_inverse=True)
    where = np.minimum(np.searchsorted(codes, known.codes), len(codes) - 1)
    is_there = codes[where] == known.codes

    def left(
        own: NDArray[np.float32], theirs: Sequence[NDArray[np.float32]]
    ) -> NDArray[np.float32]:
        greatest = np.zeros(len(codes), np.float32)
        np.maximum.at(greatest, place, np.concatenate(theirs))
        off = np.where(is_there, np.float32(weight) * greatest[where], np.float32(0))
        return np.maximum(own - off, 0).astype(np.float32)

    return known._replace(
        strengths=left(known.strengths, [one.strengths for one in lists]),
        several=left(known.several, [one.several for one in lists]),
    )


def demote_similar(
    found: ChannelResult, sounds: Mapping[int, float], weight: float
) -> ChannelResult:
    """What was found by sound, in order of cosine less ``weight`` times that to a disliked song.

    Args:
        found: with cosines to the seed.
        sounds: track code -> greatest cosine to a disliked song, of those that are near one.
        weight: see above.
    """
    if not sounds or found.cosines is None:
        return found
    unloved = np.array([sounds.get(id, 0.0) for id in found.ids.tolist()])
    order = np.lexsort((found.ids, weight * unloved - np.nan_to_num(found.cosines)))
    return found._replace(ids=found.ids[order], cosines=found.cosines[order])


def artists_of(disliked: Iterable[Seed]) -> frozenset[int]:
    """Everyone credited on the disliked songs."""
    return frozenset(code for song in disliked for code in song.artist_codes)


def demote_artists(
    candidates: Iterable[Candidate], artists: Collection[int], seed_artists: Collection[int]
) -> None:
    """Lower the scores of songs by ``artists`` that are none of ``seed_artists``."""
    unloved = set(artists).difference(seed_artists)
    if not unloved:
        return
    for candidate in candidates:
        if not unloved.isdisjoint(candidate.artist_codes):
            candidate.scale(ARTIST_FACTOR)
