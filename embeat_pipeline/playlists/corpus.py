"""Playlists as a sparse matrix over a vocabulary of tracks."""

from pathlib import Path
from typing import NamedTuple, Self

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray
from scipy import sparse


class Corpus(NamedTuple):
    """Playlists over a vocabulary of v tracks, as one CSR in playlist order.

    At most 12 bytes per entry: 110 million entries take 1.3 GB.
    """

    track_codes: NDArray[np.uint32]
    """(v,) ascending; a word is an index into them."""
    counts: NDArray[np.int64]
    """(v,) number of playlists that hold each track."""
    offsets: NDArray[np.int64]
    """(playlists + 1,) where each playlist starts in ``words``."""
    words: NDArray[np.int32]
    """(entries,) words of all playlists, one after the other."""

    @classmethod
    def read(cls, playlists: Path, min_count: int) -> Self:
        """Read the table ``playlists``, without tracks in fewer than ``min_count`` of them."""
        column = pq.read_table(playlists, columns=["track_codes"]).column(0).combine_chunks()
        codes = column.values.to_numpy(zero_copy_only=False)
        offsets = column.offsets.to_numpy().astype(np.int64)
        codes, offsets = codes[offsets[0] : offsets[-1]], offsets - offsets[0]
        counts = np.bincount(codes) if len(codes) else np.zeros(0, np.int64)
        kept = counts >= max(min_count, 1)
        word_of = np.cumsum(kept) - 1
        within = kept[codes] if len(codes) else np.zeros(0, bool)
        ends = np.concatenate([[0], np.cumsum(within)])
        return cls(
            track_codes=np.flatnonzero(kept).astype(np.uint32),
            counts=counts[kept].astype(np.int64),
            offsets=ends[offsets],
            words=word_of[codes[within]].astype(np.int32),
        )

    @property
    def lengths(self) -> NDArray[np.int64]:
        """(playlists,) number of tracks in each playlist."""
        return np.diff(self.offsets)

    def select(self, playlists: NDArray[np.bool_]) -> "tuple[Corpus, NDArray[np.intp]]":
        """Return some playlists over their own vocabulary, and its words in this corpus.

        Args:
            playlists: (playlists,) which ones.
        """
        entries = np.repeat(playlists, self.lengths)
        words = self.words[entries]
        counts = np.bincount(words, minlength=len(self.track_codes))
        offsets = np.concatenate([[0], np.cumsum(self.lengths[playlists])])
        chosen = Corpus(self.track_codes, counts, offsets, words)
        return chosen._within(np.flatnonzero(counts))

    def most_frequent(self, tracks: int) -> "tuple[Corpus, NDArray[np.intp]]":
        """Return the playlists over the tracks that most of them hold, and these words.

        Of tracks in as many playlists, the first are taken. A playlist may be empty afterwards.
        """
        if tracks >= len(self.track_codes):
            return self, np.arange(len(self.track_codes))
        order = np.argsort(-self.counts, kind="stable")
        return self._within(np.sort(order[:tracks]))

    def _within(self, kept: NDArray[np.intp]) -> "tuple[Corpus, NDArray[np.intp]]":
        """The playlists without all but some words, and these."""
        word_of = np.full(len(self.track_codes), -1, np.int32)
        word_of[kept] = np.arange(len(kept), dtype=np.int32)
        words = word_of[self.words]
        is_kept = words >= 0
        ends = np.concatenate([[0], np.cumsum(is_kept)])
        corpus = Corpus(
            self.track_codes[kept], self.counts[kept], ends[self.offsets], words[is_kept]
        )
        return corpus, kept

    def matrix(self, values: NDArray[np.float32]) -> sparse.csr_matrix:
        """Return the (playlists, v) matrix with ``values`` (entries,)."""
        shape = (len(self.offsets) - 1, len(self.track_codes))
        return sparse.csr_matrix((values, self.words, self.offsets), shape=shape)
