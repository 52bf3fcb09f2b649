"""Cut the titles of playlists into weighted terms, for whole tables at once."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy import sparse

from embeat_pipeline.common.duckdb_session import open_database
from embeat_pipeline.common.text_expressions import search_text
from embeat_pipeline.playlists.titles.config import TitleConfig
from embeat_serve.contract.title_terms import (
    LONGEST_TERM,
    SELECTOR,
    SHORTEST_TERM,
    SYMBOL,
)
from embeat_serve.titles.title_model import term_weights

_TERMS = """
    CREATE TEMP TABLE title_terms AS
    SELECT row, substr(text, start, length) AS term, count(*) AS occurrences
    FROM titles, unnest(range($shortest, $longest + 1)) AS lengths(length),
        unnest(range(1, len(text) - length + 2)) AS starts(start)
    GROUP BY ALL
"""
_VOCABULARY = """
    SELECT term, titles, term_index FROM (
        SELECT *, row_number() OVER (ORDER BY encode(term)) - 1 AS term_index FROM (
            SELECT term, count(*) AS titles FROM title_terms GROUP BY term
            HAVING count(*) >= $min_titles ORDER BY titles DESC, encode(term) LIMIT $max_terms
        )
    ) ORDER BY term_index
"""
_LENGTHS = """
    SELECT row, sqrt(sum(((1 + ln(occurrences)) * coalesce(rarity, $unknown)) ** 2)) AS length
    FROM title_terms LEFT JOIN vocabulary USING (term) GROUP BY row ORDER BY row
"""
_CELLS = """
    SELECT row, term_index, occurrences FROM title_terms JOIN vocabulary USING (term)
    ORDER BY row, term_index
"""


class TitleTerms(NamedTuple):
    """The terms of some titles."""

    terms: NDArray[np.str_]
    """(t,) ascending."""
    rarity: NDArray[np.float32]
    """(t,) logarithm of the inverse share of titles that have a term, plus 1."""
    unknown_rarity: float
    """The same of a term that one title has."""
    matrix: sparse.csr_array
    """(titles, t) float32: rows of length 1, less what their unknown terms take of it."""


def title_text(expression: pl.Expr) -> pl.Expr:
    """The text that terms are cut from, as ``contract.title_terms.title_text`` makes it."""
    plain = expression.str.replace_all(SELECTOR, "")
    symbols = plain.str.extract_all(SYMBOL).list.join(" ")
    joined = pl.concat_str(search_text(plain), pl.lit(" "), symbols).str.strip_chars(" ")
    return pl.concat_str(pl.lit(" "), joined, pl.lit(" "))


def title_texts(titles: pl.Series) -> pl.DataFrame:
    """``row`` and ``text`` of the titles that have a letter or an emoji."""
    named = titles.fill_null("").alias("title").to_frame()
    texts = named.select(title_text(pl.col("title")).alias("text")).with_row_index("row")
    return texts.filter(pl.col("text").str.strip_chars(" ") != "")


def read_terms(titles: pl.Series, config: TitleConfig, spill: Path) -> TitleTerms:
    """Count and weight the terms of titles (tf-idf; Salton and Buckley 1988).

    Some 100 terms a title are counted by DuckDB, which spills to disk beyond 2 GB.

    Args:
        titles: one for each row; null or without a letter has no terms.
        config: which terms are kept.
        spill: folder for what does not fit into memory.
    """
    texts = title_texts(titles)
    with open_database(spill) as database:
        database.register("titles", texts.to_arrow())
        bounds = {"shortest": SHORTEST_TERM, "longest": LONGEST_TERM}
        database.execute(_TERMS, bounds)
        limits = {"min_titles": config.min_titles, "max_terms": config.max_terms}
        vocabulary = database.sql(_VOCABULARY, params=limits).pl()
        number = len(texts)
        counts = vocabulary["titles"].to_numpy()
        rarity, unknown = _rarity(counts, number), float(_rarity(np.ones(1), number)[0])
        vocabulary = vocabulary.with_columns(rarity=pl.Series(rarity))
        database.register("vocabulary", vocabulary.to_arrow())
        lengths = np.ones(len(titles))
        of_rows = database.sql(_LENGTHS, params={"unknown": unknown}).pl()
        lengths[of_rows["row"].to_numpy()] = of_rows["length"].to_numpy()
        cells = database.sql(_CELLS).pl()
    rows, columns = cells["row"].to_numpy(), cells["term_index"].to_numpy()
    occurrences = cells["occurrences"].to_numpy().astype(np.float32)
    values = term_weights(occurrences) * rarity[columns] / lengths[rows]
    shape = (len(titles), len(vocabulary))
    matrix = sparse.csr_array((values.astype(np.float32), (rows, columns)), shape=shape)
    return TitleTerms(np.array(vocabulary["term"].to_list(), "U6"), rarity, unknown, matrix)


def _rarity(counts: NDArray[np.generic], titles: int) -> NDArray[np.float32]:
    return (1 + np.log((1 + titles) / (1 + counts.astype(np.float64)))).astype(np.float32)
