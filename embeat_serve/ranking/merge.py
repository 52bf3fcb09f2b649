"""One channel's answers for all seeds, as one list and the pieces of evidence behind it."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from embeat_serve.contract.schema import CHANNELS
from embeat_serve.options import RecallOptions
from embeat_serve.retrieval.channel import ChannelResult, joined
from embeat_serve.upstream_options import UpstreamOptions


class EvidenceTable(NamedTuple):
    """Single pieces of evidence: m of them, those of a track in the order they were found."""

    ids: NDArray[np.int64]
    """(m,) ascending."""
    channels: NDArray[np.intp]
    """(m,) places in ``CHANNELS``."""
    seeds: NDArray[np.intp]
    cosines: NDArray[np.float64]
    strengths: NDArray[np.float64]
    shared: NDArray[np.int64]
    confidences: NDArray[np.float64]
    shares: NDArray[np.float64]
    """(m,) of what the channel adds to the track's score but for its payload; they sum to 1."""


class MergedChannel(NamedTuple):
    """Tracks of one channel, best first, and what the seeds say of them."""

    ids: NDArray[np.int64]
    """(n,)."""
    strengths: NDArray[np.float64]
    """(n,) sums over the seeds."""
    pieces: EvidenceTable

    def without(self, known: NDArray[np.int64]) -> "MergedChannel":
        """Those that are not known yet."""
        new, kept = ~np.isin(self.ids, known), ~np.isin(self.pieces.ids, known)
        pieces = EvidenceTable._make(column[kept] for column in self.pieces)
        return MergedChannel(self.ids[new], self.strengths[new], pieces)


def merge(answers: list[ChannelResult], options: RecallOptions) -> MergedChannel:
    """What all seeds' answers of one channel come to: what several seeds agree on leads."""
    every = joined(answers)
    channel = answers[0].channel
    sizes = [len(answer.ids) for answer in answers]
    upstream = options.upstream or UpstreamOptions()
    first, last = (1.0, 0.5) if upstream.learned else upstream.weights(channel)
    # Weights of 0 would leave nothing to tell places apart by.
    places = np.concatenate([line(max(first, 1e-9), max(last, 1e-9), size) for size in sizes])
    shares = np.where(np.isnan(every.strengths), places, every.strengths)
    strengths = np.nan_to_num(every.strengths).astype(np.float64)
    if len(answers) == 1:
        ordered, shares = every.ids, np.ones_like(shares)
    else:
        ids, row = np.unique(every.ids, return_inverse=True)
        agreement = np.bincount(row, shares, len(ids))
        strengths = np.bincount(row, strengths, len(ids)).astype(np.float64)
        alone = np.bincount(row, minlength=len(ids)) == 1
        shares = np.where(alone[row], 1.0, shares / np.where(agreement > 0, agreement, 1)[row])
        order = np.lexsort((ids, -agreement))
        ordered, strengths = ids[order], strengths[order]
    pieces = EvidenceTable(
        every.ids,
        np.full(len(every.ids), CHANNELS.index(channel)),
        np.repeat([answer.seed for answer in answers], sizes),
        every.cosines,
        every.strengths,
        every.shared,
        np.repeat([answer.confidence for answer in answers], sizes),
        shares,
    )
    return MergedChannel(ordered, strengths, pieces)


def line(first: float, last: float, places: int) -> NDArray[np.float64]:
    """(places,) weights on a straight line."""
    step = (last - first) / max(places - 1, 1)
    return first + step * np.arange(places, dtype=np.float64)
