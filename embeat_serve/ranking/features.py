"""What a track has in common with the seeds by its payload: genres, years, fame."""

from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

from embeat_serve.contract.schema import TrackField

LIKENESS_FIELDS = (TrackField.GENRE_CODES, TrackField.YEAR, TrackField.POPULARITY)
"""Payload that ``metadata_similarity`` reads."""

YEARS = 5.0
"""Years apart after which ``same_years`` is 1/e."""

FAME = 20.0
"""Standard deviation, in points of popularity, of the bell that ``same_fame`` is."""

Payload = Mapping[str, Any]


def metadata_similarity(seeds: Sequence[Payload], tracks: Sequence[Payload]) -> NDArray[np.float64]:
    """How like the seeds tracks are by what is written of them.

    Args:
        seeds: payload of the seeds.
        tracks: payload of n tracks.

    Returns:
        (n, 3) in 0..1, 0 where unknown: the cosine of the genres, the first of a track counting
        1, the second 1/2, the third 1/3...; ``exp(-|years apart| / YEARS)``; and a bell around
        the same popularity. The seeds count with their means.
    """
    return np.stack(
        [
            _genres(seeds, tracks),
            np.exp(-np.abs(_apart(TrackField.YEAR, seeds, tracks)) / YEARS),
            np.exp(-0.5 * (_apart(TrackField.POPULARITY, seeds, tracks) / FAME) ** 2),
        ],
        axis=1,
    )


def _apart(field: str, seeds: Sequence[Payload], tracks: Sequence[Payload]) -> NDArray[np.float64]:
    """(n,) difference to the seeds' mean; infinite where unknown."""
    known = [value for seed in seeds if (value := seed.get(field)) is not None]
    values = np.array([track.get(field) for track in tracks], np.float64)
    if not known:
        return np.full(len(values), np.inf)
    return np.nan_to_num(values - sum(known) / len(known), nan=np.inf)


def _genres(seeds: Sequence[Payload], tracks: Sequence[Payload]) -> NDArray[np.float64]:
    of_seeds, _, weights = _listed(seeds)
    codes, rows, shares = _listed(tracks)
    known, place = np.unique(of_seeds, return_inverse=True)
    if not len(known) or not len(codes):
        return np.zeros(len(tracks))
    profile = np.bincount(place, weights)
    profile /= np.linalg.norm(profile)
    where = np.minimum(np.searchsorted(known, codes), len(known) - 1)
    common = np.bincount(rows, shares * profile[where] * (known[where] == codes), len(tracks))
    return np.clip(common.astype(np.float64), 0, 1)


def _listed(
    of: Sequence[Payload],
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """Genre codes of all, whose each is, and its weight; the weights of one track have norm 1."""
    lists = [payload.get(TrackField.GENRE_CODES, ()) for payload in of]
    sizes = np.array([len(codes) for codes in lists], np.int64)
    rows = np.repeat(np.arange(len(lists)), sizes)
    places = np.arange(len(rows)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    weights = 1 / (1.0 + places)
    norms = np.sqrt(np.bincount(rows, weights**2, len(lists)))
    codes = np.fromiter(chain.from_iterable(lists), np.int64, len(rows))
    return codes, rows, weights / norms[rows]
