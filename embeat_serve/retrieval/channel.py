"""What one channel found for one seed, as arrays."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class ChannelResult(NamedTuple):
    """Tracks that one channel found for one seed, best first: n of them."""

    channel: str
    seed: int
    """Position among the seeds."""
    ids: NDArray[np.int64]
    """(n,) track codes, each once."""
    cosines: NDArray[np.float64] | None = None
    """(n,) to the seed, in the channel's own space, NaN where a track has none; None where the
    channel has none."""
    strengths: NDArray[np.float64] | None = None
    """(n,) what speaks for each, 0..1, comparable between the channel's seeds; None where only its
    place in the answer says so."""
    shared: NDArray[np.int64] | None = None
    """(n,) see ``Neighbours.shared``."""
    held_back_by: str | None = None
    """Setting that keeps these tracks off the list unless it has to be relaxed."""
    confidence: float = 1.0
    """0..1: how much the answer rests on the seed itself rather than on its artist."""


class Joined(NamedTuple):
    """The tracks of several answers, one answer after the other: an id may come up again."""

    ids: NDArray[np.int64]
    cosines: NDArray[np.float64]
    """NaN where unknown."""
    strengths: NDArray[np.float64]
    """NaN where unknown."""
    shared: NDArray[np.int64]
    """-1 where unknown."""


def joined(answers: Sequence[ChannelResult]) -> Joined:
    """What the answers say, end to end."""
    columns = zip(*((one.ids, *_columns(one)) for one in answers), strict=True)
    return Joined(*(np.concatenate(column) for column in columns))


def _columns(answer: ChannelResult) -> Iterator[NDArray]:
    number = len(answer.ids)
    for values, unknown in (
        (answer.cosines, np.nan),
        (answer.strengths, np.nan),
        (answer.shared, -1),
    ):
        yield np.full(number, unknown) if values is None else values
