"""Merge one channel's results for all seeds into one ranked list, with the evidence behind it."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from embeat_serve.contract.schema import EVIDENCE_CHANNELS
from embeat_serve.retrieval.channel import ChannelResult

MIN_PLACE_WEIGHT = 1e-9
"""Least weight of a place; with 0 the places of a list could not be told apart."""


class EvidenceTable(NamedTuple):
    """Evidence for tracks: m pieces, one per channel, seed and track."""

    ids: NDArray[np.int64]
    """(m,) track codes."""
    channels: NDArray[np.intp]
    """(m,) positions in ``EVIDENCE_CHANNELS``."""
    seeds: NDArray[np.intp]
    """(m,) positions among the seeds."""
    cosines: NDArray[np.float64]
    """(m,) NaN where unknown."""
    strengths: NDArray[np.float64]
    """(m,) NaN where unknown."""
    shared: NDArray[np.int64]
    """(m,) playlists, -1 where unknown."""
    confidences: NDArray[np.float64]
    """(m,) see ``ChannelResult.confidence``."""
    shares: NDArray[np.float64]
    """(m,) share of each piece in what its channel adds to the track's score, but for the payload;
    those of one channel and track sum to 1."""

    def select(self, rows: NDArray[np.bool_] | NDArray[np.intp] | slice) -> "EvidenceTable":
        """Some of the pieces."""
        return EvidenceTable._make(column[rows] for column in self)

    @classmethod
    def concatenate(cls, tables: Sequence["EvidenceTable"]) -> "EvidenceTable":
        """Several tables, end to end; an empty one for none."""
        empty = cls._make(np.zeros(0, np.int64) for _ in cls._fields)
        return cls._make(np.concatenate(column) for column in zip(empty, *tables, strict=True))


class MergedChannel(NamedTuple):
    """Tracks of one channel, best first: n of them, each once."""

    ids: NDArray[np.int64]
    """(n,) track codes."""
    strengths: NDArray[np.float64]
    """(n,) sums over the seeds."""
    evidence: EvidenceTable

    def without(self, ids: NDArray[np.int64]) -> "MergedChannel":
        """The tracks that are not among ``ids``."""
        is_left = ~np.isin(self.ids, ids)
        evidence = self.evidence.select(~np.isin(self.evidence.ids, ids))
        return MergedChannel(self.ids[is_left], self.strengths[is_left], evidence)


def merge_seeds(
    results: Sequence[ChannelResult], place_weights: tuple[float, float]
) -> MergedChannel:
    """Merge one channel's results so that what several seeds agree on leads.

    A track is ordered by the sum, over the seeds, of its strength, or of the weight of its place
    where it has no strength. One result keeps its order.

    Args:
        results: of one channel, at least one; each of another seed.
        place_weights: weights of the first and last place of a result.
    """
    channel = results[0].channel
    sizes = [len(result.ids) for result in results]
    ids, cosines, strengths, shared = _columns(results)
    first, last = (max(weight, MIN_PLACE_WEIGHT) for weight in place_weights)
    of_places = np.concatenate([linear_weights(first, last, size) for size in sizes])
    agreement = np.where(np.isnan(strengths), of_places, strengths)
    sums = np.nan_to_num(strengths).astype(np.float64)
    if len(results) == 1:
        ordered, shares = ids, np.ones_like(agreement)
    else:
        tracks, row = np.unique(ids, return_inverse=True)
        totals = np.bincount(row, agreement, len(tracks))
        sums = np.bincount(row, sums, len(tracks)).astype(np.float64)
        is_single = np.bincount(row, minlength=len(tracks)) == 1
        parts = agreement / np.where(totals > 0, totals, 1)[row]
        shares = np.where(is_single[row], 1.0, parts)
        order = np.lexsort((tracks, -totals))
        ordered, sums = tracks[order], sums[order]
    evidence = EvidenceTable(
        ids,
        np.full(len(ids), EVIDENCE_CHANNELS.index(channel)),
        np.repeat([result.seed for result in results], sizes),
        cosines,
        strengths,
        shared,
        np.repeat([result.confidence for result in results], sizes),
        shares,
    )
    return MergedChannel(ordered, sums, evidence)


def linear_weights(first: float, last: float, places: int) -> NDArray[np.float64]:
    """(places,) weights on a straight line from ``first`` to ``last``."""
    step = (last - first) / max(places - 1, 1)
    return first + step * np.arange(places, dtype=np.float64)


class _Columns(NamedTuple):
    ids: NDArray[np.int64]
    cosines: NDArray[np.float64]
    strengths: NDArray[np.float64]
    shared: NDArray[np.int64]


def _columns(results: Sequence[ChannelResult]) -> _Columns:
    """Columns of results, end to end, so a track may come up again; unknown is NaN or -1."""

    def known(result: ChannelResult) -> Iterator[NDArray[np.generic]]:
        number = len(result.ids)
        yield result.ids
        yield np.full(number, np.nan) if result.cosines is None else result.cosines
        yield np.full(number, np.nan) if result.strengths is None else result.strengths
        yield np.full(number, -1) if result.shared is None else result.shared

    columns = zip(*map(known, results), strict=True)
    return _Columns._make(np.concatenate(column) for column in columns)
