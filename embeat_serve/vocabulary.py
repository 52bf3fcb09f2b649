"""The words of a catalogue, and which of them one may have meant.

Distances are optimal string alignment: letters left out, put in, changed, or two neighbours
swapped (G. Navarro, "A guided tour to approximate string matching", ACM Computing Surveys 33,
2001). A word is compared only where the letters it has, as a set of 64, and its length leave that
open; what is left of a million words is a few thousand.
"""

from functools import lru_cache
from io import BytesIO
from typing import Self
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray
from rapidfuzz import process
from rapidfuzz.distance import OSA

MIN_LENGTH = 3
"""Letters of the shortest word kept: shorter ones turn into anything."""

MAX_ALTERNATIVES = 40
"""Words that one word is taken for at most, closest first, then the best known."""

REMEMBERED_WORDS = 4_096
"""Answers kept: people type the same names again and again."""

_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)
_BITS = np.uint64(58)


def allowed(length: int) -> int:
    """Letters that may be wrong in a word, or a name without its spaces, of that length."""
    return 0 if length < MIN_LENGTH else 1 if length <= 5 else 2 if length <= 15 else length // 7


class Vocabulary:
    """Words, best known first.

    Args:
        words: each once, folded as ``text.search_text`` does.
        letters: (n,) uint64, ``letter_sets`` of the words.
    """

    def __init__(self, words: list[str], letters: NDArray[np.uint64]):
        self._words, self._letters = words, letters
        self._lengths = np.fromiter(map(len, words), np.int16, len(words))
        self._known = frozenset(words)
        self.alternatives = lru_cache(REMEMBERED_WORDS)(self._alternatives)

    @classmethod
    def load(cls, content: bytes) -> Self:
        """Read what ``dump`` wrote.

        Raises:
            ValueError: it is something else.
        """
        try:
            with np.load(BytesIO(content), allow_pickle=False) as arrays:
                text = arrays["words"].tobytes().decode("utf-8")
                letters = arrays["letters"]
        except (OSError, KeyError, EOFError, ValueError, BadZipFile) as error:
            raise ValueError(f"no list of words: {error}") from None
        words = text.split("\n") if text else []
        if letters.shape != (len(words),) or letters.dtype != np.uint64:
            raise ValueError(f"{len(words)} words but letters of shape {letters.shape}")
        return cls(words, letters)

    def __contains__(self, word: str) -> bool:
        return word in self._known

    def __len__(self) -> int:
        return len(self._words)

    def _alternatives(self, word: str) -> tuple[str, ...]:
        """The word itself and those it may have been meant to be; closest first."""
        most = allowed(len(word))
        if not most or not self._words or word.isdigit():
            return (word,)
        near = np.abs(self._lengths - len(word)) <= most
        differing = np.bitwise_count(self._letters ^ letter_sets([word])[0])
        # A changed letter is one that is gone and one that is new.
        places = np.flatnonzero(near & (differing <= 2 * most))
        candidates = [self._words[place] for place in places.tolist()]
        distances = process.cdist(
            [word], candidates, scorer=OSA.distance, score_cutoff=most, dtype=np.uint8
        )[0]
        order = np.argsort(distances, kind="stable")
        order = order[distances[order] <= most][:MAX_ALTERNATIVES]
        found = (candidates[place] for place in order.tolist())
        return tuple(dict.fromkeys((word, *found)))

    def parted(self, word: str) -> tuple[tuple[str, str], ...]:
        """Two words that ``word`` may be, written as one; short ones are left out."""
        cuts = ((word[:at], word[at:]) for at in range(MIN_LENGTH, len(word) - MIN_LENGTH + 1))
        return tuple(pair for pair in cuts if pair[0] in self and pair[1] in self)


def letter_sets(words: list[str]) -> NDArray[np.uint64]:
    """The letters of each word as a set of 64 bits.

    Args:
        words: without line breaks and none empty.

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


def dump(words: list[str]) -> bytes:
    """The words as ``Vocabulary.load`` reads them."""
    buffer = BytesIO()
    text = np.frombuffer("\n".join(words).encode("utf-8"), np.uint8)
    np.savez_compressed(buffer, words=text, letters=letter_sets(words))
    return buffer.getvalue()
