"""How what the channels found becomes a score: a small linear model for each kind of seed.

A track's score is a sum over channels, and a channel's part a sum over its ``FEATURES`` times
weights that are not negative. So every contribution can be read off, and taking a channel away
can only lower what it found. Weights are fitted on held-out playlists by
``embeat_pipeline.evaluate.ranking_model`` and travel in the manifest; ``DEFAULT_MODEL`` is
used where a release has none.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from embeat_serve.contract.schema import CHANNELS

RANKED_FEATURES = ("found", "place", "strength", "root_strength")
"""What a channel's answer says of a track, each 0..1: that it was found at all; its place r (from
0) as ``HALF / (HALF + r)``; the mean strength that the seeds' lists give it, and the root of that
(0 where the channel has no strengths)."""

PAYLOAD_FEATURES = ("popularity", "same_genres", "same_years", "same_fame")
"""What its payload says, each 0..1, 0 where unknown: its popularity / 100, and what it has in
common with the seeds (``likeness``)."""

FEATURES = RANKED_FEATURES + PAYLOAD_FEATURES

HALF = 20
"""Places after which ``place`` is half of what the first gets."""

KINDS = ("cold", "one", "several")
"""Kinds of seeds: none of them in a playlist (or from outside the catalogue); one song; several
songs, or an artist."""

SURE_CONFIDENCE = 0.6
"""Confidence from which a song's own playlists are all that has to be asked."""

MOST_CERTAIN = 0.95
"""So that what other channels find is never without any weight."""

MANIFEST_PARAMETER = "fusion"
"""Parameter of a release's manifest that holds the model."""


class Ranked(NamedTuple):
    """What one channel found, best first."""

    ids: NDArray[np.int64]
    """(n,)."""
    features: NDArray[np.float64]
    """(n, 4): ``RANKED_FEATURES``."""


@dataclass(frozen=True)
class RankingModel:
    """Weights by kind of seed, channel and feature.

    Attributes:
        weights: (kinds, channels, features) float64, in the order of ``KINDS``, ``CHANNELS`` and
            ``FEATURES``, not negative.
    """

    weights: NDArray[np.float64]

    @classmethod
    def of(cls, content: Mapping[str, Mapping[str, Sequence[float]]]) -> Self:
        """Read ``{kind: {channel: [weight of each feature]}}``; what is left out weighs nothing.

        Raises:
            ValueError: a name is unknown, or a weight is negative or no number.
        """
        weights = np.zeros((len(KINDS), len(CHANNELS), len(FEATURES)))
        for kind, channels in content.items():
            of_kind = weights[KINDS.index(kind)]
            for channel, values in channels.items():
                of_kind[CHANNELS.index(channel), : len(values)] = values
        if not (np.isfinite(weights).all() and (weights >= 0).all()):
            raise ValueError("weights of the fusion model must be numbers, none negative")
        return cls(weights)

    @classmethod
    def in_manifest(cls, parameters: Mapping[str, Any]) -> Self | None:
        """The model among a manifest's parameters; None where it holds none that can be read."""
        try:
            return cls.of(parameters[MANIFEST_PARAMETER])
        except (KeyError, ValueError, TypeError, AttributeError):
            return None

    def to_dict(self) -> dict[str, dict[str, list[float]]]:
        """What ``of`` reads."""
        return {
            kind: {
                channel: [round(float(value), 4) for value in row]
                for channel, row in zip(CHANNELS, of_kind, strict=True)
                if row.any()
            }
            for kind, of_kind in zip(KINDS, self.weights, strict=True)
        }

    def of_kind(
        self, kind: str, channels: Iterable[str], certainty: float = 0.0
    ) -> dict[str, NDArray[np.float64]]:
        """(8,) weights of each channel, scaled so that a track that is best in every way and in
        every one of ``channels`` scores 1. A kind without weights for any gives all the same.

        Args:
            kind: of seeds.
            channels: asked for.
            certainty: see ``certainty_of``.
        """
        asked = tuple(channels)
        positions = [CHANNELS.index(channel) for channel in asked]
        rows = self.weights[KINDS.index(kind)][positions]
        if not rows.any():
            rows = np.ones_like(rows)
        rows = rows * sway(certainty)[positions]
        return dict(zip(asked, rows / rows.sum(), strict=True))


