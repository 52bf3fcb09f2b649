"""Score candidates by all sources together, and keep the best as neighbour lists.

The lists are exact: every candidate is scored. This is done twice, with weights for a single seed
and with weights for several seeds, and a list holds the best of both with two strengths each. For
a track in few playlists most of the score comes from its artist, and what its playlists say counts
in full for songs of its style only.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from embeat_pipeline.playlists.config import NeighbourConfig, SourceWeights
from embeat_pipeline.playlists.neighbours.albums import AlbumSource
from embeat_pipeline.playlists.neighbours.artists import ArtistSource
from embeat_pipeline.playlists.neighbours.ease import EaseSource
from embeat_pipeline.playlists.neighbours.inputs import NeighbourInputs
from embeat_pipeline.playlists.neighbours.item_knn import ItemKnnSource
from embeat_pipeline.playlists.neighbours.source import Candidates, ScoreAccumulator, Source
from embeat_pipeline.playlists.neighbours.style import StyleFit
from embeat_pipeline.playlists.neighbours.vectors import VectorSource
from embeat_serve.contract.schema import STRENGTH_LEVELS

SOURCES: tuple[type[Source], ...] = (ItemKnnSource, VectorSource, AlbumSource, EaseSource)
"""Sources of track lists, in the order in which they are added up. ``ArtistSource`` comes first."""

BLOCK_SCORES = 1 << 24
"""Scores computed at a time: 64 MB, and a few copies of it."""


class NeighbourLists(NamedTuple):
    """Neighbour lists of b rows: the best for a single seed, then the best for several seeds.

    A column whose strength is 0 under both sets of weights is no neighbour.
    """

    columns: NDArray[np.intp]
    """(b, n) positions among the candidates."""
    single_seed: NDArray[np.uint8]
    """(b, n) strengths for a single seed; ``STRENGTH_LEVELS`` is the most."""
    multi_seed: NDArray[np.uint8]
    """(b, n) strengths for several seeds."""


class NeighbourModel:
    """All sources of a lake, weighted into one score per candidate."""

    def __init__(self, inputs: NeighbourInputs, config: NeighbourConfig):
        self.inputs, self.config = inputs, config
        self.candidates = Candidates.most_frequent(inputs, config.max_candidates)
        self.columns = self.candidates.columns
        """(c,) words that can be neighbours."""
        self._column_of = np.full(len(inputs.track_codes), -1)
        self._column_of[self.columns] = np.arange(len(self.columns))
        self._sources = [
            source(inputs, self.candidates, config)
            for source in SOURCES
            if any(getattr(weights, source.weight_name) for weights in self._weights)
        ]
        self.artists = ArtistSource(inputs, self.candidates, config)
        self._style = StyleFit(inputs, self.artists, config)

    @property
    def _weights(self) -> tuple[SourceWeights, SourceWeights]:
        return self.config.single_seed, self.config.multi_seed

    @property
    def block(self) -> int:
        """Rows to be scored at a time."""
        return max(1, BLOCK_SCORES // max(len(self.columns), 1))

    def of_tracks(self, words: NDArray[np.intp]) -> NeighbourLists:
        """Return the lists of tracks (b,)."""
        by_artist = self.artists.scores(self.inputs.artists[words], self._weights)
        doubt = 1 - self.confidence(words)[:, None]
        accumulators = [
            ScoreAccumulator(weights, np.zeros_like(scores))
            for weights, scores in zip(self._weights, by_artist, strict=True)
        ]
        for source in self._sources:
            source.add_to(accumulators, words)
        style = self._style.factors(words)
        for (_, scores), of_artist in zip(accumulators, by_artist, strict=True):
            scores *= style
            scores += of_artist * doubt
        own = self._column_of[words]
        rows = np.flatnonzero(own >= 0)
        for _, scores in accumulators:
            scores[rows, own[rows]] = 0
        return best_of_both(accumulators, self.config)

    def of_artists(self, artists: NDArray[np.int64]) -> NeighbourLists:
        """Return the lists of artists (b,)."""
        scores = self.artists.scores(artists, self._weights, with_acoustic=True)
        pairs = zip(self._weights, scores, strict=True)
        return best_of_both([ScoreAccumulator(*pair) for pair in pairs], self.config)

    def confidence(self, words: NDArray[np.intp]) -> NDArray[np.float32]:
        """Return (b,) the share of each track's score that its own playlists decide.

        c / (c + confidence_shift) for a track in c playlists; its artist decides the rest.
        """
        counts = self.inputs.counts[words]
        return np.asarray(counts / (counts + self.config.confidence_shift), np.float32)


def best_of_both(
    accumulators: Sequence[ScoreAccumulator], config: NeighbourConfig
) -> NeighbourLists:
    """Return the highest of each row (b, c) under either set of weights, with both strengths."""
    (columns, single), (others, multi) = (
        strongest(accumulator, config) for accumulator in accumulators
    )
    row = np.arange(len(columns))[:, None]
    position = np.full(accumulators[0].scores.shape, -1, np.int32)
    position[row, columns] = np.arange(columns.shape[1], dtype=np.int32)
    position_of_other = position[row, others]
    in_both = position_of_other >= 0
    multi_of_single = np.zeros_like(single)
    multi_of_single[np.nonzero(in_both)[0], position_of_other[in_both]] = multi[in_both]
    return NeighbourLists(
        np.concatenate([columns, others], axis=1),
        np.concatenate([single, np.zeros_like(multi)], axis=1),
        np.concatenate([multi_of_single, np.where(in_both, 0, multi)], axis=1),
    )


def strongest(
    accumulator: ScoreAccumulator, config: NeighbourConfig
) -> tuple[NDArray[np.intp], NDArray[np.uint8]]:
    """Return columns and strengths (b, n) of the highest of each row (b, c), ties by column."""
    scores = accumulator.scores
    number = min(config.neighbours, scores.shape[1])
    if number == 0:
        return np.zeros((len(scores), 0), np.intp), np.zeros((len(scores), 0), np.uint8)
    # On rows of many equal values, numpy's partition takes seventy times as long.
    columns = np.sort(torch.topk(torch.from_numpy(scores), number, dim=1).indices.numpy(), axis=1)
    values = np.take_along_axis(scores, columns, axis=1)
    order = np.argsort(-values, axis=1, kind="stable")
    columns, values = np.take_along_axis(columns, order, 1), np.take_along_axis(values, order, 1)
    # A list shorter than allowed is complete: tracks that are not on it score 0.
    base = np.float32(config.floor) * np.maximum(values[:, -1:], 0)
    relative = (values - base) / np.maximum(values[:, :1] - base, 1e-12)
    first = np.maximum(values[:, :1], 0) / np.float32(accumulator.weights.full_score)
    weight = np.minimum(first, 1) ** config.score_exponent
    strengths = np.where(values > 0, np.ceil(relative * weight * STRENGTH_LEVELS), 0)
    return columns, strengths.clip(0, STRENGTH_LEVELS).astype(np.uint8)
