"""Score candidates: what the channels found, then what the payload says."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from embeat_serve.contract.schema import CHANNELS, TrackField
from embeat_serve.options import RecallOptions
from embeat_serve.ranking.candidates import CandidateTable
from embeat_serve.ranking.features import metadata_similarity
from embeat_serve.ranking.merge import EvidenceTable, MergedChannel, line, merge
from embeat_serve.ranking.model import (
    DEFAULT_MODEL,
    FEATURES,
    RANKED_FEATURES,
    Ranked,
    RankingModel,
    certainty_of,
    features_of,
    kind_of,
)
from embeat_serve.retrieval.channel import ChannelResult
from embeat_serve.upstream_options import UpstreamOptions

HELD_BACK_WEIGHT = 0.5
"""Weight of held-back evidence, as a share of its channel's last weight: below all else."""


HELD_BACK_SCORE = 1e-3
"""The same under the fusion model: of its first track."""


def fuse(
    answers: Sequence[ChannelResult],
    options: RecallOptions,
    model: RankingModel = DEFAULT_MODEL,
    seeds: int = 1,
    is_artist: bool = False,
) -> CandidateTable:
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
    upstream = options.upstream or UpstreamOptions()
    learned = _weights(answers, options, model, seeds, is_artist)
    unit = 1 / max(sum(upstream.weights(channel)[0] for channel in options.channels), 1e-9)
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
        first, last = upstream.weights(channel)
        number = len(merged.ids)
        if held_back_by and upstream.learned:
            weights = line(HELD_BACK_SCORE, 0.0, number)
        elif held_back_by:
            weights = line(last * HELD_BACK_WEIGHT * unit, 0.0, number)
        elif upstream.learned:
            ranked = learned[channel][: len(RANKED_FEATURES)]
            weights = _features(merged, len(of_channel)) @ ranked
        else:
            weights = line(first * unit, last * unit, number)
        holder = holders.setdefault(held_back_by, len(holders)) if held_back_by else -1
        lists.append(_Listed(merged, CHANNELS.index(channel), holder, weights))
        known = np.union1d(known, merged.ids)
    return _fused(known, lists, tuple(holders))


def weigh_payload(
    fused: CandidateTable,
    features: NDArray[np.float64],
    answers: Sequence[ChannelResult],
    options: RecallOptions,
    model: RankingModel = DEFAULT_MODEL,
    seeds: int = 1,
    is_artist: bool = False,
) -> CandidateTable:
    """Add what the fusion model gives for what the payload says, once it is known.

    Every channel that found a track adds its own weights times those features; what a channel
    adds is shared out among its evidence.

    Args:
        fused: candidates.
        features: (n, 4) of each, see ``payload_features``.
        answers: and the rest as in ``fuse``.
    """
    if options.upstream is not None and not options.upstream.learned:
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
    return np.column_stack(
        [np.array(popularity, np.float64) / 100, metadata_similarity(seeds, tracks)]
    )


def _weights(
    answers: Sequence[ChannelResult],
    options: RecallOptions,
    model: RankingModel,
    seeds: int,
    is_artist: bool,
) -> dict[str, NDArray[np.float64]]:
    of_kind = kind(answers, seeds, is_artist)
    return model.of_kind(of_kind, options.channels, certainty(answers, is_artist))


def kind(answers: Iterable[ChannelResult], seeds: int, is_artist: bool) -> str:
    """Kind of seeds, see ``fusion.kind_of``."""
    return kind_of(seeds, _confidences(answers), is_artist)


def certainty(answers: Iterable[ChannelResult], is_artist: bool) -> float:
    """How much the playlist channel knows of the seeds, see ``fusion.certainty_of``."""
    return certainty_of(_confidences(answers), is_artist)


def _confidences(answers: Iterable[ChannelResult]) -> Iterable[float]:
    return {item.seed: item.confidence for item in answers if item.channel == "playlist"}.values()


def ranked_by_channel(
    answers: Sequence[ChannelResult], options: RecallOptions
) -> dict[str, Ranked]:
    """What each channel found and the fusion model sees of it, without what is held back."""
    found = {}
    for (channel, held_back_by), of_channel in _groups(answers).items():
        if not held_back_by:
            merged = merge(of_channel, options)
            found[channel] = Ranked(merged.ids, _features(merged, len(of_channel)))
    return found


def _groups(answers: Iterable[ChannelResult]) -> dict[tuple[str, str | None], list[ChannelResult]]:
    groups: dict[tuple[str, str | None], list[ChannelResult]] = {}
    for answer in answers:
        groups.setdefault((answer.channel, answer.held_back_by), []).append(answer)
    return groups


class _Listed(NamedTuple):
    merged: MergedChannel
    channel: int
    holder: int
    weights: NDArray[np.float64]


def _features(merged: MergedChannel, answered: int) -> NDArray[np.float64]:
    return features_of(merged.strengths / answered)


def _fused(
    known: NDArray[np.int64], lists: list[_Listed], holders: tuple[str, ...]
) -> CandidateTable:
    parts = np.zeros((len(known), len(CHANNELS)))
    found = np.zeros((len(known), len(CHANNELS)), bool)
    held_back = np.full(len(known), -1)
    for listed in lists:
        rows = np.searchsorted(known, listed.merged.ids)
        parts[rows, listed.channel] = listed.weights
        found[rows, listed.channel] = True
        held_back[rows] = listed.holder
    nothing = EvidenceTable._make(np.zeros(0, np.int64) for _ in EvidenceTable._fields)
    columns = zip(*(nothing, *(listed.merged.pieces for listed in lists)), strict=True)
    joint = [np.concatenate(column) for column in columns]
    order = np.argsort(joint[0], kind="stable")
    pieces = EvidenceTable._make(column[order] for column in joint)
    best = np.lexsort((known, -parts.sum(axis=1)))
    whole = CandidateTable(known, parts, np.zeros_like(parts), found, held_back, holders, pieces)
    return whole.take(best)
