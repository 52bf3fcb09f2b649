"""Find the words of a release that a misspelt word may stand for.

Distances are optimal string alignment (OSA): letters left out, put in, changed, or two neighbours
swapped (G. Navarro, "A guided tour to approximate string matching", ACM Computing Surveys 33,
2001). Words are first filtered by length and by the set of their letters, which leaves a few
thousand of a million to be compared.
"""

from functools import lru_cache

import numpy as np
from rapidfuzz import process
from rapidfuzz.distance import OSA

from embeat_serve.text_index.term_dictionary import MIN_LENGTH, TermDictionary, letter_sets

MAX_ALTERNATIVES = 40
"""Words that one word may stand for at most: the closest, then the best known."""

CACHED_WORDS = 4_096
"""Words whose alternatives are kept: people type the same names again and again."""


def max_typos(length: int) -> int:
    """Letters that may be wrong in a word, or a name without its spaces, of that length."""
    return 0 if length < MIN_LENGTH else 1 if length <= 5 else 2 if length <= 15 else length // 7


class Vocabulary:
    """The words of a release that a misspelt word may stand for.

    Args:
        terms: the release's dictionary; its correctable words make up the vocabulary.
    """

    def __init__(self, terms: TermDictionary):
        self._terms = terms
        self._cached_alternatives = lru_cache(CACHED_WORDS)(self._find_alternatives)

    def __contains__(self, word: str) -> bool:
        place = self._terms.find(word)
        return place is not None and bool((self._terms.correctable == place).any())

    def __len__(self) -> int:
        return len(self._terms.correctable)

    def alternatives(self, word: str) -> tuple[str, ...]:
        """Words that ``word`` may stand for: itself, then those closest to it."""
        return self._cached_alternatives(word)

    def splits(self, word: str) -> tuple[tuple[str, str], ...]:
        """Pairs of words that ``word`` is, written as one; both at least ``MIN_LENGTH`` long."""
        cuts = ((word[:at], word[at:]) for at in range(MIN_LENGTH, len(word) - MIN_LENGTH + 1))
        return tuple(pair for pair in cuts if pair[0] in self and pair[1] in self)

    def _find_alternatives(self, word: str) -> tuple[str, ...]:
        most, length = max_typos(len(word)), len(word)
        if not most or not len(self) or word.isdigit():
            return (word,)
        terms = self._terms
        similar_length = (terms.lengths >= length - most) & (terms.lengths <= length + most)
        differing = np.bitwise_count(terms.letters ^ letter_sets([word])[0])
        # A changed letter takes one out of the set and puts another in.
        places = np.flatnonzero(similar_length & (differing <= 2 * most))
        candidates = terms.at(terms.correctable[places])
        distances = process.cdist(
            [word], candidates, scorer=OSA.distance, score_cutoff=most, dtype=np.uint8
        )[0]
        order = np.argsort(distances, kind="stable")
        order = order[distances[order] <= most][:MAX_ALTERNATIVES]
        closest: list[str] = [candidates[place] for place in order.tolist()]
        return tuple(dict.fromkeys([word, *closest]))
