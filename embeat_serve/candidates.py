"""Candidates of a list, and the evidence that speaks for each."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from embeat_serve.contract import CHANNELS, TrackField
from embeat_serve.fusion import (
    DEFAULT_MODEL,
    RANKED_FEATURES,
    FusionModel,
    Ranked,
    certainty_of,
    features_of,
    kind_of,
)
from embeat_serve.likeness import likeness
from embeat_serve.settings import RecallOptions


class Found(NamedTuple):
    """A track that one channel found for one seed."""

    id: int
    cosine: float | None
    """To the seed, in the channel's own space; None where it has none."""
    strength: float | None = None
    """What speaks for it, 0..1, comparable between the channel's seeds; None where only its place
    in the answer says so."""


class Answer(NamedTuple):
    """What one channel found for one seed, best first."""

    channel: str
    seed: int
    """Position among the seeds."""
    found: tuple[Found, ...]
    held_back_by: str | None = None
    """Setting that keeps these tracks off the list unless it has to be relaxed."""
    confidence: float = 1.0
    """0..1: how much the answer rests on the seed itself rather than on its artist."""


class Evidence(NamedTuple):
    """Why a track is a candidate."""

    channel: str
    seed: int
    cosine: float | None
    contribution: float
    """To the score."""
    strength: float | None = None
    """See ``Found``."""
    confidence: float = 1.0
    """See ``Answer``."""


