"""Score candidates: by what the channels found, then by what the payload says.

``ScoringContext`` chooses the weights once. ``score_channels`` makes the table of candidates;
``score_metadata`` adds to its scores when the payload has been read.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum, auto
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from embeat_serve.contract.schema import EVIDENCE_CHANNELS, TITLE_CHANNEL
from embeat_serve.options import RecallOptions
from embeat_serve.ranking.candidates import CandidateTable
from embeat_serve.ranking.features import CHANNEL_FEATURES, FEATURES, channel_features
from embeat_serve.ranking.merge import EvidenceTable, MergedChannel, linear_weights, merge_seeds
from embeat_serve.ranking.model import (
    RankingModel,
    SeedRegime,
    playlist_confidence,
    seed_regime,
)
from embeat_serve.ranking.upstream_scoring import RankScorer
from embeat_serve.retrieval.channel import ChannelResult

MAX_BLOCKED_SCORE = 1e-3
"""Score of the first blocked track of a channel: blocked tracks come after all others."""

PLACE_WEIGHTS = (1.0, 0.5)
"""Weights of a result's first and last place, where the seeds' results are merged."""


class TitleRole(Enum):
    """What the title of a list counts for."""

    NONE = auto()
    """No title is given, or it says nothing."""
    BESIDE_SEEDS = auto()
    """It says more of the list that seeds ask for."""
    ALONE = auto()
    """It is all that the list is made from."""


class Scorer(Protocol):
    """How a channel's tracks are scored."""

    def place_weights(self, channel: str) -> tuple[float, float]:
        """Weights of the first and last place of a result, to merge the seeds' results by."""
        ...

    def channel_scores(
        self, channel: str, merged: MergedChannel, seeds: int
    ) -> NDArray[np.float64]:
        """(n,) what a channel adds to the scores of its tracks, found for so many seeds."""
        ...

    def blocked_scores(self, channel: str, number: int) -> NDArray[np.float64]:
        """(number,) scores of a channel's blocked tracks, best first."""
        ...

    def metadata_scores(self, features: NDArray[np.float64]) -> NDArray[np.float64]:
        """(n, channels) what payload adds through each channel, from (n, 4) metadata features."""
        ...


@dataclass(frozen=True)
class LearnedScorer:
    """Scores by the ranking model.

    Attributes:
        weights: channel -> (features,) weights, see ``RankingModel.weights_for``.
    """

    weights: Mapping[str, NDArray[np.float64]]

    def place_weights(self, channel: str) -> tuple[float, float]:
        """See ``Scorer``: the same in every channel."""
        return PLACE_WEIGHTS

    def channel_scores(
        self, channel: str, merged: MergedChannel, seeds: int
    ) -> NDArray[np.float64]:
        """See ``Scorer``: channel features times weights."""
        features = channel_features(merged.strengths / seeds)
        return features @ self.weights[channel][: len(CHANNEL_FEATURES)]

    def blocked_scores(self, channel: str, number: int) -> NDArray[np.float64]:
        """See ``Scorer``: by place, below all tracks that are not blocked."""
        return linear_weights(MAX_BLOCKED_SCORE, 0.0, number)

    def metadata_scores(self, features: NDArray[np.float64]) -> NDArray[np.float64]:
        """See ``Scorer``: metadata features times weights."""
        unused = np.zeros(len(FEATURES))
        weights = [
            self.weights.get(name, unused)[len(CHANNEL_FEATURES) :] for name in EVIDENCE_CHANNELS
        ]
        return features @ np.stack(weights).T


@dataclass(frozen=True)
class ScoringContext:
    """What weights depend on besides the results of the channels.

    Attributes:
        options: channels of the request; its upstream options choose the scorer.
        model: weights of the evidence.
        seeds: number of seed songs.
        is_artist: whether they stand for an artist.
        title: what the title of the list counts for.
    """

    options: RecallOptions
    model: RankingModel
    seeds: int = 1
    is_artist: bool = False
    title: TitleRole = TitleRole.NONE

    def scorer(self, results: Sequence[ChannelResult]) -> Scorer:
        """The scorer for some results, its weights chosen by what playlists know of the seeds."""
        upstream, channels = self.options.upstream, self.options.channels
        if upstream is not None and not upstream.learned:
            return RankScorer(upstream, channels)
        if self.title is not TitleRole.NONE:
            channels = (*channels, TITLE_CHANNEL)
        if self.title is TitleRole.ALONE:
            return LearnedScorer(self.model.weights_for(SeedRegime.TITLE, channels))
        regime = regime_of(results, self.seeds, self.is_artist)
        confidence = confidence_of(results, self.is_artist)
        return LearnedScorer(self.model.weights_for(regime, channels, confidence))


