"""How many playlists a neighbour shares: what a person can be told instead of a strength."""

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from embeat_pipeline.playlists.neighbours.item_knn import ArtistSource, Candidates, NeighbourInputs
from embeat_serve.contract.schema import MOST_SHARED


class SharedPlaylists:
    """Counts of playlists that hold a candidate together with a track, or an artist's tracks.

    Args:
        material: playlists and artists.
        candidates: what can be neighbours.
        artists: of the playlists.
    """

    def __init__(self, material: NeighbourInputs, candidates: Candidates, artists: ArtistSource):
        self._candidates = candidates.playlists
        self._tracks = material.by_track
        self._artists = artists
        self._artist_of = material.artists[candidates.columns]

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
        return np.where(own, 0, self._counts(self._artists.playlists_of(artists), columns)).astype(
            np.uint16
        )

    def _counts(self, holding: sparse.csr_array, columns: NDArray[np.intp]) -> NDArray[np.uint16]:
        # Ones are exact in single precision up to 2^24, far above the cap.
        together = (holding @ self._candidates).toarray()
        counts = np.take_along_axis(together, columns, axis=1)
        return np.minimum(counts, MOST_SHARED).astype(np.uint16)
