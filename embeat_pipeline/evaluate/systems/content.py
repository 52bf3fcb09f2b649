"""Baselines that also know something of the tracks: their artist, their audio features."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse

from embeat_pipeline.evaluate.systems.item_knn import ItemKnn, ItemKnnOptions, known_tracks
from embeat_serve.contract.audio_features import FEATURES, clean


@dataclass(frozen=True)
class ArtistOptions:
    """Of ``ArtistCooccurrence``."""

    shrinkage: float = 5.0
    popularity: float = 0.5
    """Exponent of the track's frequency, which orders the tracks of one artist."""


class ArtistCooccurrence:
    """How often two artists share a playlist, times the candidate's popularity.

    Item-kNN between main artists; every artist is its own closest neighbour.
    """

    def __init__(
        self,
        train: sparse.csr_array,
        main_artist: NDArray[np.int64],
        options: ArtistOptions = ArtistOptions(),
    ):
        self.options = options
        self.vocabulary = known_tracks(train)
        tracks = np.arange(len(main_artist))
        ones = np.ones(len(tracks), np.float32)
        self._artist_of = sparse.csr_array((ones, (tracks, main_artist)))
        by_artist = (train @ self._artist_of).tocsr()
        by_artist.data[:] = 1.0
        everyone = ItemKnnOptions(options.shrinkage, by_artist.shape[1], 0.0)
        self._artists = ItemKnn(by_artist, everyone)
        # Every vocabulary track's main artist is in a playlist, so all have a column there.
        self._column = np.searchsorted(self._artists.vocabulary, main_artist[self.vocabulary])
        frequency = np.bincount(train.indices)[self.vocabulary]
        self._weight = frequency.astype(np.float32) ** options.popularity

    def scores(self, seeds: sparse.csr_array) -> NDArray[np.float32]:
        """See ``baselines.Scorer``."""
        artists = (seeds @ self._artist_of).tocsr()
        return (self._artists.scores(artists)[:, self._column] * self._weight).astype(np.float32)


def standardised_features(columns: Mapping[str, ArrayLike]) -> NDArray[np.float32]:
    """(n, 12) raw audio features as a space: key on the circle, mean 0 and deviation 1 each.

    A missing value becomes its column's mean, so a row without any feature is zero throughout.

    Args:
        columns: each of ``features.FEATURES`` -> (n,) raw values.
    """
    cleaned = {name: clean(name, columns[name]) for name in FEATURES}
    angle = cleaned.pop("key") * np.float32(2 * np.pi / 12)
    space = np.stack([np.cos(angle), np.sin(angle), *cleaned.values()], axis=1)
    known = ~np.isnan(space)
    number = np.maximum(known.sum(axis=0), 1)
    centred = np.where(known, space - np.where(known, space, 0).sum(axis=0) / number, 0)
    deviation = np.sqrt(np.square(centred).sum(axis=0) / number)
    return (centred / np.where(deviation > 0, deviation, 1.0)).astype(np.float32)


class NearestVectors:
    """Nearest by cosine to the mean of the seeds' vectors, over every track that has one."""

    def __init__(self, vectors: NDArray[np.float32]):
        norm = np.linalg.norm(vectors, axis=1)
        self.vocabulary = np.flatnonzero(norm > 0)
        unit = vectors[self.vocabulary] / norm[self.vocabulary, None]
        self._unit = unit.astype(np.float32)

    def scores(self, seeds: sparse.csr_array) -> NDArray[np.float32]:
        """See ``baselines.Scorer``."""
        wanted = seeds[:, self.vocabulary].tocsr()
        scores = (wanted @ self._unit) @ self._unit.T
        scores[np.diff(wanted.indptr) == 0] = -np.inf
        return scores
