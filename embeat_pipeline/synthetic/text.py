"""Compose titles and names, a column at a time."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from embeat_pipeline.synthetic.genres import LANGUAGE_ORDER
from embeat_pipeline.synthetic.words import LANGUAGES


def draw_words(
    rng: np.random.Generator,
    language: NDArray[np.integer],
    lists: Sequence[tuple[str, ...]],
    missing: NDArray[np.bool_] | None = None,
) -> pa.Array:
    """Draw a word per row from the list of the row's language.

    Args:
        rng: source of randomness.
        language: (n,) places in ``lists``.
        lists: words of each language.
        missing: (n,) rows that become null.
    """
    sizes = np.array([len(words) for words in lists])
    starts = np.cumsum(sizes) - sizes
    place = starts[language] + np.floor(rng.random(len(language)) * sizes[language]).astype(int)
    return pa.array([word for words in lists for word in words]).take(pa.array(place, mask=missing))


def draw_titles(
    rng: np.random.Generator, language: NDArray[np.integer], chance: Sequence[float]
) -> pa.Array:
    """Draw a title per row.

    Args:
        rng: source of randomness.
        language: (n,) places in ``LANGUAGE_ORDER``.
        chance: probabilities of titles of 1, 2, … words.
    """
    lists = [LANGUAGES[code].title_words for code in LANGUAGE_ORDER]
    length = rng.choice(len(chance), len(language), p=chance)
    parts = [draw_words(rng, language, lists, length < place) for place in range(len(chance))]
    return join_columns(parts, word_separators(language))


def word_separators(language: NDArray[np.integer]) -> pa.Array:
    """Separator between words of each row's language."""
    return pa.array([LANGUAGES[code].separator for code in LANGUAGE_ORDER]).take(pa.array(language))


def join_columns(parts: Sequence[pa.Array | str], separator: pa.Array | str) -> pa.Array:
    """Join columns of text row by row, without nulls; a string stands for a column of it."""
    columns = [pa.scalar(part) if isinstance(part, str) else part for part in (*parts, separator)]
    options = pc.JoinOptions(null_handling="skip")
    return pc.call_function("binary_join_element_wise", columns, options)
