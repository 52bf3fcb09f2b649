"""Order a list as a DJ would: each song close to the next in key and tempo.

Keys lie on the Camelot wheel (harmonic mixing), where neighbours share all notes but one. Tempi
are compared in steps of 6%, the range of a turntable's pitch control, and half or double the
tempo counts as the same.
"""

from collections.abc import Sequence
from typing import Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from embeat_serve.contract.payload import TrackPayload
from embeat_serve.contract.schema import TrackField
from embeat_serve.reranking.sequencing import SequencedSong

TEMPO_STEP = 1.06
"""Ratio of two tempi that are one step apart."""

UNKNOWN_KEY = 3.0
UNKNOWN_TEMPO = 3.0
"""Distance where one of the two is unknown: about that of two random songs."""

SAME_NEIGHBOUR = 100.0
"""Cost of two songs in a row from one album or by one artist: more than any change of key."""

MAX_PASSES = 20
"""Most passes of improvement over a list; usually three are enough."""


class HarmonicSong(SequencedSong, Protocol):
    """What the order looks at."""

    @property
    def payload(self) -> TrackPayload:
        """Fields of the track."""
        ...


AnySong = TypeVar("AnySong", bound=HarmonicSong)


def harmonic_order(songs: Sequence[AnySong]) -> list[AnySong]:
    """The songs in an order with smaller changes of key and tempo. The first song stays first.

    Two orders are improved by reversing stretches (2-opt, Croes 1958): the order given, and the
    one that always goes on with the nearest song. The better result is taken, or the order given
    if neither is better.
    """
    if len(songs) < 3:
        return list(songs)
    changes = distances(songs)
    costs = changes + SAME_NEIGHBOUR * _shared_values(songs)
    unchanged = np.arange(len(songs))
    orders = [_improved(start, costs) for start in (unchanged, _nearest_first(costs))]
    best = min(orders, key=lambda order: _length(order, costs))
    if _length(best, changes) > _length(unchanged, changes):
        best = unchanged
    return [songs[position] for position in best.tolist()]


def distances(songs: Sequence[HarmonicSong]) -> NDArray[np.float64]:
    """The change from each song to each other, (n, n) float64, 0 on the diagonal.

    It is the number of hours on the Camelot wheel, plus 1 between minor and major, plus the
    number of tempo steps.
    """
    hours, majors, tempi = (
        np.array([read(song.payload) for song in songs], np.float64)
        for read in (_hour, _mode, _tempo)
    )
    around = np.abs(hours[:, None] - hours[None, :])
    keys = np.minimum(around, 12 - around) + np.abs(majors[:, None] - majors[None, :])
    octaves = np.log2(tempi)
    apart = np.abs(octaves[:, None] - octaves[None, :])
    steps = np.abs(apart - np.round(apart)) / np.log2(TEMPO_STEP)
    keys = np.where(np.isnan(keys), UNKNOWN_KEY, keys)
    changes = keys + np.where(np.isnan(steps), UNKNOWN_TEMPO, steps)
    np.fill_diagonal(changes, 0.0)
    return changes


def camelot_hour(key: int, mode: int) -> int:
    """The hour 1..12 of a key on the Camelot wheel; A minor and C major are at 8.

    Args:
        key: pitch class 0..11, 0 is C.
        mode: 0 minor, 1 major.
    """
    major = key % 12 if mode == 1 else (key + 3) % 12
    # A fifth up, seven semitones, is one hour later.
    return (major * 7 + 7) % 12 + 1


def _hour(track: TrackPayload) -> float:
    """The Camelot hour; NaN where key or mode is unknown."""
    key, mode = track.get(TrackField.KEY), track.get(TrackField.MODE)
    return np.nan if key is None or mode is None else float(camelot_hour(int(key), int(mode)))


def _mode(track: TrackPayload) -> float:
    """0 minor, 1 major; NaN where key or mode is unknown."""
    key, mode = track.get(TrackField.KEY), track.get(TrackField.MODE)
    return np.nan if key is None or mode is None else float(mode)


def _tempo(track: TrackPayload) -> float:
    """Beats per minute; NaN where unknown."""
    return float(track.get(TrackField.TEMPO) or np.nan)


def _shared_values(songs: Sequence[HarmonicSong]) -> NDArray[np.float64]:
    """Whether two songs share their album, plus whether they share their artist: (n, n)."""
    shared = np.zeros((len(songs), len(songs)))
    for values in ([song.album for song in songs], [song.main_artist for song in songs]):
        codes = np.array([np.nan if value is None else value for value in values], np.float64)
        shared += codes[:, None] == codes[None, :]
    return shared


def _nearest_first(costs: NDArray[np.float64]) -> NDArray[np.int64]:
    order = [0]
    open_costs = costs.copy()
    open_costs[:, 0] = np.inf
    while len(order) < len(costs):
        following = int(np.argmin(open_costs[order[-1]]))
        open_costs[:, following] = np.inf
        order.append(following)
    return np.array(order)


def _improved(order: NDArray[np.int64], costs: NDArray[np.float64]) -> NDArray[np.int64]:
    order = order.copy()
    for _ in range(MAX_PASSES):
        before = _length(order, costs)
        for first in range(1, len(order) - 1):
            # Reversing order[first..last] changes the two steps at its ends.
            lasts = np.arange(first + 1, len(order))
            previous = order[first - 1]
            following = np.append(order[first + 2 :], -1)
            gained = costs[previous, order[first]] - costs[previous, order[lasts]]
            ends = costs[order[lasts], following] - costs[order[first], following]
            gained += np.where(following >= 0, ends, 0.0)
            best = int(np.argmax(gained))
            if gained[best] > 1e-9:
                last = int(lasts[best])
                order[first : last + 1] = order[first : last + 1][::-1].copy()
        if _length(order, costs) >= before:
            break
    return order


def _length(order: NDArray[np.int64], costs: NDArray[np.float64]) -> float:
    return float(costs[order[:-1], order[1:]].sum())
