"""What a list says of each neighbour beside its strengths: facts for explanations and ranking."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from embeat_pipeline.playlists.neighbours.als import AlsScores
from embeat_pipeline.playlists.neighbours.model import NeighbourModel
from embeat_pipeline.playlists.neighbours.shared_counts import SharedPlaylists
from embeat_serve.contract.schema import COUNT_LEVELS_PER_DOUBLING, STRENGTH_LEVELS


class PairFacts(NamedTuple):
    """Facts of b rows of n neighbours."""

    shared: NDArray[np.uint16]
    """(b, n) playlists shared with each neighbour."""
    als: NDArray[np.uint8]
    """(b, n) see ``share_levels``."""
    counts: NDArray[np.uint8]
    """(b, n) see ``count_levels``."""


class PairFactSource:
    """The facts of a model's lists; fits ``AlsScores``."""

    def __init__(self, model: NeighbourModel):
        self._candidates = model.columns
        self._shared = SharedPlaylists(model.inputs, model.candidates, model.artists)
        self._als = AlsScores(model.inputs, model.candidates, model.config)
        self._count_levels = count_levels(model.inputs.counts[model.columns])

    def of_tracks(self, words: NDArray[np.intp], columns: NDArray[np.intp]) -> PairFacts:
        """Return the facts of tracks and their neighbours.

        Args:
            words: (b,) tracks.
            columns: (b, n) their neighbours, as positions among the candidates.
        """
        scores = self._als.of_tracks(words)
        # A track is no candidate for itself; its own score would be the highest.
        own = np.searchsorted(self._candidates, words)
        rows = np.flatnonzero(np.append(self._candidates, -1)[own] == words)
        scores[rows, own[rows]] = 0
        return self._facts(self._shared.of_tracks(words, columns), scores, columns)

    def of_artists(self, artists: NDArray[np.int64], columns: NDArray[np.intp]) -> PairFacts:
        """Return the facts of artists (b,) and their neighbours (b, n)."""
        scores = self._als.of_artists(artists)
        return self._facts(self._shared.of_artists(artists, columns), scores, columns)

    def _facts(
        self,
        shared: NDArray[np.uint16],
        scores: NDArray[np.float32],
        columns: NDArray[np.intp],
    ) -> PairFacts:
        return PairFacts(shared, share_levels(scores, columns), self._count_levels[columns])


def share_levels(scores: NDArray[np.float32], columns: NDArray[np.intp]) -> NDArray[np.uint8]:
    """Return scores as a share of the highest of their row, 0..1 in ``STRENGTH_LEVELS`` steps.

    Args:
        scores: (b, c) of all candidates.
        columns: (b, n) those to return.
    """
    highest = scores.max(axis=1, keepdims=True, initial=0)
    listed = np.take_along_axis(scores, columns, axis=1)
    shares = listed / np.maximum(highest, np.finfo(np.float32).tiny)
    return np.rint(STRENGTH_LEVELS * shares.clip(0, 1)).astype(np.uint8)


def count_levels(counts: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Return log2(1 + count) in ``COUNT_LEVELS_PER_DOUBLING`` steps, at most 255."""
    levels = np.rint(COUNT_LEVELS_PER_DOUBLING * np.log2(1 + counts))
    return np.minimum(levels, np.iinfo(np.uint8).max).astype(np.uint8)
