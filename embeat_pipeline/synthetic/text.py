"""Titles and names put together a column at a time."""

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
    """One word per row from the list of the row's language, null where ``missing``."""
    sizes = np.array([len(words) for words in lists])
    starts = np.cumsum(sizes) - sizes
    place = starts[language] + np.floor(rng.random(len(language)) * sizes[language]).astype(int)
    return pa.array([word for words in lists for word in words]).take(pa.array(place, mask=missing))


def phrases(
    rng: np.random.Generator, language: NDArray[np.integer], chance: Sequence[float]
) -> pa.Array:
    """Titles of 1, 2, … words, with the chance of each length."""
    lists = [LANGUAGES[code].title_words for code in LANGUAGE_ORDER]
    length = rng.choice(len(chance), len(language), p=chance)
    parts = [draw_words(rng, language, lists, length < place) for place in range(len(chance))]
    return join(parts, separators(language))


def separators(language: NDArray[np.integer]) -> pa.Array:
    """What stands between words of the row's language."""
    return pa.array([LANGUAGES[code].separator for code in LANGUAGE_ORDER]).take(pa.array(language))


def join(parts: Sequence[pa.Array | str], separator: pa.Array | str) -> pa.Array:
    """Join columns (a string stands for a column of it), leaving nulls out."""
    columns = [pa.scalar(part) if isinstance(part, str) else part for part in (*parts, separator)]
    options = pc.JoinOptions(null_handling="skip")
    return pc.call_function("binary_join_element_wise", columns, options)
