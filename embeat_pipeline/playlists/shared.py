"""How many playlists a neighbour shares: what a person can be told instead of a strength."""

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from embeat_pipeline.playlists.sources import UNKNOWN, Material
from embeat_serve.contract import MOST_SHARED


class SharedPlaylists:
    """Counts of playlists that hold a candidate together with a track, or an artist's tracks.

    Args:
        material: playlists and artists.
        columns: (c,) words that can be neighbours.
    """

    def __init__(self, material: Material, columns: NDArray[np.intp]):
        self._candidates = sparse.csr_array(material.playlists[:, columns])
        self._tracks = sparse.csr_array(material.playlists.T)
        known = np.flatnonzero(material.artists != UNKNOWN)
        shape = (len(material.artists), material.genres.shape[0])
        ones = np.ones(len(known), np.float32)
        membership = sparse.csr_array((ones, (known, material.artists[known])), shape=shape)
        together = sparse.csr_array(material.playlists @ membership)
        together.data[:] = 1
        self._artists = sparse.csr_array(together.T)
        self._artist_of = material.artists[columns]

    def of_tracks(self, words: NDArray[np.intp], columns: NDArray[np.intp]) -> NDArray[np.uint16]:
        """(b, n) playlists that hold both the track and each of its neighbours.

        Args:
            words: (b,).
            columns: (b, n) positions among the candidates.
        """
        return self._counts(self._tracks[words], columns)

    def of_artists(
        self, artists: NDArray[np.int64], columns: NDArray[np.intp]
    ) -> NDArray[np.uint16]:
        """(b, n) playlists that hold both a track of the artist and each neighbour.

        0 for the artist's own tracks: a track is always together with itself.
        """
        own = self._artist_of[columns] == artists[:, None]
        return np.where(own, 0, self._counts(self._artists[artists], columns)).astype(np.uint16)

    def _counts(self, holding: sparse.csr_array, columns: NDArray[np.intp]) -> NDArray[np.uint16]:
        # Ones are exact in single precision up to 2^24, far above the cap.
        together = (holding @ self._candidates).toarray()
        counts = np.take_along_axis(together, columns, axis=1)
        return np.minimum(counts, MOST_SHARED).astype(np.uint16)
