"""Source: similarity of the Track2Vec vectors."""

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from embeat_pipeline.playlists.config import NeighbourConfig
from embeat_pipeline.playlists.neighbours.inputs import NeighbourInputs
from embeat_pipeline.playlists.neighbours.source import Candidates, ScoreAccumulator


class VectorSource:
    """Dot product of a track's unit vector with the candidate's weighted vector."""

    weight_name: ClassVar[str] = "vector_weight"

    def __init__(self, inputs: NeighbourInputs, candidates: Candidates, config: NeighbourConfig):
        lengths = np.linalg.norm(inputs.vectors, axis=1, keepdims=True)
        self._seeds = np.asarray(inputs.vectors / np.maximum(lengths, 1e-12), np.float32)
        self._candidates = np.ascontiguousarray(inputs.vectors[candidates.columns].T)

    def add_to(self, accumulators: Sequence[ScoreAccumulator], words: NDArray[np.intp]) -> None:
        """Add the weighted similarity to every candidate to the rows of ``words`` (b,)."""
        similarity = self._seeds[words] @ self._candidates
        for weights, scores in accumulators:
            scores += np.float32(weights.vector_weight) * similarity
