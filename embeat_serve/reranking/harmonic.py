"""The order of a DJ: each song goes over into the next, in key and tempo.

Keys lie on the Camelot wheel, where neighbours share all notes but one. Tempi are compared in
steps of what a turntable is pitched by, and half or double counts as the same.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from embeat_serve.contract.schema import TrackField

TEMPO_STEP = 1.06
"""Ratio of two tempi that are one step apart."""

UNKNOWN_KEY = 3.0
UNKNOWN_TEMPO = 3.0
"""Distance where one of the two is unknown: about that of two songs at random."""

CLASH = 100.0
"""Cost of two songs in a row from one album or by one artist: more than any change of key."""

MAX_PASSES = 20
"""Sweeps of improvement over a list at most; most need three."""


class Song(Protocol):
    """What is looked at."""

    @property
    def payload(self) -> Mapping[str, Any]:
        """Fields of the track."""
        ...

    @property
    def main_artist(self) -> int | None:
        """None where unknown."""
        ...

    @property
    def album(self) -> int | None:
        """None where unknown."""
        ...


AnySong = TypeVar("AnySong", bound=Song)


def mix(songs: Sequence[AnySong]) -> list[AnySong]:
    """The songs in an order whose changes of key and tempo add up to less.

    The first song stays first. Both the order given and the one that always goes on with the
    nearest song are improved by turning stretches round (2-opt); the better result is taken,
    the order given where neither is better than it.
    """
    if len(songs) < 3:
        return list(songs)
    changes = distances(songs)
    costs = changes + CLASH * _clashes(songs)
    given = np.arange(len(songs))
    orders = [_improved(start, costs) for start in (given, _nearest_first(costs))]
    best = min(orders, key=lambda order: _length(order, costs))
    if _length(best, changes) > _length(given, changes):
        best = given
    return [songs[place] for place in best.tolist()]


def distances(songs: Sequence[Song]) -> NDArray[np.float64]:
    """Change from each song to each other, (n, n): hours on the Camelot wheel, one more between
    minor and major, and steps of tempo."""
    hours, majors, tempi = (_column(songs, name) for name in ("hour", "mode", "tempo"))
    around = np.abs(hours[:, None] - hours[None, :])
    keys = np.minimum(around, 12 - around) + np.abs(majors[:, None] - majors[None, :])
    octaves = np.log2(tempi)
    apart = np.abs(octaves[:, None] - octaves[None, :])
    steps = np.abs(apart - np.round(apart)) / np.log2(TEMPO_STEP)
    keys = np.where(np.isnan(keys), UNKNOWN_KEY, keys)
    changes = keys + np.where(np.isnan(steps), UNKNOWN_TEMPO, steps)
    np.fill_diagonal(changes, 0.0)
    return changes


def total_change(songs: Sequence[Song]) -> float:
    """Sum of the changes from each song to the next."""
    return _length(np.arange(len(songs)), distances(songs))


def camelot_hour(key: int, mode: int) -> int:
    """Hour 1..12 on the Camelot wheel; A minor and C major are at 8.

    Args:
        key: pitch class 0..11, 0 is C.
        mode: 0 minor, 1 major.
    """
    major = key % 12 if mode == 1 else (key + 3) % 12
    # A fifth up, seven semitones, is an hour on.
    return (major * 7 + 7) % 12 + 1


def _column(songs: Sequence[Song], name: str) -> NDArray[np.float64]:
    return np.array([_value(song.payload, name) for song in songs], np.float64)


def _value(track: Mapping[str, Any], name: str) -> float:
    key, mode, tempo = (track.get(f) for f in (TrackField.KEY, TrackField.MODE, TrackField.TEMPO))
    if name == "tempo":
        return float(tempo) if tempo else np.nan
    if key is None or mode is None:
        return np.nan
    return float(mode if name == "mode" else camelot_hour(int(key), int(mode)))


def _clashes(songs: Sequence[Song]) -> NDArray[np.float64]:
    found = np.zeros((len(songs), len(songs)))
    for values in ([song.album for song in songs], [song.main_artist for song in songs]):
        codes = np.array([np.nan if value is None else value for value in values], np.float64)
        found += codes[:, None] == codes[None, :]
    return found


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
            # Turning round order[first..last] changes the two steps at its ends.
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
