"""Features of a candidate: what channels say of it, and what its payload shares with the seeds."""

from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from embeat_serve.contract.payload import TrackPayload
from embeat_serve.contract.schema import TrackField
from embeat_serve.ranking.genre_similarity import genre_similarity, pad_lists

CHANNEL_FEATURES = ("found", "place", "strength", "root_strength")
"""What a channel's result says of a track, each 0..1: see ``channel_features``."""

METADATA_FEATURES = ("popularity", "genre_similarity", "year_similarity", "popularity_similarity")
"""What a track's payload says, each 0..1, 0 where unknown: see ``metadata_features``."""

FEATURES = CHANNEL_FEATURES + METADATA_FEATURES
"""All features, in the order of a ranking model's weights."""

METADATA_FIELDS = (TrackField.GENRE_CODES, TrackField.YEAR, TrackField.POPULARITY)
"""Payload that ``metadata_features`` reads."""

HALF_PLACE = 20
"""Places down a list after which the feature ``place`` has halved."""

YEAR_SCALE = 5.0
"""Years apart at which ``year_similarity`` is 1/e."""

POPULARITY_SCALE = 20.0
"""Standard deviation, in points of popularity, of the bell that ``popularity_similarity`` is."""


def channel_features(strengths: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n, 4) ``CHANNEL_FEATURES`` of a channel's tracks.

    They are 1, that it was found; ``HALF_PLACE / (HALF_PLACE + place)``, places from 0; the mean
    strength that the seeds' results give it, and the root of that.

    Args:
        strengths: (n,) mean strengths of the tracks, best track first; 0 in channels without.
    """
    places = np.arange(len(strengths), dtype=np.float64)
    bounded = np.clip(strengths, 0, 1)
    return np.stack(
        [np.ones(len(bounded)), HALF_PLACE / (HALF_PLACE + places), bounded, np.sqrt(bounded)],
        axis=1,
    )


def metadata_features(
    seeds: Sequence[TrackPayload], tracks: Sequence[TrackPayload]
) -> NDArray[np.float64]:
    """(n, 4) ``METADATA_FEATURES`` of n tracks: popularity / 100, and ``metadata_similarity``."""
    popularity = [track.get(TrackField.POPULARITY) or 0 for track in tracks]
    return np.column_stack(
        [np.array(popularity, np.float64) / 100, metadata_similarity(seeds, tracks)]
    )


def metadata_similarity(
    seeds: Sequence[TrackPayload], tracks: Sequence[TrackPayload]
) -> NDArray[np.float64]:
    """Similarity of tracks to the seeds by genre, year and popularity.

    Args:
        seeds: payload of the seeds; they count with their means.
        tracks: payload of n tracks.

    Returns:
        (n, 3) in 0..1, 0 where unknown. Genres: the cosine of weighted genre lists, a track's
        first genre counting 1, the second 1/2, the third 1/3... Years: ``exp(-difference /
        YEAR_SCALE)``. Popularity: a bell curve, ``exp(-(difference / POPULARITY_SCALE)**2 / 2)``.
    """
    years = _difference(TrackField.YEAR, seeds, tracks)
    popularity = _difference(TrackField.POPULARITY, seeds, tracks)
    of_seeds, of_tracks = (
        pad_lists([song.get(TrackField.GENRE_CODES, ()) for song in songs])
        for songs in (seeds, tracks)
    )
    genres = genre_similarity(of_seeds, of_tracks)
    return np.stack(
        [
            np.nan_to_num(genres),
            np.exp(-np.abs(years) / YEAR_SCALE),
            np.exp(-0.5 * (popularity / POPULARITY_SCALE) ** 2),
        ],
        axis=1,
    )


def _difference(
    field: Literal["year", "popularity"],
    seeds: Sequence[TrackPayload],
    tracks: Sequence[TrackPayload],
) -> NDArray[np.float64]:
    """(n,) difference to the seeds' mean; infinite where unknown."""
    of_seeds = [value for seed in seeds if (value := seed.get(field)) is not None]
    values = np.array([track.get(field) for track in tracks], np.float64)
    if not of_seeds:
        return np.full(len(values), np.inf)
    return np.nan_to_num(values - sum(of_seeds) / len(of_seeds), nan=np.inf)
