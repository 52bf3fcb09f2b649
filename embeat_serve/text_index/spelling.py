"""Which words of a release one may have meant.

Distances are optimal string alignment: letters left out, put in, changed, or two neighbours
swapped (G. Navarro, "A guided tour to approximate string matching", ACM Computing Surveys 33,
2001). A word is compared only where the letters it has, as a set of 64, and its length leave that
open; what is left of a million words is a few thousand.
"""

from functools import lru_cache

import numpy as np
from rapidfuzz import process
from rapidfuzz.distance import OSA

from embeat_serve.text_index.term_dictionary import MIN_LENGTH, TermDictionary, letter_sets

MAX_ALTERNATIVES = 40
"""Words that one word is taken for at most, closest first, then the best known."""

REMEMBERED_WORDS = 4_096
"""Answers kept: people type the same names again and again."""


def allowed(length: int) -> int:
    """Letters that may be wrong in a word, or a name without its spaces, of that length."""
    return 0 if length < MIN_LENGTH else 1 if length <= 5 else 2 if length <= 15 else length // 7


class Vocabulary:
    """The known ones of a list of words, best known first."""

    def __init__(self, words: TermDictionary):
        self._words = words
        self.alternatives = lru_cache(REMEMBERED_WORDS)(self._alternatives)

    def __contains__(self, word: str) -> bool:
        place = self._words.find(word)
        return place is not None and bool((self._words.known == place).any())

    def __len__(self) -> int:
        return len(self._words.known)

    def _alternatives(self, word: str) -> tuple[str, ...]:
        """The word itself and those it may have been meant to be; closest first."""
        most, length = allowed(len(word)), len(word)
        if not most or not len(self) or word.isdigit():
            return (word,)
        lengths = self._words.lengths
        near = (lengths >= length - most) & (lengths <= length + most)
        differing = np.bitwise_count(self._words.letters ^ letter_sets([word])[0])
        # A changed letter is one that is gone and one that is new.
        places = np.flatnonzero(near & (differing <= 2 * most))
        candidates = self._words.at(self._words.known[places])
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
