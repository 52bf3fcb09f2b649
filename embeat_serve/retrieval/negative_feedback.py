"""Disliked songs: what their neighbours take off the strengths and the order of candidates."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from embeat_serve.contract.neighbour_codec import NeighbourList
from embeat_serve.retrieval.channel import ChannelResult, HitsByKey, Purpose, QueryKey
from embeat_serve.retrieval.request import RetrievalRequest
from embeat_serve.seeds.models import Seed
from embeat_serve.stores.query import Query

MAX_ACOUSTIC_DISLIKES = 10
"""Disliked songs whose neighbours by sound are looked up: the first ones given."""


def near_disliked_queries(request: RetrievalRequest) -> Iterable[tuple[QueryKey, Query]]:
    """Queries for the tracks that sound like a disliked song: one per song."""
    if not request.disliked_codes or request.options.dislike_weight == 0:
        return
    limit = 2 * request.limit("acoustic")
    for position, song in enumerate(request.disliked[:MAX_ACOUSTIC_DISLIKES]):
        near = request.nearest(song, limit, request.filters.filter())
        yield (
            QueryKey("acoustic", Purpose.NEAR_DISLIKED, position),
            replace(near, payload=False),
        )


def similarity_to_disliked(hits: HitsByKey) -> dict[int, float]:
    """Track code -> greatest cosine to a disliked song, of tracks that sound like one."""
    similarity: dict[int, float] = {}
    for key, found in hits.items():
        if key.purpose is Purpose.NEAR_DISLIKED:
            for hit in found:
                similarity[hit.id] = max(hit.score, similarity.get(hit.id, 0.0))
    return similarity


def demote_similar(
    result: ChannelResult, similarity_to_disliked: Mapping[int, float], weight: float
) -> ChannelResult:
    """Order a result by cosine to the seed less ``weight`` times that to a disliked song.

    Args:
        result: with cosines to the seed; without them it is returned as it is.
        similarity_to_disliked: see the function of that name.
        weight: ``RecallOptions.dislike_weight``.
    """
    if not similarity_to_disliked or result.cosines is None:
        return result
    similarity = np.array([similarity_to_disliked.get(id, 0.0) for id in result.ids.tolist()])
    order = np.lexsort((result.ids, weight * similarity - np.nan_to_num(result.cosines)))
    return result._replace(ids=result.ids[order], cosines=result.cosines[order])


def subtract(
    neighbours: NeighbourList | None, disliked: Sequence[NeighbourList], weight: float
) -> NeighbourList | None:
    """Take off a seed's list what speaks for the same tracks from disliked songs.

    ``weight`` times the greatest strength in any of the disliked lists is taken off both kinds of
    strength. A track with no strength left is no longer a neighbour.
    """
    lists = [one for one in disliked if len(one.codes)]
    if neighbours is None or not lists or weight == 0:
        return neighbours
    codes, row = np.unique(np.concatenate([one.codes for one in lists]), return_inverse=True)
    nearest = np.minimum(np.searchsorted(codes, neighbours.codes), len(codes) - 1)
    is_disliked = codes[nearest] == neighbours.codes

    def remainder(
        own: NDArray[np.float32], of_disliked: Sequence[NDArray[np.float32]]
    ) -> NDArray[np.float32]:
        greatest = np.zeros(len(codes), np.float32)
        np.maximum.at(greatest, row, np.concatenate(of_disliked))
        loss = np.where(is_disliked, np.float32(weight) * greatest[nearest], np.float32(0))
        return np.maximum(own - loss, 0).astype(np.float32)

    return neighbours._replace(
        strengths=remainder(neighbours.strengths, [one.strengths for one in lists]),
        several=remainder(neighbours.several, [one.several for one in lists]),
    )


def artists_of(songs: Iterable[Seed]) -> frozenset[int]:
    """Codes of everyone credited on the songs."""
    return frozenset(code for song in songs for code in song.artist_codes)
