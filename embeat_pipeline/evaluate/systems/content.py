"""Baselines that use metadata of the tracks: their artist, or their audio features."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import ArrayLike, NDArray
from scipy import sparse

from embeat_pipeline.evaluate.systems.base import tracks_in_playlists
from embeat_pipeline.evaluate.systems.item_knn import ItemKnn, ItemKnnOptions
from embeat_serve.contract.audio_features import FEATURES, clean
from embeat_serve.contract.lake import LakePaths


@dataclass(frozen=True)
class ArtistOptions:
    """Parameters of ``ArtistCooccurrence``."""

    shrinkage: float = 5.0
    """See ``ItemKnnOptions``, between artists."""
    popularity: float = 0.5
    """Exponent of the track's frequency, which orders the tracks of one artist."""
    length: float = 0.0
    """See ``ItemKnnOptions``, for a playlist of n artists."""


class ArtistCooccurrence:
    """Recommend popular tracks of artists that share playlists with the seeds' artists.

    Item-kNN between main artists, times the candidate's popularity. Every artist is its own closest
    neighbour.
    """

    def __init__(
        self,
        train: sparse.csr_array,
        main_artist: NDArray[np.int64],
        options: ArtistOptions = ArtistOptions(),
    ):
        self.options = options
        self.vocabulary = tracks_in_playlists(train)
        tracks = np.arange(len(main_artist))
        ones = np.ones(len(tracks), np.float32)
        self._artist_of = sparse.csr_array((ones, (tracks, main_artist)))
        by_artist = (train @ self._artist_of).tocsr()
        by_artist.data[:] = 1.0
        everyone = ItemKnnOptions(options.shrinkage, by_artist.shape[1], length=options.length)
        self._artists = ItemKnn(by_artist, everyone)
        # Every vocabulary track's main artist is in a playlist, so all have a column there.
        self._column = np.searchsorted(self._artists.vocabulary, main_artist[self.vocabulary])
        frequency = np.bincount(train.indices)[self.vocabulary]
        self._weight = frequency.astype(np.float32) ** options.popularity

    def scores(self, seeds: sparse.csr_array) -> NDArray[np.float32]:
        """Score the vocabulary, see ``Scorer.scores``."""
        artists = (seeds @ self._artist_of).tocsr()
        return (self._artists.scores(artists)[:, self._column] * self._weight).astype(np.float32)


def standardised_features(columns: Mapping[str, ArrayLike]) -> NDArray[np.float32]:
    """Scale raw audio features to mean 0 and standard deviation 1, with the key as an angle.

    A missing value becomes its column's mean, so a row without any feature is zero throughout.

    Args:
        columns: each of ``audio_features.FEATURES`` -> (n,) raw values.

    Returns:
        (n, 12) float32.
    """
    cleaned = {name: clean(name, columns[name]) for name in FEATURES}
    angle = cleaned.pop("key") * np.float32(2 * np.pi / 12)
    space = np.stack([np.cos(angle), np.sin(angle), *cleaned.values()], axis=1)
    is_present = ~np.isnan(space)
    number = np.maximum(is_present.sum(axis=0), 1)
    mean = np.where(is_present, space, 0).sum(axis=0) / number
    centred = np.where(is_present, space - mean, 0)
    deviation = np.sqrt(np.square(centred).sum(axis=0) / number)
    return (centred / np.where(deviation > 0, deviation, 1.0)).astype(np.float32)


class NearestVectors:
    """Recommend the tracks whose vectors are nearest to the seeds', by the sum of cosines."""

    def __init__(self, vectors: NDArray[np.float32]):
        norm = np.linalg.norm(vectors, axis=1)
        self.vocabulary = np.flatnonzero(norm > 0)
        unit = vectors[self.vocabulary] / norm[self.vocabulary, None]
        self._unit = unit.astype(np.float32)

    def scores(self, seeds: sparse.csr_array) -> NDArray[np.float32]:
        """Score the vocabulary, see ``Scorer.scores``."""
        in_vocabulary = seeds[:, self.vocabulary].tocsr()
        scores = (in_vocabulary @ self._unit) @ self._unit.T
        scores[np.diff(in_vocabulary.indptr) == 0] = -np.inf
        return scores


def raw_features(lake: LakePaths) -> NDArray[np.float32]:
    """(n, 12) standardised audio features of the ``tracks`` table."""
    table = pq.read_table(lake.table("tracks"), columns=list(FEATURES))
    return standardised_features(
        {name: table[name].to_numpy().astype(np.float32) for name in FEATURES}
    )