def score_channels(results: Sequence[ChannelResult], scorer: Scorer) -> CandidateTable:
    """Merge the results of all channels into a table of scored candidates, best first.

    Within a channel the results for all seeds become one list (``merge_seeds``). A score of 1 is
    the best track of every channel; little evidence gives a low score, however long the list.
    Blocked results add tracks that no other result holds, and no score to those that one holds.
    """
    ids = np.zeros(0, np.int64)
    rules: dict[str, int] = {}
    scored: list[_ScoredChannel] = []
    groups = _by_channel_and_rule(results)
    # What is blocked can only add tracks, so it comes last.
    for (channel, rule), of_channel in sorted(
        groups.items(), key=lambda group: group[0][1] is not None
    ):
        merged = merge_seeds(of_channel, scorer.place_weights(channel))
        if rule is None:
            scores = scorer.channel_scores(channel, merged, len(of_channel))
        else:
            merged = merged.without(ids)
            scores = scorer.blocked_scores(channel, len(merged.ids))
        position = -1 if rule is None else rules.setdefault(rule, len(rules))
        scored.append(_ScoredChannel(merged, EVIDENCE_CHANNELS.index(channel), position, scores))
        ids = np.union1d(ids, merged.ids)
    return _table(ids, scored, tuple(rules))


def score_metadata(
    table: CandidateTable, features: NDArray[np.float64], scorer: Scorer
) -> CandidateTable:
    """Add what the payload says to the scores, through every channel that found a track.

    Args:
        table: candidates; the order of the rows stays.
        features: (n, 4) of each, see ``features.metadata_features``.
        scorer: the one that ``score_channels`` was given.
    """
    counts = table.found & (table.blocked < 0)[:, None]
    return replace(table, metadata_scores=counts * scorer.metadata_scores(features))


def regime_of(results: Iterable[ChannelResult], seeds: int, is_artist: bool = False) -> SeedRegime:
    """Seed regime, read from the playlist channel's results."""
    return seed_regime(seeds, _playlist_confidences(results), is_artist)


def confidence_of(results: Iterable[ChannelResult], is_artist: bool = False) -> float:
    """``model.playlist_confidence``, read from the playlist channel's results."""
    return playlist_confidence(_playlist_confidences(results), is_artist)


class _ScoredChannel(NamedTuple):
    merged: MergedChannel
    channel: int
    rule: int
    scores: NDArray[np.float64]


def _playlist_confidences(results: Iterable[ChannelResult]) -> list[float]:
    by_seed = {result.seed: result.confidence for result in results if result.channel == "playlist"}
    return list(by_seed.values())


def _by_channel_and_rule(
    results: Iterable[ChannelResult],
) -> dict[tuple[str, str | None], list[ChannelResult]]:
    """Results by channel and blocking rule: those of the first seed first, then the second's..."""
    groups: dict[tuple[str, str | None], list[ChannelResult]] = {}
    for result in sorted(results, key=lambda result: result.seed):
        groups.setdefault((result.channel, result.blocked_by), []).append(result)
    return groups


def _table(
    ids: NDArray[np.int64], scored: Sequence[_ScoredChannel], rules: tuple[str, ...]
) -> CandidateTable:
    channel_scores = np.zeros((len(ids), len(EVIDENCE_CHANNELS)))
    found = np.zeros((len(ids), len(EVIDENCE_CHANNELS)), bool)
    blocked = np.full(len(ids), -1)
    for one in scored:
        rows = np.searchsorted(ids, one.merged.ids)
        channel_scores[rows, one.channel] = one.scores
        found[rows, one.channel] = True
        blocked[rows] = one.rule
    evidence = EvidenceTable.concatenate([one.merged.evidence for one in scored])
    evidence = evidence.select(np.argsort(evidence.ids, kind="stable"))
    best_first = np.lexsort((ids, -channel_scores.sum(axis=1)))
    table = CandidateTable(
        ids, channel_scores, np.zeros_like(channel_scores), found, blocked, rules, evidence
    )
    return table.select(best_first)
