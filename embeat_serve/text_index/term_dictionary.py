"""Read and write a release's term dictionary: the words of its names, as sorted arrays.

Autocomplete and spelling correction read it. The arrays are plain files, so all processes that
serve a release share the pages they read, and none unpacks a copy of its own.
"""

from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from embeat_serve.contract.manifest import ReleaseFile
from embeat_serve.errors import BrokenRelease
from embeat_serve.stores.base import VectorStore

COMPLETIONS = 40
"""Words that complete a beginning at most: those of the most popular songs."""

MIN_LENGTH, MAX_LENGTH = 3, 32
"""Letters of correctable words: shorter ones turn into anything."""

_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)
_BITS = np.uint64(58)


@dataclass(frozen=True)
class TermDictionary:
    """Every word of a release's names, in order of its UTF-8 bytes.

    Attributes:
        text: uint8 (bytes,): the words in UTF-8, each followed by a line feed.
        ends: uint32 (n,): position of each word's line feed.
        weights: float32 (n,): summed popularity of the songs that hold the word.
        correctable: uint32 (m,): places of the words that a misspelt one may stand for, best known
            first.
        letters: uint64 (m,): ``letter_sets`` of the correctable words.
        lengths: uint8 (m,): letters of the correctable words.
    """

    text: NDArray[np.uint8]
    ends: NDArray[np.uint32]
    weights: NDArray[np.float32]
    correctable: NDArray[np.uint32]
    letters: NDArray[np.uint64]
    lengths: NDArray[np.uint8]

    @classmethod
    def make(
        cls, words: list[str], weights: NDArray[np.float32], correctable: NDArray[np.uint32]
    ) -> Self:
        """Build the dictionary.

        Args:
            words: each once, folded by ``text_keys.search_text``, in order of their UTF-8 bytes.
            weights: float32 (n,), as above.
            correctable: uint32 (m,), as above.
        """
        encoded = "".join(f"{word}\n" for word in words).encode()
        text = np.frombuffer(encoded, np.uint8)
        ends = np.flatnonzero(text == ord("\n")).astype(np.uint32)
        targets: list[str] = [words[place] for place in correctable.tolist()]
        lengths = np.fromiter(map(len, targets), np.uint8, len(targets))
        return cls(text, ends, weights, correctable, letter_sets(targets), lengths)

    @classmethod
    def of(cls, store: VectorStore) -> Self:
        """Open the dictionary of a release; files on disk are mapped, and read when used.

        Raises:
            BrokenRelease: they are missing or damaged.
        """
        try:
            dictionary = cls(*(store.read_array(file) for file in FILES))
            dictionary._check()
        except ValueError as error:
            raise BrokenRelease(
                f"{ReleaseFile.WORDS}/ cannot be read: {error}; "
                f"build the release again with `python -m embeat_pipeline run`"
            ) from None
        return dictionary

    def write(self, release: Path) -> None:
        """Write the arrays to the folder of a release."""
        (release / ReleaseFile.WORDS).mkdir()
        for field, file in zip(fields(self), FILES, strict=True):
            np.save(release / file, getattr(self, field.name), allow_pickle=False)

    def __len__(self) -> int:
        return len(self.ends)

    def completions(self, beginning: str, number: int = COMPLETIONS) -> tuple[str, ...]:
        """Words with that beginning: the beginning itself, then the words of most weight."""
        start = beginning.encode("utf-8", "replace")
        low = self._place(start)
        # No byte of UTF-8 is 255.
        high = self._place(start + b"\xff")
        best = np.argsort(-self.weights[low:high], kind="stable")[:number]
        return tuple(dict.fromkeys([beginning, *self.at(low + best)]))[:number]

    def find(self, word: str) -> int | None:
        """Place of a word in the order; None where the dictionary lacks it."""
        encoded = word.encode("utf-8", "replace")
        place = self._place(encoded)
        return place if place < len(self) and self._word(place) == encoded else None

    def at(self, places: NDArray[np.integer]) -> list[str]:
        """Words at the places, in the order of the places."""
        if not places.size:
            return []
        places = places.astype(np.int64)
        stops = self.ends[places].astype(np.int64) + 1
        starts = np.where(places > 0, self.ends[places - 1].astype(np.int64) + 1, 0)
        lengths = stops - starts
        offsets = np.cumsum(lengths) - lengths
        letters = np.arange(int(lengths.sum())) + np.repeat(starts - offsets, lengths)
        return self.text[letters].tobytes().decode()[:-1].split("\n")

    @cached_property
    def _view(self) -> memoryview:
        return self.text.data

    def _word(self, place: int) -> bytes:
        first = int(self.ends[place - 1]) + 1 if place else 0
        return bytes(self._view[first : int(self.ends[place])])

    def _place(self, text: bytes) -> int:
        low, high = 0, len(self)
        while low < high:
            middle = (low + high) // 2
            if self._word(middle) < text:
                low = middle + 1
            else:
                high = middle
        return low

    def _check(self) -> None:
        arrays = [getattr(self, field.name) for field in fields(self)]
        kinds = [(array.dtype.name, array.ndim) for array in arrays]
        if kinds != [(kind, 1) for kind in _KINDS]:
            raise ValueError(f"found arrays of {kinds}, expected {_KINDS} with one dimension")
        text_size = int(self.ends[-1]) + 1 if len(self.ends) else 0
        sizes = len(self.weights), len(self.letters), len(self.lengths), text_size
        targets = len(self.correctable)
        expected = len(self.ends), targets, targets, len(self.text)
        if sizes != expected:
            raise ValueError(f"found arrays of sizes {sizes}, expected {expected}")
        if targets and int(self.correctable.max()) >= len(self.ends):
            raise ValueError(f"found a word at {self.correctable.max()}, of {len(self.ends)}")


_KINDS = ("uint8", "uint32", "float32", "uint32", "uint64", "uint8")

FILES = tuple(
    f"{ReleaseFile.WORDS}/{name}.npy"
    for name in ("text", "ends", "weights", "known", "letters", "lengths")
)
"""Files of a release that hold the arrays, in order of the fields."""


def letter_sets(words: list[str]) -> NDArray[np.uint64]:
    """The letters of each word as a set of 64 bits, to compare words by quickly.

    Args:
        words: none empty, none with a line break.

    Returns:
        (n,) uint64.
    """
    if not words:
        return np.empty(0, np.uint64)
    codes = np.frombuffer("".join(words).encode("utf-32-le"), np.uint32).astype(np.uint64)
    # The 26 Latin letters have bits of their own; all others share by multiplicative hashing.
    bits = np.where(codes - np.uint64(97) < 26, codes - np.uint64(97), codes * _MULTIPLIER >> _BITS)
    lengths = np.fromiter(map(len, words), np.int64, len(words))
    starts = np.cumsum(lengths) - lengths
    return np.bitwise_or.reduceat(np.uint64(1) << bits, starts)
