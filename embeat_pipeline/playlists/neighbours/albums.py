"""Source: tracks of the same album."""

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from embeat_pipeline.playlists.config import NeighbourConfig
from embeat_pipeline.playlists.neighbours.inputs import UNKNOWN, NeighbourInputs
from embeat_pipeline.playlists.neighbours.source import Candidates, ScoreAccumulator


class AlbumSource:
    """Playlist count of the album's other tracks, to the power ``artist_popularity``."""

    weight_name: ClassVar[str] = "album_weight"

    def __init__(self, inputs: NeighbourInputs, candidates: Candidates, config: NeighbourConfig):
        self._albums = inputs.albums
        of_column = inputs.albums[candidates.columns]
        self._order = np.argsort(of_column, kind="stable")
        self._sorted = of_column[self._order]
        self._popularity = inputs.counts[candidates.columns] ** np.float32(config.artist_popularity)

    def add_to(self, accumulators: Sequence[ScoreAccumulator], words: NDArray[np.intp]) -> None:
        """Add the weighted popularity of tracks on the same album to the rows of ``words`` (b,)."""
        albums = self._albums[words]
        first = np.searchsorted(self._sorted, albums)
        number = np.searchsorted(self._sorted, albums, side="right") - first
        number[albums == UNKNOWN] = 0
        row = np.repeat(np.arange(len(words)), number)
        within = np.arange(len(row)) - np.repeat(np.cumsum(number) - number, number)
        column = self._order[first[row] + within]
        for weights, scores in accumulators:
            scores[row, column] += np.float32(weights.album_weight) * self._popularity[column]
