"""Oracle of ``embeat_serve.ranking``: the same scores, one track at a time.

It spells out rules and constants, and imports nothing that it judges.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from embeat_serve.options import RecallOptions
from embeat_serve.retrieval.channel import ChannelResult
from embeat_serve.upstream_options import UpstreamOptions

Weights = Mapping[str, Mapping[str, Sequence[float]]]
"""Regime -> channel -> weights of found, place, strength, root of strength; then of popularity,
genres, years and nearness in popularity."""


@dataclass
class PlainCandidate:
    """A candidate: pieces of evidence as (channel, seed, contribution)."""

    id: int
    blocked_by: str | None = None
    score: float = 0.0
    pieces: list[tuple[str, int, float]] = field(default_factory=list)


def result_of(
    channel: str,
    seed: int,
    tracks: Mapping[int, float | None],
    blocked_by: str | None = None,
    confidence: float = 1.0,
    cosine: float | None = None,
) -> ChannelResult:
    """A channel's result of track -> strength (None where it has none), best first."""
    ids = np.array(list(tracks), np.int64)
    strengths = [np.nan if value is None else value for value in tracks.values()]
    cosines = None if cosine is None else np.full(len(ids), cosine)
    return ChannelResult(
        channel, seed, ids, cosines, np.array(strengths), None, blocked_by, confidence
    )


def plain_regime(results: Sequence[ChannelResult], seeds: int) -> str:
    """``cold``, ``one`` or ``several``."""
    if not any(value > 0 for value in _confidences(results)):
        return "cold"
    return "one" if seeds == 1 else "several"


def plain_confidence(results: Sequence[ChannelResult]) -> float:
    """How much playlists tell of the seeds."""
    positive = [value for value in _confidences(results) if value > 0]
    if not positive:
        return 0.0
    if len(positive) == 1:
        return min(positive[0] / 0.6, 0.95)
    return min(1 - 1 / len(positive) ** 0.5, 0.95)


def plain_weights(
    model: Weights, regime: str, channels: Sequence[str], confidence: float
) -> dict[str, list[float]]:
    """Eight weights of each channel; those of all channels sum to 1."""
    weights = {
        channel: [*model.get(regime, {}).get(channel, ()), *[0.0] * 8][:8] for channel in channels
    }
    if not any(any(row) for row in weights.values()):
        weights = {channel: [1.0] * 8 for channel in channels}
    for channel, row in weights.items():
        for position in range(8):
            if channel != "playlist" or position >= 4:
                row[position] *= 1 - confidence
    total = sum(sum(row) for row in weights.values())
    return {channel: [value / total for value in row] for channel, row in weights.items()}


def line(first: float, last: float, places: int) -> list[float]:
    """Weights of places."""
    return [first + (last - first) / max(places - 1, 1) * place for place in range(places)]


def plain_scores(
    results: Sequence[ChannelResult],
    options: RecallOptions,
    model: Weights,
    seeds: int,
    metadata: Mapping[int, Sequence[float]] | None = None,
) -> list[PlainCandidate]:
    """Candidates best first by what channels say.

    With ``metadata`` (track -> four features) their scores hold what that adds, but the order is
    the one before.
    """
    upstream = options.upstream or UpstreamOptions()
    regime, confidence = plain_regime(results, seeds), plain_confidence(results)
    weights = plain_weights(model, regime, options.channels, confidence)
    unit = 1 / max(sum(upstream.weights(channel)[0] for channel in options.channels), 1e-9)
    groups: dict[tuple[str, str | None], list[ChannelResult]] = {}
    for result in sorted(results, key=lambda one: one.seed):
        groups.setdefault((result.channel, result.blocked_by), []).append(result)
    candidates: dict[int, PlainCandidate] = {}
    for channel, rule in sorted(groups, key=lambda group: group[1] is not None):
        first, last = upstream.weights(channel)
        merged: dict[int, list[tuple[int, float, float]]] = {}
        for result in groups[channel, rule]:
            ends = (1.0, 0.5) if upstream.learned else (max(first, 1e-9), max(last, 1e-9))
            places = line(*ends, len(result.ids))
            strengths = places if result.strengths is None else result.strengths.tolist()
            for id, place, strength in zip(result.ids.tolist(), places, strengths, strict=True):
                has_strength = result.strengths is not None and strength == strength
                share = strength if has_strength else place
                piece = (result.seed, share, strength if has_strength else 0.0)
                merged.setdefault(id, []).append(piece)
        order = list(merged)
        if len(groups[channel, rule]) > 1:
            order.sort(key=lambda id: (-sum(share for _, share, _ in merged[id]), id))
        if rule:
            order = [id for id in order if id not in candidates]
        for place, id in enumerate(order):
            if rule and upstream.learned:
                weight = line(0.001, 0, len(order))[place]
            elif rule:
                weight = line(last * 0.5 * unit, 0, len(order))[place]
            elif upstream.learned:
                mean = sum(strength for *_, strength in merged[id]) / len(groups[channel, rule])
                mean = min(max(mean, 0), 1)
                features = (1.0, 20 / (20 + place), mean, mean**0.5)
                weight = float(np.dot(features, weights[channel][:4]))
            else:
                weight = line(first * unit, last * unit, len(order))[place]
            candidate = candidates.setdefault(id, PlainCandidate(id, rule))
            candidate.score += weight
            total = sum(share for _, share, _ in merged[id])
            candidate.pieces += [
                (channel, seed, weight * share / total) for seed, share, _ in merged[id]
            ]
    ranked = sorted(candidates.values(), key=lambda one: (-one.score, one.id))
    if metadata and upstream.learned:
        for candidate in ranked:
            _add_metadata(candidate, weights, metadata)
    return ranked


def _add_metadata(
    candidate: PlainCandidate,
    weights: Mapping[str, Sequence[float]],
    metadata: Mapping[int, Sequence[float]],
) -> None:
    if candidate.blocked_by:
        return
    number = Counter(channel for channel, *_ in candidate.pieces)
    added = {
        channel: float(np.dot(weights[channel][4:], metadata[candidate.id])) for channel in number
    }
    candidate.pieces = [
        (channel, seed, part + added[channel] / number[channel])
        for channel, seed, part in candidate.pieces
    ]
    candidate.score = sum(part for *_, part in candidate.pieces)


def plain_preselection(
    candidates: Sequence[PlainCandidate], options: RecallOptions, k: int
) -> list[int]:
    """Ids of the candidates worth reading, one taken after the other."""
    if not options.diversify:
        return [candidate.id for candidate in candidates[: 2 * k + 10]]
    artist_limit = 2 * int(options.same_artist_max_share * k) + 10
    counts: Counter[str] = Counter()
    of_artist = 0
    chosen: list[int] = []
    spare: list[int] = []
    for candidate in candidates:
        channels = {channel for channel, *_ in candidate.pieces}
        groups = {candidate.blocked_by} if candidate.blocked_by else channels
        leads = any(counts[group] <= k // 2 for group in groups)
        is_same_artist = "same_artist" in channels
        is_over_limit = is_same_artist and of_artist >= artist_limit
        if (leads or len(chosen) < 5 * k) and not is_over_limit:
            chosen.append(candidate.id)
            of_artist += is_same_artist
            counts.update(groups)
        else:
            spare.append(candidate.id)
    return chosen + spare[: max(0, 5 * k - len(chosen))]


def _confidences(results: Sequence[ChannelResult]) -> list[float]:
    of_seeds = {one.seed: one.confidence for one in results if one.channel == "playlist"}
    return list(of_seeds.values())
