"""Count the playlists whose names hold a phrase of a title, and that hold a track.

The title model says what music goes with a title; the counts here are the plain evidence for it.
Phrases are known by hashes: a release holds no name of a playlist that anyone could read.
"""

from dataclasses import dataclass, fields
from hashlib import blake2b
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from embeat_serve.contract.title_terms import title_text

LONGEST_PHRASE = 3
"""Words of a phrase; a character of a script without spaces is a word of its own."""

FEW_PLAYLISTS = 10
"""Playlists of a phrase for half of what they say to count."""


class TitleMatches(NamedTuple):
    """What playlists with phrases of a title in their names hold: n tracks."""

    phrase: str
    """The phrase that says most; "" where none is known."""
    playlists: int
    """Playlists whose names hold it."""
    tracks: NDArray[np.int64]
    """(n,) track codes, ascending: those that several playlists of a phrase hold."""
    counts: NDArray[np.int64]
    """(n,) playlists with ``phrase`` in their names that hold the track."""
    shares: NDArray[np.float32]
    """(n,) 0..1: share of the playlists of each phrase that hold the track, the mean over all
    phrases by how much they say."""

    def counts_of(self, tracks: NDArray[np.int64]) -> NDArray[np.int64]:
        """(m,) ``counts`` of some tracks (m,), 0 where there is none."""
        rows, is_found = self._rows(tracks)
        return np.where(is_found, np.append(self.counts, 0)[rows], 0)

    def shares_of(self, tracks: NDArray[np.int64]) -> NDArray[np.float32]:
        """(m,) ``shares`` of some tracks (m,), 0 where there is none."""
        rows, is_found = self._rows(tracks)
        return np.where(is_found, np.append(self.shares, np.float32(0))[rows], np.float32(0))

    def best(self, number: int) -> NDArray[np.int64]:
        """Up to ``number`` tracks with the greatest shares, in no order."""
        if len(self.tracks) <= number:
            return self.tracks
        return self.tracks[np.argpartition(-self.shares, number)[:number]]

    def _rows(self, tracks: NDArray[np.int64]) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
        rows = np.searchsorted(self.tracks, tracks)
        return rows, np.append(self.tracks, -1)[rows] == tracks


NO_MATCHES = TitleMatches(
    "", 0, np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, np.float32)
)


@dataclass(frozen=True)
class PhraseTracks:
    """Tracks of p phrases, m in all: 6 bytes each, so 24 MB for 20,000 phrases with 200 tracks.

    Attributes:
        keys: (p,) uint64, see ``phrase_key``; ascending.
        playlists: (p,) uint32, playlists whose names hold the phrase.
        starts: (p + 1,) int64, where the tracks of each phrase start.
        tracks: (m,) uint32 track codes.
        counts: (m,) uint16, playlists of the phrase that hold the track.
        titles: (1,) int64, playlists that have a name.
    """

    keys: NDArray[np.uint64]
    playlists: NDArray[np.uint32]
    starts: NDArray[np.int64]
    tracks: NDArray[np.uint32]
    counts: NDArray[np.uint16]
    titles: NDArray[np.int64]

    @classmethod
    def empty(cls) -> Self:
        """Those of no phrase."""
        return cls(
            np.zeros(0, np.uint64),
            np.zeros(0, np.uint32),
            np.zeros(1, np.int64),
            np.zeros(0, np.uint32),
            np.zeros(0, np.uint16),
            np.zeros(1, np.int64),
        )

    def validate(self) -> None:
        """Check that the arrays fit together.

        Raises:
            ValueError: they do not.
        """
        sizes = {field.name: len(getattr(self, field.name)) for field in fields(self)}
        number, entries = sizes["keys"], int(self.starts[-1]) if sizes["starts"] else -1
        expected = {"playlists": number, "starts": number + 1, "tracks": entries, "counts": entries}
        wrong = [name for name, size in expected.items() if sizes[name] != size]
        if wrong or sizes["titles"] != 1:
            raise ValueError(f"tracks of phrases: {', '.join(wrong) or 'titles'} of another length")

    def matches(self, title: str) -> TitleMatches:
        """What playlists with phrases of a title in their names hold."""
        texts = phrases(title)
        keys = np.array([phrase_key(text) for text in texts], np.uint64)
        rows = np.searchsorted(self.keys, keys)
        is_known = np.append(self.keys, np.uint64(0))[rows] == keys
        is_known &= rows < len(self.keys)
        if not is_known.any():
            return NO_MATCHES
        known = [text for text, is_one in zip(texts, is_known.tolist(), strict=True) if is_one]
        rows = rows[is_known]
        playlists = self.playlists[rows].astype(np.float64)
        rarities = np.log(1 + self.titles[0] / playlists)
        best = self._most_telling(known, rarities)
        starts, ends = self.starts[rows], self.starts[rows + 1]
        sizes = ends - starts
        phrase = np.repeat(np.arange(len(rows)), sizes)
        entries = np.arange(len(phrase)) + np.repeat(starts - np.cumsum(sizes) + sizes, sizes)
        counts = self.counts[entries].astype(np.float64)
        weights = rarities**2 / (rarities**2).sum()
        parts = weights[phrase] * counts / (playlists + FEW_PLAYLISTS)[phrase]
        tracks, place = np.unique(self.tracks[entries], return_inverse=True)
        of_best = np.bincount(place, counts * (phrase == best), len(tracks))
        return TitleMatches(
            known[best],
            int(playlists[best]),
            tracks.astype(np.int64),
            of_best.astype(np.int64),
            np.bincount(place, parts, len(tracks)).astype(np.float32),
        )

    @staticmethod
    def _most_telling(known: list[str], rarities: NDArray[np.float64]) -> int:
        """Position of the phrase whose words are rarest, so that *for a* does not stand for more
        than *road*."""
        of_word = dict(zip(known, rarities.tolist(), strict=True))
        sums = [sum(of_word.get(word, 0.0) for word in text.split()) for text in known]
        return int(np.argmax(sums))


def phrases(title: str) -> list[str]:
    """All runs of up to three words or emoji of a title, each once, the longest first.

    >>> phrases("Road Trip")
    ['road trip', 'road', 'trip']
    """
    words = title_text(title).split()
    runs = (
        " ".join(words[start : start + length])
        for length in range(LONGEST_PHRASE, 0, -1)
        for start in range(len(words) - length + 1)
    )
    return list(dict.fromkeys(runs))


def phrase_key(phrase: str) -> int:
    """64 bits that stand for a phrase."""
    return int.from_bytes(blake2b(phrase.encode(), digest_size=8).digest(), "little")
