"""The ranking model: weights that turn what each channel says of a track into a score.

A late-fusion model, linear in the features and one for each ``SeedRegime``. A track's score is a
sum over channels, and a channel's part a sum of its ``FEATURES`` times weights that are not
negative. So every contribution can be read off, and without a channel what it found only scores
lower. The weights are constants, ``DEFAULT_MODEL``: what was judged is what serves.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from embeat_serve.contract.schema import EVIDENCE_CHANNELS, TITLE_CHANNEL
from embeat_serve.ranking.features import CHANNEL_FEATURES, FEATURES


class SeedRegime(StrEnum):
    """Kind of seeds, by what playlists know of them; the values are keys of a stored model."""

    COLD_START = "cold"
    """No seed is in a playlist, or none is in the catalogue."""
    SINGLE = "one"
    """One song that is in playlists."""
    MULTI = "several"
    """Several songs, at least one of them in playlists; or an artist."""
    TITLE = "title"
    """No song, but the title of the list."""


SEED_REGIMES = tuple(SeedRegime)
"""The regimes, in the order of ``RankingModel.weights``."""

FULL_CONFIDENCE = 0.6
"""Confidence of a single song from which only its own playlists count."""

MAX_PLAYLIST_CONFIDENCE = 0.95
"""Highest ``playlist_confidence``, so that the other channels keep some weight."""


@dataclass(frozen=True)
class RankingModel:
    """Weights by seed regime, channel and feature.

    Attributes:
        weights: (regimes, channels, features) float64, none negative, in the order of
            ``SEED_REGIMES``, ``schema.EVIDENCE_CHANNELS`` and ``FEATURES``.
    """

    weights: NDArray[np.float64]

    @classmethod
    def from_dict(cls, content: Mapping[str, Mapping[str, Sequence[float]]]) -> Self:
        """Read ``{regime: {channel: [weight of each feature]}}``; what is left out weighs 0.

        Raises:
            ValueError: a name is unknown, or a weight is negative or no number.
        """
        weights = np.zeros((len(SEED_REGIMES), len(EVIDENCE_CHANNELS), len(FEATURES)))
        for regime, channels in content.items():
            of_regime = weights[SEED_REGIMES.index(SeedRegime(regime))]
            for channel, values in channels.items():
                of_regime[EVIDENCE_CHANNELS.index(channel), : len(values)] = values
        if not (np.isfinite(weights).all() and (weights >= 0).all()):
            raise ValueError("weights of the ranking model must be numbers, none negative")
        return cls(weights)

    def weights_for(
        self, regime: SeedRegime, channels: Iterable[str], confidence: float = 0.0
    ) -> dict[str, NDArray[np.float64]]:
        """Weights of each channel of a request.

        They are scaled so that a track with every feature at 1 in every channel scores 1. Where
        no weight of the channels is above 0, all are alike.

        Args:
            regime: of the seeds.
            channels: of the request.
            confidence: see ``playlist_confidence``.

        Returns:
            channel -> (features,) float64.
        """
        names = tuple(channels)
        rows = [EVIDENCE_CHANNELS.index(channel) for channel in names]
        weights = self.weights[SEED_REGIMES.index(regime)][rows]
        if not weights.any():
            weights = np.ones_like(weights)
        weights = weights * confidence_weight(confidence)[rows]
        return dict(zip(names, weights / weights.sum(), strict=True))


def confidence_weight(confidence: float) -> NDArray[np.float64]:
    """(channels, features) factors of the weights: 1 for the title and the playlist channel.

    All other factors, and those of metadata, are ``1 - confidence``: the more playlists tell, the
    less the rest counts.
    """
    factors = np.full((len(EVIDENCE_CHANNELS), len(FEATURES)), 1 - confidence)
    factors[EVIDENCE_CHANNELS.index("playlist"), : len(CHANNEL_FEATURES)] = 1
    factors[EVIDENCE_CHANNELS.index(TITLE_CHANNEL)] = 1
    return factors


def playlist_confidence(confidences: Iterable[float], is_artist: bool = False) -> float:
    """How much playlists alone tell of the seeds, 0..``MAX_PLAYLIST_CONFIDENCE``.

    For one song it grows with the song's confidence. For n songs it is ``1 - 1 / sqrt(n)``: the
    error of a mean of n falls like that. Songs in no playlist do not count. It is 0 for an artist,
    as a list like an artist is more than what is played with the artist's songs.

    Args:
        confidences: of the playlist channel's result for each seed: ``ChannelResult.confidence``.
        is_artist: whether the songs stand for an artist.
    """
    positive = [confidence for confidence in confidences if confidence > 0]
    if not positive or is_artist:
        return 0.0
    number = len(positive)
    confidence = positive[0] / FULL_CONFIDENCE if number == 1 else 1 - number**-0.5
    return min(confidence, MAX_PLAYLIST_CONFIDENCE)


def seed_regime(seeds: int, confidences: Iterable[float], is_artist: bool = False) -> SeedRegime:
    """The regime of some seeds.

    Args:
        seeds: number of songs.
        confidences: of the playlist channel's result for each: ``ChannelResult.confidence``.
        is_artist: whether the songs stand for an artist.
    """
    if is_artist:
        return SeedRegime.MULTI
    if not any(confidence > 0 for confidence in confidences):
        return SeedRegime.COLD_START
    return SeedRegime.SINGLE if seeds == 1 else SeedRegime.MULTI


DEFAULT_MODEL = RankingModel.from_dict(
    json.loads(Path(__file__).with_name("default_weights.json").read_text(encoding="utf-8"))
)
"""Weights fitted to validation playlists of the data that the README's figures are from."""
