"""What hits of a store say to a channel."""

from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from embeat_serve.contract.neighbour_codec import NeighbourList, unpack
from embeat_serve.contract.schema import TrackField
from embeat_serve.retrieval.channel import ChannelResult
from embeat_serve.stores.query import Hit

Ids = NDArray[np.int64]


def vote(genres: Sequence[int], neighbours: Iterable[Hit], ratio: float) -> tuple[int, ...]:
    """The one genre that the neighbours favour, if clearly; otherwise all of ``genres``."""
    votes = Counter(
        genre
        for hit in neighbours
        for genre in set(hit.payload.get(TrackField.GENRE_CODES, ())).intersection(genres)
    )
    # The seed's own order decides between genres with equal votes.
    ranked = sorted(genres, key=lambda genre: -votes[genre])
    if len(ranked) > 1 and 0 < votes[ranked[0]] >= ratio * votes[ranked[1]]:
        return (ranked[0],)
    return tuple(genres)


def by_sound(hits: Sequence[Hit], vector: np.ndarray | None) -> tuple[Ids, NDArray[np.float64]]:
    """Ids of hits and the cosines of their vectors to ``vector``, greatest first.

    Those without a vector come last, in order, with NaN.
    """
    ids = ids_of(hits)
    cosines = np.full(len(hits), np.nan)
    vectors = {place: hit.vector for place, hit in enumerate(hits) if hit.vector is not None}
    if vector is None or not vectors:
        return ids, cosines
    matrix = np.stack(list(vectors.values()))
    lengths = np.linalg.norm(matrix, axis=1) * np.linalg.norm(vector)
    cosines[list(vectors)] = matrix @ vector / np.maximum(lengths, 1e-12)
    order = np.argsort(-cosines, kind="stable")
    return ids[order], cosines[order]


def ids_of(hits: Sequence[Hit]) -> Ids:
    """(n,) ids."""
    return np.array([hit.id for hit in hits], np.int64)


def neighbour_lists(hits: Iterable[Hit]) -> dict[int, NeighbourList]:
    """Lists of tracks that have one, by code."""
    return {
        hit.id: unpack(text, hit.payload.get(TrackField.NEIGHBOUR_CONFIDENCE, 0.0))
        for hit in hits
        if (text := hit.payload.get(TrackField.NEIGHBOURS))
    }


def cosine_of(hit: Hit) -> float:
    """Score of a vector query without the candidate's weight."""
    return hit.score / hit.payload.get(TrackField.PLAYLIST_WEIGHT, 1.0)


def best(answers: Sequence[Sequence[Hit]], limit: int) -> Sequence[Hit]:
    """Best ``limit`` hits of several queries, each track once, ties by id."""
    if len(answers) == 1:
        return answers[0][:limit]
    merged = {hit.id: hit for hits in answers for hit in hits}
    return sorted(merged.values(), key=lambda hit: (-hit.score, hit.id))[:limit]


def answer(
    channel: str,
    seed: int,
    hits: Sequence[Hit],
    held_back_by: str | None = None,
    sound: bool = True,
) -> ChannelResult:
    """What a channel found for a seed, with cosines where the hits' scores are ones."""
    cosines = np.array([cosine_of(hit) for hit in hits], np.float64) if sound else None
    return ChannelResult(channel, seed, ids_of(hits), cosines, held_back_by=held_back_by)
