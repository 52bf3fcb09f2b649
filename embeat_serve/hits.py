"""What hits of a store say to a channel."""

from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np

from embeat_serve.candidates import Answer, Found
from embeat_serve.contract import TrackField
from embeat_serve.neighbours import Neighbours, unpack
from embeat_serve.query import Hit


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


def by_sound(hits: Sequence[Hit], vector: np.ndarray | None) -> tuple[Found, ...]:
    """Hits by cosine of their vectors to ``vector``; those without one stay in order, last."""
    heard = {hit.id: hit.vector for hit in hits if hit.vector is not None}
    if vector is None or not heard:
        return tuple(Found(hit.id, None) for hit in hits)
    matrix = np.stack(list(heard.values()))
    lengths = np.linalg.norm(matrix, axis=1) * np.linalg.norm(vector)
    cosines = matrix @ vector / np.maximum(lengths, 1e-12)
    ids = list(heard)
    order = np.argsort(-cosines, kind="stable").tolist()
    unheard = tuple(Found(hit.id, None) for hit in hits if hit.id not in heard)
    return tuple(Found(ids[place], float(cosines[place])) for place in order) + unheard


def neighbour_lists(hits: Iterable[Hit]) -> dict[int, Neighbours]:
    """Lists of tracks that have one, by code."""
    return {
        hit.id: unpack(text, hit.payload.get(TrackField.NEIGHBOUR_CONFIDENCE, 0.0))
        for hit in hits
        if (text := hit.payload.get(TrackField.NEIGHBOURS))
    }


def cosine_of(hit: Hit) -> float:
    """Score of a vector query without the candidate's weight."""
    return hit.score / hit.payload.get(TrackField.PLAYLIST_WEIGHT, 1.0)


def best(answers: Iterable[list[Hit]], limit: int) -> list[Hit]:
    """Best ``limit`` hits of several queries, each track once, ties by id."""
    merged = {hit.id: hit for hits in answers for hit in hits}
    return sorted(merged.values(), key=lambda hit: (-hit.score, hit.id))[:limit]


def answer(
    channel: str,
    seed: int,
    hits: Iterable[Hit],
    held_back_by: str | None = None,
    sound: bool = True,
) -> Answer:
    """What a channel found for a seed, with cosines where the hits' scores are ones."""
    found = tuple(Found(hit.id, cosine_of(hit) if sound else None) for hit in hits)
    return Answer(channel, seed, found, held_back_by)
