"""Candidates of a list, and the evidence that speaks for each.

What the channels found becomes arrays over all candidates, which is what scores are computed on;
objects are made of those that are looked at one by one.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from embeat_serve.answers import Answer
from embeat_serve.contract import CHANNELS, TrackField
from embeat_serve.fusion import (
    DEFAULT_MODEL,
    FEATURES,
    RANKED_FEATURES,
    FusionModel,
    Ranked,
    certainty_of,
    features_of,
    kind_of,
)
from embeat_serve.likeness import likeness
from embeat_serve.merging import Merged, Pieces, line, merge
from embeat_serve.settings import RecallOptions


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
    """See ``Answer``."""
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
class Fused:
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
    pieces: Pieces

    @property
    def scores(self) -> NDArray[np.float64]:
        """(n,) 0..1."""
        return (self.parts + self.extra).sum(axis=1)

    def take(self, rows: NDArray[np.intp]) -> "Fused":
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
        of_track = Pieces._make(column[where] for column in self.pieces)
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


HELD_BACK_WEIGHT = 0.5
"""Weight of held-back evidence, as a share of its channel's last weight: below all else."""

HELD_BACK_SCORE = 1e-3
"""The same under the fusion model: of its first track."""


def fuse(
    answers: Sequence[Answer],
    options: RecallOptions,
    model: FusionModel = DEFAULT_MODEL,
    seeds: int = 1,
    is_artist: bool = False,
) -> Fused:
    """Merge what the channels found.

    Within a channel the answers for all seeds become one list: a place gives a track the
    channel's first weight to its last, on a straight line, and what it gets for each seed is
    added up, so that what several seeds agree on leads. What the channels' lists add to the score
    is said by the fusion model or, without ``learned``, by the places in them alone, again on a
    straight line. A score of 1 is the best in every channel asked: little evidence gives a low
    score, however long the list has to be.

    Args:
        answers: of all channels.
        options: channels and weights.
        model: weights of the evidence.
        seeds: how many songs were asked about.
        is_artist: they stand for an artist.
    """
    learned = _weights(answers, options, model, seeds, is_artist)
    unit = 1 / max(sum(options.weights(channel)[0] for channel in options.channels), 1e-9)
    known = np.zeros(0, np.int64)
    holders: dict[str, int] = {}
    lists: list[_Listed] = []
    # What is held back can only add tracks, so it comes last.
    groups = _groups(answers)
    for channel, held_back_by in sorted(groups, key=lambda group: group[1] is not None):
        of_channel = groups[channel, held_back_by]
        merged = merge(of_channel, options)
        if held_back_by:
            merged = merged.without(known)
        first, last = options.weights(channel)
        number = len(merged.ids)
        if held_back_by and options.learned:
            weights = line(HELD_BACK_SCORE, 0.0, number)
        elif held_back_by:
            weights = line(last * HELD_BACK_WEIGHT * unit, 0.0, number)
        elif options.learned:
            ranked = learned[channel][: len(RANKED_FEATURES)]
            weights = _features(merged, len(of_channel)) @ ranked
        else:
            weights = line(first * unit, last * unit, number)
        holder = holders.setdefault(held_back_by, len(holders)) if held_back_by else -1
        lists.append(_Listed(merged, CHANNELS.index(channel), holder, weights))
        known = np.union1d(known, merged.ids)
    return _fused(known, lists, tuple(holders))


def weigh_payload(
    fused: Fused,
    features: NDArray[np.float64],
    answers: Sequence[Answer],
    options: RecallOptions,
    model: FusionModel = DEFAULT_MODEL,
    seeds: int = 1,
    is_artist: bool = False,
) -> Fused:
    """Add what the fusion model gives for what the payload says, once it is known.

    Every channel that found a track adds its own weights times those features; what a channel
    adds is shared out among its evidence.

    Args:
        fused: candidates.
        features: (n, 4) of each, see ``payload_features``.
        answers: and the rest as in ``fuse``.
    """
    if not options.learned:
        return fused
    learned = _weights(answers, options, model, seeds, is_artist)
    nothing = np.zeros(len(FEATURES))
    weights = [learned.get(name, nothing)[len(RANKED_FEATURES) :] for name in CHANNELS]
    free = fused.found & (fused.held_back < 0)[:, None]
    return replace(fused, extra=free * (features @ np.stack(weights).T))


