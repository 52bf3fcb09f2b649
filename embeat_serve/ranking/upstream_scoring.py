"""The scorer of ``--preset upstream``: by a track's place in each channel's list alone."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from embeat_serve.contract.schema import EVIDENCE_CHANNELS
from embeat_serve.ranking.merge import MergedChannel, linear_weights
from embeat_serve.upstream_options import UpstreamOptions

BLOCKED_SHARE = 0.5
"""Score of a channel's first blocked track, as a share of its last weight: below all else."""


@dataclass(frozen=True)
class RankScorer:
    """Scores on a straight line from a channel's first weight to its last.

    Attributes:
        options: give the weights.
        channels: of the request; a track that is first in all of them scores 1.
    """

    options: UpstreamOptions
    channels: tuple[str, ...]

    @property
    def _unit(self) -> float:
        return 1 / max(sum(self.options.weights(channel)[0] for channel in self.channels), 1e-9)

    def place_weights(self, channel: str) -> tuple[float, float]:
        """See ``scoring.Scorer``."""
        return self.options.weights(channel)

    def channel_scores(
        self, channel: str, merged: MergedChannel, seeds: int
    ) -> NDArray[np.float64]:
        """See ``scoring.Scorer``."""
        first, last = self.options.weights(channel)
        return linear_weights(first * self._unit, last * self._unit, len(merged.ids))

    def blocked_scores(self, channel: str, number: int) -> NDArray[np.float64]:
        """See ``scoring.Scorer``."""
        _, last = self.options.weights(channel)
        return linear_weights(last * BLOCKED_SHARE * self._unit, 0.0, number)

    def metadata_scores(self, features: NDArray[np.float64]) -> NDArray[np.float64]:
        """See ``scoring.Scorer``: none."""
        return np.zeros((len(features), len(EVIDENCE_CHANNELS)))
