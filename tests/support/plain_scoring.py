"""Oracle of ``embeat_serve.ranking.scoring``: the same scores, one track at a time."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from embeat_serve.options import RecallOptions
from embeat_serve.ranking.model import HALF, RANKED_FEATURES, RankingModel
from embeat_serve.ranking.preselection import AMPLE, MARGIN
from embeat_serve.ranking.scoring import HELD_BACK_SCORE, HELD_BACK_WEIGHT, certainty, kind
from embeat_serve.retrieval.channel import ChannelResult
from embeat_serve.upstream_options import UpstreamOptions


@dataclass
class Plain:
    """A candidate: pieces of evidence as (channel, seed, contribution)."""

    id: int
    held_back_by: str | None = None
    score: float = 0.0
    pieces: list[tuple[str, int, float]] = field(default_factory=list)


def answer_of(
    channel: str,
    seed: int,
    found: Mapping[int, float | None],
    held_back_by: str | None = None,
    confidence: float = 1.0,
    cosine: float | None = None,
) -> ChannelResult:
    """An answer of track -> strength (None where it has none), best first."""
    ids = np.array(list(found), np.int64)
    known = [np.nan if value is None else value for value in found.values()]
    cosines = None if cosine is None else np.full(len(ids), cosine)
    return ChannelResult(
        channel, seed, ids, cosines, np.array(known), None, held_back_by, confidence
    )


def line(first: float, last: float, places: int) -> list[float]:
    """Weights of places."""
    return [first + (last - first) / max(places - 1, 1) * place for place in range(places)]


def plain_fuse(
    answers: Sequence[ChannelResult],
    options: RecallOptions,
    model: RankingModel,
    seeds: int,
    told: Mapping[int, Sequence[float]] | None = None,
) -> list[Plain]:
    """Candidates best first; with what their payload ``told`` scored, but not sorted, by it."""
    upstream = options.upstream or UpstreamOptions()
    of_kind = kind(answers, seeds, False)
    weights = model.of_kind(of_kind, options.channels, certainty(answers, False))
    unit = 1 / max(sum(upstream.weights(channel)[0] for channel in options.channels), 1e-9)
    groups: dict[tuple[str, str | None], list[ChannelResult]] = {}
    for answer in answers:
        groups.setdefault((answer.channel, answer.held_back_by), []).append(answer)
    candidates: dict[int, Plain] = {}
    for channel, held in sorted(groups, key=lambda group: group[1] is not None):
        first, last = upstream.weights(channel)
        merged: dict[int, list[tuple[int, float, float]]] = {}
        for answer in groups[channel, held]:
            ends = (1.0, 0.5) if upstream.learned else (max(first, 1e-9), max(last, 1e-9))
            places = line(*ends, len(answer.ids))
            strengths = places if answer.strengths is None else answer.strengths.tolist()
            for id, place, strength in zip(answer.ids.tolist(), places, strengths, strict=True):
                known = answer.strengths is not None and strength == strength
                piece = (answer.seed, strength if known else place, strength if known else 0.0)
                merged.setdefault(id, []).append(piece)
        order = list(merged)
        if len(groups[channel, held]) > 1:
            order.sort(key=lambda id: (-sum(share for _, share, _ in merged[id]), id))
        if held:
            order = [id for id in order if id not in candidates]
        for place, id in enumerate(order):
            if held and upstream.learned:
                weight = line(HELD_BACK_SCORE, 0, len(order))[place]
            elif held:
                weight = line(last * HELD_BACK_WEIGHT * unit, 0, len(order))[place]
            elif upstream.learned:
                mean = sum(strength for *_, strength in merged[id]) / len(groups[channel, held])
                mean = min(max(mean, 0), 1)
                features = (1.0, HALF / (HALF + place), mean, mean**0.5)
                weight = float(np.dot(features, weights[channel][: len(RANKED_FEATURES)]))
            else:
                weight = line(first * unit, last * unit, len(order))[place]
            candidate = candidates.setdefault(id, Plain(id, held))
            candidate.score += weight
            total = sum(share for _, share, _ in merged[id])
            candidate.pieces += [
                (channel, seed, weight * share / total) for seed, share, _ in merged[id]
            ]
    ranked = sorted(candidates.values(), key=lambda one: (-one.score, one.id))
    for candidate in ranked if told and upstream.learned else ():
        number = Counter(channel for channel, *_ in candidate.pieces)
        if candidate.held_back_by:
            continue
        added = {
            channel: float(
                np.dot(weights[channel][len(RANKED_FEATURES) :], (told or {})[candidate.id])
            )
            for channel in number
        }
        candidate.pieces = [
            (channel, seed, part + added[channel] / number[channel])
            for channel, seed, part in candidate.pieces
        ]
        candidate.score = sum(part for *_, part in candidate.pieces)
    return ranked


def plain_shortlist(candidates: Sequence[Plain], options: RecallOptions, k: int) -> list[int]:
    """Ids of the candidates worth reading, one taken after the other."""
    if not options.diversify:
        return [candidate.id for candidate in candidates[: 2 * k + MARGIN]]
    own_limit = 2 * int(options.same_artist_max_share * k) + MARGIN
    taken: Counter[str] = Counter()
    own = 0
    chosen: list[int] = []
    spare: list[int] = []
    for candidate in candidates:
        channels = {channel for channel, *_ in candidate.pieces}
        groups = {candidate.held_back_by} if candidate.held_back_by else channels
        leads = any(taken[group] <= k // 2 for group in groups)
        is_own = "same_artist" in channels
        if (leads or len(chosen) < AMPLE * k) and not (is_own and own >= own_limit):
            chosen.append(candidate.id)
            own += is_own
            taken.update(groups)
        else:
            spare.append(candidate.id)
    return chosen + spare[: max(0, AMPLE * k - len(chosen))]