def sway(certainty: float) -> NDArray[np.float64]:
    """(channels, features) factors of the weights: the surer the playlist channel is, the less
    all else counts than its own ranking."""
    factors = np.full((len(CHANNELS), len(FEATURES)), 1 - certainty)
    factors[CHANNELS.index("playlist"), : len(RANKED_FEATURES)] = 1
    return factors


def certainty_of(confidences: Iterable[float], is_artist: bool = False) -> float:
    """How much is known from playlists alone, 0..``MOST_CERTAIN``.

    Of one song that follows its confidence; of n, ``1 - 1 / sqrt(n)``, as the error of a mean
    of n falls. Songs that are in no playlist do not count, and an artist is asked about for
    more than what is played with the artist's songs.

    Args:
        confidences: of what the playlist channel says of each seed (``Answer.confidence``).
        is_artist: the songs stand for an artist.
    """
    known = [confidence for confidence in confidences if confidence > 0]
    if not known or is_artist:
        return 0.0
    own = known[0] / SURE_CONFIDENCE if len(known) == 1 else 1 - len(known) ** -0.5
    return min(own, MOST_CERTAIN)


def kind_of(seeds: int, confidences: Iterable[float], is_artist: bool = False) -> str:
    """Kind of seeds.

    Args:
        seeds: how many songs.
        confidences: of what the playlist channel says of each (``Answer.confidence``).
        is_artist: the songs stand for an artist.
    """
    if is_artist:
        return "several"
    if not any(confidence > 0 for confidence in confidences):
        return "cold"
    return "one" if seeds == 1 else "several"


def features_of(strength: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n, 4) features of a channel's tracks, best first, from their (n,) mean strengths."""
    places = np.arange(len(strength), dtype=np.float64)
    kept = np.clip(strength, 0, 1)
    return np.stack([np.ones(len(kept)), HALF / (HALF + places), kept, np.sqrt(kept)], axis=1)


DEFAULT_MODEL = RankingModel.of(
    {
        "cold": {
            "acoustic": [0.0, 0.31, 0.0, 0.0, 0.0, 0.0, 0.87, 0.0],
            "genre_popular": [0.0, 0.39, 0.0, 0.0, 0.0, 0.04, 0.92, 0.45],
            "same_artist": [0.35, 0.43, 0.0, 0.0, 0.03, 0.0, 1.05, 0.74],
            "related_artist": [0.0, 0.02, 0.0, 0.0, 0.06, 0.0, 1.15, 0.23],
            "playlist": [0.0, 0.02, 0.2, 0.0, 0.12, 0.0, 0.0, 0.0],
        },
        "one": {
            "acoustic": [0.23, 0.31, 0.0, 0.0, 0.03, 0.0, 0.0, 0.0],
            "genre_popular": [0.0, 0.03, 0.0, 0.0, 0.0, 0.05, 0.09, 0.27],
            "same_artist": [0.16, 0.29, 0.0, 0.0, 0.29, 0.13, 0.12, 0.23],
            "related_artist": [0.0, 0.02, 0.0, 0.0, 0.0, 0.0, 0.03, 0.01],
            "playlist": [0.0, 0.78, 0.51, 0.32, 0.0, 0.23, 1.11, 0.16],
        },
        "several": {
            "acoustic": [0.29, 0.24, 0.0, 0.0, 0.0, 0.19, 0.17, 0.45],
            "genre_popular": [0.0, 0.02, 0.0, 0.0, 0.0, 0.08, 0.26, 0.28],
            "same_artist": [0.08, 0.77, 0.0, 0.0, 0.0, 0.36, 0.29, 0.4],
            "related_artist": [0.0, 0.14, 0.0, 0.0, 0.0, 0.0, 0.14, 0.17],
            "playlist": [0.0, 1.03, 0.49, 0.3, 0.0, 0.38, 0.28, 0.1],
        },
    }
)
"""Found on validation playlists of the data that the figures in the README are from."""
