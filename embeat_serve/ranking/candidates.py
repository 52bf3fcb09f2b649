"""Candidates of a list, and the evidence that speaks for each.

What the channels found becomes arrays over all candidates, which is what scores are computed on;
objects are made of those that are looked at one by one.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from embeat_serve.contract.schema import CHANNELS, TrackField
from embeat_serve.ranking.merge import EvidenceTable


class Evidence(NamedTuple):
    """Why a track is a candidate."""

    channel: str
    seed: int
    cosine: float | None
    contribution: float
    """To the score."""
    strength: float | None = None
    """See ``Answer.strengths``."""
    confidence: float = 1.0
    """See ``ChannelResult``."""
    shared: int | None = None
    """Playlists, see ``Neighbours.shared``; None where nobody counted."""


@dataclass(eq=False, slots=True)
class Candidate:
    """A track that may enter the list."""

    id: int
    evidence: list[Evidence] = field(default_factory=list)
    """Of what is listed: see ``Fused.tell``."""
    held_back_by: str | None = None
    payload: Mapping[str, Any] = field(default_factory=dict)
    score: float = 0.0
    """Sum of the contributions, 0..1."""

    def channels(self) -> dict[str, float]:
        """Contribution of each channel, greatest first; they sum to the score."""
        sums: dict[str, float] = dict.fromkeys(CHANNELS, 0.0)
        for item in self.evidence:
            sums[item.channel] += item.contribution
        return dict(sorted(((c, v) for c, v in sums.items() if v > 0), key=lambda pair: -pair[1]))

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
    """Candidates: n of them, best first, ties by id.

    Attributes:
        ids: (n,) int64 track codes.
        parts: (n, channels) float64, what each channel's own evidence adds to the score.
        extra: (n, channels) float64, what the payload adds through each.
        found: (n, channels) bool, whether the channel found it.
        held_back: (n,) place in ``holders`` of the setting that holds it back, or -1.
        holders: settings.
        pieces: evidence of all of them, and maybe of others.
    """

    ids: NDArray[np.int64]
    parts: NDArray[np.float64]
    extra: NDArray[np.float64]
    found: NDArray[np.bool_]
    held_back: NDArray[np.intp]
    holders: tuple[str, ...]
    pieces: EvidenceTable

    @property
    def scores(self) -> NDArray[np.float64]:
        """(n,) 0..1."""
        return (self.parts + self.extra).sum(axis=1)

    def take(self, rows: NDArray[np.intp]) -> "CandidateTable":
        """Some of the candidates, in the order of ``rows``."""
        columns = ("ids", "parts", "extra", "found", "held_back")
        return replace(self, **{name: getattr(self, name)[rows] for name in columns})

    def candidates(self, payloads: Mapping[int, Mapping[str, Any]]) -> list[Candidate]:
        """Each of them, without its evidence."""
        columns = self.ids.tolist(), self.held_back.tolist(), self.scores.tolist()
        return [
            Candidate(id, [], self.holders[held] if held >= 0 else None, payloads[id], score)
            for id, held, score in zip(*columns, strict=True)
        ]

    def tell(self, candidates: Iterable[Candidate]) -> None:
        """Give candidates, of these, the evidence that makes up their scores.

        Where a score was scaled meanwhile, so are the contributions.
        """
        chosen = list(candidates)
        if not chosen:
            return
        place = {id: row for row, id in enumerate(self.ids.tolist())}
        rows = np.array([place[candidate.id] for candidate in chosen])
        whole = self.scores[rows]
        wanted = np.array([candidate.score for candidate in chosen])
        factors = np.divide(wanted, whole, out=np.ones_like(whole), where=whole > 0)
        first, end = (
            np.searchsorted(self.pieces.ids, self.ids[rows], side=side)
            for side in ("left", "right")
        )
        for candidate, row, factor, start, stop in zip(
            chosen, rows.tolist(), factors.tolist(), first.tolist(), end.tolist(), strict=True
        ):
            candidate.evidence = self._evidence(row, factor, slice(start, stop))

    def _evidence(self, row: int, factor: float, where: slice) -> list[Evidence]:
        of_track = EvidenceTable._make(column[where] for column in self.pieces)
        channels = of_track.channels
        number = np.bincount(channels, minlength=len(CHANNELS))[channels]
        added = self.parts[row, channels] * of_track.shares + self.extra[row, channels] / number
        columns = (
            channels,
            of_track.seeds,
            of_track.cosines,
            added * factor,
            of_track.strengths,
            of_track.confidences,
            of_track.shared,
        )
        return [
            Evidence(CHANNELS[c], seed, _known(cosine), part, _known(strength), sure, _counted(n))
            for c, seed, cosine, part, strength, sure, n in zip(
                *(column.tolist() for column in columns), strict=True
            )
        ]


def _known(value: float) -> float | None:
    return None if value != value else value


def _counted(number: int) -> int | None:
    return None if number < 0 else number
