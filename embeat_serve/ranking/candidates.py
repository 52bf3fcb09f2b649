"""Candidates of a list: a table to compute scores on, and an object for each that is looked at."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import isnan
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from embeat_serve.contract.payload import TrackPayload
from embeat_serve.contract.schema import EVIDENCE_CHANNELS, TrackField
from embeat_serve.ranking.merge import EvidenceTable


class Evidence(NamedTuple):
    """One reason for a candidate: one channel found it for one seed."""

    channel: str
    seed: int
    """Position among the seeds."""
    cosine: float | None
    """To the seed; None where the channel has none."""
    contribution: float
    """To the candidate's score."""
    strength: float | None = None
    """0..1, see ``ChannelResult.strengths``."""
    confidence: float = 1.0
    """0..1, see ``ChannelResult.confidence``."""
    shared: int | None = None
    """Playlists, see ``NeighbourList.shared``; None where nobody counted."""


@dataclass(eq=False, slots=True)
class Candidate:
    """A track that may enter the list.

    Attributes:
        id: track code.
        evidence: why it is a candidate; empty until ``CandidateTable.attach_evidence``.
        blocked_by: rule that keeps it off the list until it is relaxed.
        payload: what the release says of the track.
        score: 0..1, the sum of the contributions.
    """

    id: int
    evidence: list[Evidence] = field(default_factory=list[Evidence])
    blocked_by: str | None = None
    payload: TrackPayload = field(default_factory=TrackPayload)
    score: float = 0.0

    def channels(self) -> dict[str, float]:
        """Contribution of each channel, greatest first; they sum to the score."""
        sums: dict[str, float] = dict.fromkeys(EVIDENCE_CHANNELS, 0.0)
        for item in self.evidence:
            sums[item.channel] += item.contribution
        positive = ((channel, part) for channel, part in sums.items() if part > 0)
        return dict(sorted(positive, key=lambda pair: -pair[1]))

    def scale(self, factor: float) -> None:
        """Multiply the score, and every contribution to it."""
        self.score *= factor
        self.evidence = [
            item._replace(contribution=item.contribution * factor) for item in self.evidence
        ]

    @property
    def popularity(self) -> int | None:
        """0..100; None where unknown."""
        return self.payload.get(TrackField.POPULARITY)

    @property
    def artist_codes(self) -> Sequence[int]:
        """Main artist first."""
        return self.payload.get(TrackField.ARTIST_CODES, ())


@dataclass(frozen=True, eq=False)
class CandidateTable:
    """Candidates as arrays: n of them.

    Attributes:
        ids: (n,) int64 track codes.
        channel_scores: (n, channels) float64, what each channel's result adds to the score.
        metadata_scores: (n, channels) float64, what the payload adds through each channel.
        found: (n, channels) bool, whether the channel found the track.
        blocked: (n,) position in ``blocking_rules`` of the rule that blocks it, or -1.
        blocking_rules: names of rules.
        evidence: evidence for these tracks, and maybe for others, by ascending track code.
    """

    ids: NDArray[np.int64]
    channel_scores: NDArray[np.float64]
    metadata_scores: NDArray[np.float64]
    found: NDArray[np.bool_]
    blocked: NDArray[np.intp]
    blocking_rules: tuple[str, ...]
    evidence: EvidenceTable

    @property
    def scores(self) -> NDArray[np.float64]:
        """(n,) 0..1."""
        return (self.channel_scores + self.metadata_scores).sum(axis=1)

    def select(self, rows: NDArray[np.intp]) -> "CandidateTable":
        """Some of the candidates, in the order of ``rows``."""
        columns = ("ids", "channel_scores", "metadata_scores", "found", "blocked")
        return replace(self, **{name: getattr(self, name)[rows] for name in columns})

    def candidates(self, payloads: Mapping[int, TrackPayload]) -> list[Candidate]:
        """An object for each candidate, without its evidence.

        Args:
            payloads: by track code; one for each candidate.
        """
        rules: tuple[str | None, ...] = (*self.blocking_rules, None)
        ids: list[int] = self.ids.tolist()
        blocked: list[int] = self.blocked.tolist()
        scores: list[float] = self.scores.tolist()
        return [
            Candidate(id, [], rules[rule], payloads[id], score)
            for id, rule, score in zip(ids, blocked, scores, strict=True)
        ]

    def attach_evidence(self, candidates: Iterable[Candidate]) -> None:
        """Give candidates of this table the evidence that makes up their scores.

        Where a score was scaled meanwhile, so are the contributions.
        """
        chosen = list(candidates)
        if not chosen:
            return
        row_of = {id: row for row, id in enumerate(self.ids.tolist())}
        rows = np.array([row_of[candidate.id] for candidate in chosen])
        own = self.scores[rows]
        scaled = np.array([candidate.score for candidate in chosen])
        factors = np.divide(scaled, own, out=np.ones_like(own), where=own > 0)
        starts, ends = (
            np.searchsorted(self.evidence.ids, self.ids[rows], side=side)
            for side in ("left", "right")
        )
        for candidate, row, factor, start, end in zip(
            chosen, rows.tolist(), factors.tolist(), starts.tolist(), ends.tolist(), strict=True
        ):
            candidate.evidence = self._evidence(row, factor, slice(start, end))

    def _evidence(self, row: int, factor: float, pieces: slice) -> list[Evidence]:
        of_track = self.evidence.select(pieces)
        channels = of_track.channels
        # What the payload adds through a channel is shared evenly by the channel's evidence.
        number = np.bincount(channels, minlength=len(EVIDENCE_CHANNELS))[channels]
        contributions = (
            self.channel_scores[row, channels] * of_track.shares
            + self.metadata_scores[row, channels] / number
        )
        columns = (
            channels.tolist(),
            of_track.seeds.tolist(),
            of_track.cosines.tolist(),
            (contributions * factor).tolist(),
            of_track.strengths.tolist(),
            of_track.confidences.tolist(),
            of_track.shared.tolist(),
        )
        return [
            Evidence(
                EVIDENCE_CHANNELS[channel],
                seed,
                None if isnan(cosine) else cosine,
                contribution,
                None if isnan(strength) else strength,
                confidence,
                None if shared < 0 else shared,
            )
            for channel, seed, cosine, contribution, strength, confidence, shared in zip(
                *columns, strict=True
            )
        ]
