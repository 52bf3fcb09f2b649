"""What every source of neighbour lists shares: the candidates, the scores, and the interface.

A source scores a block of tracks at once, against all candidates, so memory is bounded by the
block, however many tracks there are. To add a source, write a class with this interface in a file
of its own, give it a weight in ``SourceWeights``, and name it in ``model.SOURCES``.
"""

from collections.abc import Sequence
from typing import ClassVar, NamedTuple, Protocol, Self

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from embeat_pipeline.playlists.config import NeighbourConfig, SourceWeights
from embeat_pipeline.playlists.neighbours.inputs import NeighbourInputs


class Candidates(NamedTuple):
    """The tracks that can be neighbours."""

    columns: NDArray[np.intp]
    """(c,) their words, ascending."""
    playlists: sparse.csr_array
    """(playlists, c) their columns of ``NeighbourInputs.playlists``."""

    @classmethod
    def most_frequent(cls, inputs: NeighbourInputs, number: int) -> Self:
        """Return the ``number`` tracks that are in most playlists."""
        frequent = np.argsort(-inputs.counts, kind="stable")[:number]
        columns = np.sort(frequent)
        if len(columns) == len(inputs.counts):
            return cls(columns, inputs.playlists)
        return cls(columns, sparse.csr_array(inputs.playlists[:, columns]))


class ScoreAccumulator(NamedTuple):
    """Sum of what the sources say of a block of tracks, under one set of weights."""

    weights: SourceWeights
    scores: NDArray[np.float32]
    """(b, c) of b tracks and c candidates; sources add to it."""


class Source(Protocol):
    """Evidence for candidates as neighbours of tracks."""

    weight_name: ClassVar[str]
    """Field of ``SourceWeights`` that weights this source; with 0 it is left out."""

    def __init__(
        self, inputs: NeighbourInputs, candidates: Candidates, config: NeighbourConfig
    ) -> None: ...

    def add_to(self, accumulators: Sequence[ScoreAccumulator], words: NDArray[np.intp]) -> None:
        """Add the weighted evidence for every candidate as a neighbour of ``words`` (b,)."""
        ...


def scale_rows(matrix: sparse.csr_array, factors: NDArray[np.float32]) -> sparse.csr_array:
    """Return the matrix with each row multiplied by its factor."""
    values = matrix.data * np.repeat(factors, np.diff(matrix.indptr)).astype(np.float32)
    return sparse.csr_array((values, matrix.indices, matrix.indptr), shape=matrix.shape)
