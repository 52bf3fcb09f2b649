"""How alike the genres of songs are, the first genre counting most.

``genre_similarity`` counts genres in common. ``genre_nearness`` compares genre vectors, so that a
song of *nu disco* is near one of *filter house* though they have no genre in common.
"""

from collections.abc import Sequence
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from embeat_serve.contract.schema import LEAST_GENRE_LENGTH


def pad_lists(lists: Sequence[Sequence[int]]) -> NDArray[np.int64]:
    """(n, longest) values of n lists, -1 after the last of each."""
    sizes = np.array([len(values) for values in lists], np.int64)
    padded = np.full((len(lists), int(sizes.max(initial=1))), -1)
    is_value = np.arange(padded.shape[1]) < sizes[:, None]
    padded[is_value] = np.fromiter(chain.from_iterable(lists), np.int64, int(sizes.sum()))
    return padded


def genre_similarity(
    seeds: NDArray[np.int64], candidates: NDArray[np.int64]
) -> NDArray[np.float64]:
    """(n,) cosine of genre lists, the first genre counting 1, the second 1/2...; NaN if unknown.

    Those of the seeds are summed up, each list scaled to length 1.

    Args:
        seeds: (s, m) genre codes, see ``pad_lists``.
        candidates: (n, k) genre codes.
    """
    if not (seeds >= 0).any():
        return np.full(len(candidates), np.nan)
    known, place = np.unique(seeds.ravel(), return_inverse=True)
    profile = np.bincount(place, _genre_weights(seeds).ravel(), len(known))
    profile /= max(float(np.linalg.norm(profile)), 1e-9)
    found = np.minimum(np.searchsorted(known, candidates), len(known) - 1)
    is_shared: NDArray[np.bool_] = known[found] == candidates
    products = is_shared * profile[found] * _genre_weights(candidates)
    cosines = np.clip(products.sum(axis=1), 0, 1)
    return np.where((candidates >= 0).any(axis=1), cosines, np.nan)


def genre_nearness(
    seeds: NDArray[np.int64], candidates: NDArray[np.int64], vectors: NDArray[np.float32]
) -> NDArray[np.float64]:
    """(n, s) cosines of the mean genre vectors of candidates and seeds; NaN where unknown.

    Args:
        seeds: (s, m) genre codes, see ``pad_lists``.
        candidates: (n, k) genre codes.
        vectors: (genres, d) genre vectors, see ``TreeRanker.genre_vectors``.
    """
    of_seeds, of_candidates = (_mean_vectors(songs, vectors) for songs in (seeds, candidates))
    return of_candidates @ of_seeds.T


def genres_fit(
    candidates: NDArray[np.int64], profile: NDArray[np.float32], vectors: NDArray[np.float32]
) -> NDArray[np.float64]:
    """(n,) cosines of the mean genre vectors of candidates and a profile; NaN where unknown.

    Args:
        candidates: (n, k) genre codes, see ``pad_lists``.
        profile: (d,) unit vector.
        vectors: (genres, d) genre vectors.
    """
    return _mean_vectors(candidates, vectors) @ profile.astype(np.float64)


def _mean_vectors(genres: NDArray[np.int64], vectors: NDArray[np.float32]) -> NDArray[np.float64]:
    """(n, d) weighted means of genre vectors, scaled to length 1; NaN where it is too short."""
    none = np.zeros((1, vectors.shape[1]))
    known = (genres >= 0) & (genres < len(vectors))
    of_genres = np.concatenate([vectors, none])[np.where(known, genres, len(vectors))]
    means = (_genre_weights(genres)[:, :, None] * of_genres).sum(axis=1)
    lengths = np.linalg.norm(means, axis=1, keepdims=True)
    return means / np.where(lengths >= LEAST_GENRE_LENGTH, lengths, np.nan)


def _genre_weights(genres: NDArray[np.int64]) -> NDArray[np.float64]:
    """(n, m) weights of genre lists, each list scaled to length 1."""
    places = np.arange(genres.shape[1], dtype=np.float64)
    weights: NDArray[np.float64] = np.where(genres >= 0, 1 / (1 + places), 0.0)
    lengths = np.linalg.norm(weights, axis=1, keepdims=True)
    return np.asarray(weights / np.where(lengths > 0, lengths, 1), np.float64)
