"""Which of an artist's songs stand for the artist."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from embeat_serve.contract.schema import TrackField
from embeat_serve.contract.text_keys import title_key
from embeat_serve.stores.query import Hit

CENTRES = 3
"""Sounds of an artist told apart at most."""

MIN_SONGS_PER_CENTRE = 4
"""Songs from which another centre is worth looking for."""

BEST_KNOWN = 3
"""Most popular songs, which stand for an artist whatever they sound like."""

NEAREST = 3
"""A song is as far out as its distance from so many of the artist's others."""

OUTLYING = 3.0
"""Median absolute deviations above the median from which a song is left out: an interview, an
intro, a song that is credited to the wrong artist."""

DEVIATION = 1.4826
"""Median absolute deviation -> standard deviation of a normal distribution."""


def chosen_songs(hits: Sequence[Hit], artist: int, number: int) -> list[Hit]:
    """The ``number`` songs that stand for an artist, most popular first.

    Editions of a song count once, songs where the artist is only a guest come after all others,
    and outliers are left out. Each centre gives its most popular songs, as many as its share.

    Args:
        hits: tracks of the artist with their vectors, most popular first.
        artist: code.
        number: songs wanted.
    """
    songs = _distinct(hits, artist)
    own = [hit for hit in songs if hit.payload[TrackField.ARTIST_CODES][0] == artist]
    pool = own if len(own) >= number else songs
    heard = [hit for hit in pool if hit.vector is not None and np.any(hit.vector)]
    if len(heard) <= max(number, NEAREST + 1):
        return pool[:number]
    vectors = np.stack([hit.vector for hit in heard if hit.vector is not None])
    distances = 1 - _cosines(vectors)
    far = outliers(distances)
    far[:BEST_KNOWN] = False
    inside = np.flatnonzero(~far)
    nearest = medoids(distances[np.ix_(inside, inside)])
    ranked = np.concatenate([_place_in_group(nearest == centre) for centre in np.unique(nearest)])
    members = np.concatenate([np.flatnonzero(nearest == c) for c in np.unique(nearest)])
    # The n-th of a centre with share s of the songs is due at n / s, the best-known song at once.
    ranked[members == 0] = 0
    first = members[np.lexsort((members, ranked))][:number]
    return [heard[place] for place in np.sort(inside[first]).tolist()]


def outliers(distances: NDArray[np.floating]) -> NDArray[np.bool_]:
    """(n,) songs far from all others; of n x n distances. Never more than a quarter."""
    number = len(distances)
    apart = np.sort(distances + np.diag(np.full(number, np.inf)), axis=1)
    far = apart[:, : min(NEAREST, number - 1)].mean(axis=1)
    spread = DEVIATION * np.median(np.abs(far - np.median(far)))
    limit = np.median(far) + OUTLYING * max(spread, 1e-6)
    return far > max(limit, float(np.quantile(far, 0.75)))


def medoids(distances: NDArray[np.floating]) -> NDArray[np.intp]:
    """(n,) centre each of n songs is nearest to, as the position of a song; n x n distances.

    Farthest first (T. Gonzalez, 1985) from the first song, then once the k-medoids step: each
    centre moves to the song its members are closest to.
    """
    wanted = min(CENTRES, max(1, len(distances) // MIN_SONGS_PER_CENTRE))
    centres = [int(distances.sum(axis=1).argmin())]
    while len(centres) < wanted:
        centres.append(int(distances[:, centres].min(axis=1).argmax()))
    nearest = distances[:, centres].argmin(axis=1)
    moved = []
    for place in range(len(centres)):
        members = np.flatnonzero(nearest == place)
        within = distances[np.ix_(members, members)].sum(axis=1)
        moved.append(int(members[within.argmin()]))
    return np.array(moved)[distances[:, moved].argmin(axis=1)]


def _place_in_group(members: NDArray[np.bool_]) -> NDArray[np.float64]:
    count = int(members.sum())
    return (np.arange(count) + 0.5) * len(members) / count


def _cosines(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return unit @ unit.T


def _distinct(hits: Sequence[Hit], artist: int) -> list[Hit]:
    ordered = sorted(hits, key=lambda hit: hit.payload[TrackField.ARTIST_CODES][0] != artist)
    songs: dict[Any, Hit] = {}
    recordings: set[Any] = set()
    for hit in ordered:
        recording = hit.payload.get(TrackField.RECORDING_CODE)
        if recording is None or recording not in recordings:
            songs.setdefault(title_key(hit.payload.get(TrackField.TRACK_NAME, "")), hit)
        recordings.add(recording)
    return list(songs.values())