@dataclass(eq=False, slots=True)
class Candidate:
    """A track that may enter the list."""

    id: int
    evidence: list[Evidence] = field(default_factory=list)
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
) -> list[Candidate]:
    """Merge what the channels found, best candidates first, ties by id.

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
    weigh = _learned(answers, options, model, seeds, is_artist) if options.learned else None
    unit = 1 / max(sum(options.weights(channel)[0] for channel in options.channels), 1e-9)
    candidates: dict[int, Candidate] = {}
    groups = _groups(answers)
    # What is held back can only add tracks, so it comes last.
    for channel, held_back_by in sorted(groups, key=lambda group: group[1] is not None):
        of_channel = groups[channel, held_back_by]
        first, last = options.weights(channel)
        merged = _merge(of_channel, options)
        if held_back_by:
            merged = {id: found for id, found in merged.items() if id not in candidates}
        if weigh:
            weights = weigh(channel, merged, 0 if held_back_by else len(of_channel))
        else:
            top, end = (last * HELD_BACK_WEIGHT, 0.0) if held_back_by else (first, last)
            weights = _line(top * unit, end * unit, len(merged))
        for (id, found), weight in zip(merged.items(), weights, strict=True):
            candidate = candidates.setdefault(id, Candidate(id, held_back_by=held_back_by))
            candidate.score += weight
            total = sum(support.share for support in found)
            candidate.evidence += [
                Evidence(
                    channel,
                    support.seed,
                    support.found.cosine,
                    weight * support.share / total if len(found) > 1 else weight,
                    support.found.strength,
                    support.confidence,
                )
                for support in found
            ]
    return sorted(candidates.values(), key=lambda candidate: (-candidate.score, candidate.id))


def weigh_payload(
    candidates: Sequence[Candidate],
    seeds: Sequence[Mapping[str, Any]],
    answers: Sequence[Answer],
    options: RecallOptions,
    model: FusionModel = DEFAULT_MODEL,
    is_artist: bool = False,
) -> None:
    """Add what the fusion model gives for popularity and for what a track has in common with the
    seeds, once the payload is known.

    Every channel that found a track adds its own weights times those features; what a channel
    adds is shared out among its evidence.

    Args:
        candidates: with payload.
        seeds: payload of the songs asked about.
        answers: of all channels.
        options: channels.
        model: weights of the evidence.
        is_artist: the songs stand for an artist.
    """
    weighed = [candidate for candidate in candidates if not candidate.held_back_by]
    if not options.learned or not weighed:
        return
    weights = _weights(answers, options, model, len(seeds), is_artist)
    features = payload_features(seeds, [candidate.payload for candidate in weighed])
    added = {
        channel: (features @ of_channel[len(RANKED_FEATURES) :]).tolist()
        for channel, of_channel in weights.items()
    }
    for row, candidate in enumerate(weighed):
        pieces = Counter(item.channel for item in candidate.evidence)
        share = {channel: added[channel][row] / number for channel, number in pieces.items()}
        candidate.evidence = [
            item._replace(contribution=item.contribution + share[item.channel])
            for item in candidate.evidence
        ]
        candidate.score = sum(item.contribution for item in candidate.evidence)


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
            merged = _merge(of_channel, options)
            ids = np.fromiter(merged, np.int64, len(merged))
            found[channel] = Ranked(ids, _features(merged, len(of_channel)))
    return found


def _groups(answers: Iterable[Answer]) -> dict[tuple[str, str | None], list[Answer]]:
    groups: dict[tuple[str, str | None], list[Answer]] = {}
    for answer in answers:
        groups.setdefault((answer.channel, answer.held_back_by), []).append(answer)
    return groups


def _learned(
    answers: Sequence[Answer],
    options: RecallOptions,
    model: FusionModel,
    seeds: int,
    is_artist: bool,
) -> Callable[[str, "Mapping[int, list[_Support]]", int], Sequence[float]]:
    """What weighs a channel's tracks, given how many seeds' answers they are from; 0: held back."""
    weights = _weights(answers, options, model, seeds, is_artist)

    def weigh(
        channel: str, merged: "Mapping[int, list[_Support]]", answered: int
    ) -> Sequence[float]:
        if not answered:
            return _line(HELD_BACK_SCORE, 0.0, len(merged))
        return (_features(merged, answered) @ weights[channel][: len(RANKED_FEATURES)]).tolist()

    return weigh


def _features(merged: "Mapping[int, list[_Support]]", answered: int) -> NDArray[np.float64]:
    strengths = np.fromiter(
        (sum(support.found.strength or 0.0 for support in found) for found in merged.values()),
        np.float64,
        len(merged),
    )
    return features_of(strengths / answered)


class _Support(NamedTuple):
    """What one seed says of a track."""

    seed: int
    found: Found
    share: float
    """Of the agreement."""
    confidence: float


def _merge(answers: Sequence[Answer], options: RecallOptions) -> dict[int, list[_Support]]:
    """Tracks of one channel, best first, each with what the seeds say of it."""
    merged: dict[int, list[_Support]] = {}
    for answer in answers:
        first, last = (1.0, 0.5) if options.learned else options.weights(answer.channel)
        # Weights of 0 would leave nothing to tell places apart by.
        places = _line(max(first, 1e-9), max(last, 1e-9), len(answer.found))
        for found, place in zip(answer.found, places, strict=True):
            share = place if found.strength is None else found.strength
            support = _Support(answer.seed, found, share, answer.confidence)
            merged.setdefault(found.id, []).append(support)
    if len(answers) == 1:
        return merged
    agreement = {id: sum(support.share for support in found) for id, found in merged.items()}
    return {id: merged[id] for id in sorted(merged, key=lambda id: (-agreement[id], id))}


def _line(first: float, last: float, places: int) -> list[float]:
    step = (last - first) / max(places - 1, 1)
    return [first + step * place for place in range(places)]


MARGIN = 10
"""Songs more than the rules ask for, so that short lists have a choice, too."""

AMPLE = 5
"""Candidates read per song asked for: what caps, copies and remixes can use up."""


def shortlist(candidates: Sequence[Candidate], options: RecallOptions, k: int) -> list[Candidate]:
    """Candidates worth reading the payload of: more than the rules can use up.

    Without rules, the best 2k and a few, since copies of the seed and unpopular songs are left
    out. With them, the best ``AMPLE`` times k, of which at most twice as many of the seed's
    artist as may stay, and the first k/2 of every channel (so that popular songs, light in
    weight, are there when the list lacks them) and of those held back by every setting.
    """
    if not options.diversify:
        return list(candidates[: 2 * k + MARGIN])
    own_limit = 2 * int(options.same_artist_max_share * k) + MARGIN
    taken: dict[str, int] = {}
    own = 0
    chosen: list[Candidate] = []
    spare: list[Candidate] = []
    for candidate in candidates:
        channels = {item.channel for item in candidate.evidence}
        groups = {candidate.held_back_by} if candidate.held_back_by else channels
        leads = any(taken.get(group, 0) <= k // 2 for group in groups)
        is_own = "same_artist" in channels
        if (leads or len(chosen) < AMPLE * k) and not (is_own and own >= own_limit):
            chosen.append(candidate)
            own += is_own
            for group in groups:
                taken[group] = taken.get(group, 0) + 1
        else:
            spare.append(candidate)
    return chosen + spare[: max(0, AMPLE * k - len(chosen))]
