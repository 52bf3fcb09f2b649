"""Count the playlists that a track or artist shares with each neighbour, for explanations."""

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from embeat_pipeline.playlists.neighbours.artists import ArtistSource
from embeat_pipeline.playlists.neighbours.inputs import NeighbourInputs
from embeat_pipeline.playlists.neighbours.source import Candidates
from embeat_serve.contract.schema import MOST_SHARED


class SharedPlaylists:
    """Counts of playlists that hold a candidate together with a track or an artist.

    Args:
        inputs: playlists and artists.
        candidates: tracks that can be neighbours.
        artists: source that knows the playlists of each artist.
    """

    def __init__(self, inputs: NeighbourInputs, candidates: Candidates, artists: ArtistSource):
        self._candidates = candidates.playlists
        self._tracks = inputs.by_track
        self._artists = artists
        self._artist_of_column = inputs.artists[candidates.columns]

    def of_tracks(self, words: NDArray[np.intp], columns: NDArray[np.intp]) -> NDArray[np.uint16]:
        """Return (b, n) counts of playlists that hold a track and its neighbour.

        Args:
            words: (b,) tracks.
            columns: (b, n) their neighbours, as positions among the candidates.
        """
        return self._counts(self._tracks[words], columns)

    def of_artists(
        self, artists: NDArray[np.int64], columns: NDArray[np.intp]
    ) -> NDArray[np.uint16]:
        """Return (b, n) counts of playlists that hold a track of the artist and its neighbour.

        0 for the artist's own tracks: a track always shares all playlists with itself.
        """
        is_own = self._artist_of_column[columns] == artists[:, None]
        counts = self._counts(self._artists.playlists_of(artists), columns)
        return np.where(is_own, 0, counts).astype(np.uint16)

    def _counts(self, playlists: sparse.csr_array, columns: NDArray[np.intp]) -> NDArray[np.uint16]:
        # Sums of ones are exact in single precision up to 2^24, far above the cap.
        overlap = (playlists @ self._candidates).toarray()
        counts = np.take_along_axis(overlap, columns, axis=1)
        return np.minimum(counts, MOST_SHARED).astype(np.uint16)