def payload_features(
    seeds: Sequence[Mapping[str, Any]], tracks: Sequence[Mapping[str, Any]]
) -> NDArray[np.float64]:
    """(n, 4) ``fusion.PAYLOAD_FEATURES`` of n tracks, from the payload of the seeds and theirs."""
    popularity = [track.get(TrackField.POPULARITY) or 0 for track in tracks]
    return np.column_stack([np.array(popularity, np.float64) / 100, likeness(seeds, tracks)])


def _weights(
    answers: Sequence[Answer],
    options: RecallOptions,
    model: FusionModel,
    seeds: int,
    is_artist: bool,
) -> dict[str, NDArray[np.float64]]:
    of_kind = kind(answers, seeds, is_artist)
    return model.of_kind(of_kind, options.channels, certainty(answers, is_artist))


def kind(answers: Iterable[Answer], seeds: int, is_artist: bool) -> str:
    """Kind of seeds, see ``fusion.kind_of``."""
    return kind_of(seeds, _confidences(answers), is_artist)


def certainty(answers: Iterable[Answer], is_artist: bool) -> float:
    """How much the playlist channel knows of the seeds, see ``fusion.certainty_of``."""
    return certainty_of(_confidences(answers), is_artist)


def _confidences(answers: Iterable[Answer]) -> Iterable[float]:
    return {item.seed: item.confidence for item in answers if item.channel == "playlist"}.values()


def ranked_by_channel(answers: Sequence[Answer], options: RecallOptions) -> dict[str, Ranked]:
    """What each channel found and the fusion model sees of it, without what is held back."""
    found = {}
    for (channel, held_back_by), of_channel in _groups(answers).items():
        if not held_back_by:
            merged = merge(of_channel, options)
            found[channel] = Ranked(merged.ids, _features(merged, len(of_channel)))
    return found


def _groups(answers: Iterable[Answer]) -> dict[tuple[str, str | None], list[Answer]]:
    groups: dict[tuple[str, str | None], list[Answer]] = {}
    for answer in answers:
        groups.setdefault((answer.channel, answer.held_back_by), []).append(answer)
    return groups


class _Listed(NamedTuple):
    merged: Merged
    channel: int
    holder: int
    weights: NDArray[np.float64]


def _features(merged: Merged, answered: int) -> NDArray[np.float64]:
    return features_of(merged.strengths / answered)


def _fused(known: NDArray[np.int64], lists: list[_Listed], holders: tuple[str, ...]) -> Fused:
    parts = np.zeros((len(known), len(CHANNELS)))
    found = np.zeros((len(known), len(CHANNELS)), bool)
    held_back = np.full(len(known), -1)
    for listed in lists:
        rows = np.searchsorted(known, listed.merged.ids)
        parts[rows, listed.channel] = listed.weights
        found[rows, listed.channel] = True
        held_back[rows] = listed.holder
    nothing = Pieces._make(np.zeros(0, np.int64) for _ in Pieces._fields)
    columns = zip(*(nothing, *(listed.merged.pieces for listed in lists)), strict=True)
    joint = [np.concatenate(column) for column in columns]
    order = np.argsort(joint[0], kind="stable")
    pieces = Pieces._make(column[order] for column in joint)
    best = np.lexsort((known, -parts.sum(axis=1)))
    whole = Fused(known, parts, np.zeros_like(parts), found, held_back, holders, pieces)
    return whole.take(best)
