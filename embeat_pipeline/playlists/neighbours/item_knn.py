"""Source: tracks in the same playlists (item-kNN; Sarwar et al. 2001)."""

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from embeat_pipeline.playlists.config import NeighbourConfig
from embeat_pipeline.playlists.neighbours.inputs import NeighbourInputs
from embeat_pipeline.playlists.neighbours.source import Candidates, ScoreAccumulator, scale_rows


class ItemKnnSource:
    """Shrunk cosine between the playlists of two tracks.

    (sum over common playlists of n^-a) / (sqrt(c_s c_t) + shrinkage) * c_t^popularity, for n
    tracks in a playlist, c playlists of a track and a = ``length_exponent``.
    """

    weight_name: ClassVar[str] = "track_weight"

    def __init__(self, inputs: NeighbourInputs, candidates: Candidates, config: NeighbourConfig):
        self._config, self._counts, self._columns = config, inputs.counts, candidates.columns
        self._tracks = inputs.by_track
        self._weighted = scale_rows(candidates.playlists, inputs.lengths**-config.length_exponent)

    def add_to(self, accumulators: Sequence[ScoreAccumulator], words: NDArray[np.intp]) -> None:
        """Add the weighted cosine with every candidate to the rows of ``words`` (b,)."""
        overlap = (self._tracks[words] @ self._weighted).tocoo()
        row, column = overlap.row, overlap.col
        count = self._counts[self._columns[column]]
        root = np.sqrt(self._counts[words[row]] * count)
        cosine = overlap.data / (root + np.float32(self._config.shrinkage))
        for weights, scores in accumulators:
            value = np.float32(weights.track_weight) * cosine
            scores[row, column] += value * count ** np.float32(weights.popularity)
