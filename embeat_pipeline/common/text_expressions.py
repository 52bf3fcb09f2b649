"""Polars expressions for the text keys of ``embeat_serve.contract.text_keys``.

Every function takes and returns a string expression that runs natively and row by row, so that it
streams. A property test compares each one with its counterpart in Python.
"""

import re
from functools import lru_cache

import polars as pl

from embeat_serve.contract import text_keys as text

_STRIPPED = "".join(chr(code) for code in range(0x110000) if chr(code).isspace())

_NOT_WORD_NOR_SPACE = text.NOT_WORD.replace("]+", " ]+")


@lru_cache(maxsize=1)
def blank() -> str:
    """Pattern of text that folds to nothing but space: spaces, and marks on their own."""
    vanishing = (char for char in map(chr, range(0x10000)) if not text.fold(char).strip())
    return f"^[{''.join(map(re.escape, vanishing))}]*$"


def fold(expression: pl.Expr) -> pl.Expr:
    """Compatibility forms, case, accents and traditional characters folded away."""
    decomposed = expression.str.normalize("NFKD").str.to_lowercase()
    bare = decomposed.str.replace_many(text.FOLDED_LETTERS).str.replace_all(
        f"[{text.COMBINING_MARKS}]", ""
    )
    simplified = {chr(code): simple for code, simple in text.simplified_table().items()}
    return bare.str.normalize("NFKC").str.replace_many(simplified)


def _tokens(folded: pl.Expr) -> pl.Expr:
    # Single spaces, the most frequent separators, are left alone by both replacements.
    words = folded.str.replace_all(text.APOSTROPHES, "").str.replace_all(_NOT_WORD_NOR_SPACE, " ")
    split = words.str.replace_all(f"[{text.CJK}]", " $0 ")
    return split.str.replace_all(" {2,}", " ").str.strip_chars(" ")


def search_text(expression: pl.Expr) -> pl.Expr:
    """Space-separated tokens: folded words, and single characters for kana, Han and Hangul."""
    return _tokens(fold(expression))


def name_key(expression: pl.Expr) -> pl.Expr:
    """Exact-match key of a title or an artist: its search tokens, or its folded self."""
    folded = fold(expression)
    return _key(_tokens(folded), folded)


def with_name_key(frame: pl.LazyFrame, expression: pl.Expr, key: str) -> pl.LazyFrame:
    """``frame`` with ``name_key`` of ``expression`` as the column ``key``.

    In steps, since an expression is evaluated wherever it is written: this folds once.
    """
    folded, tokens = f"{key}.folded", f"{key}.tokens"
    return (
        frame.with_columns(fold(expression).alias(folded))
        .with_columns(_tokens(pl.col(folded)).alias(tokens))
        .with_columns(_key(pl.col(tokens), pl.col(folded)).alias(key))
        .drop(folded, tokens)
    )


def _key(tokens: pl.Expr, folded: pl.Expr) -> pl.Expr:
    return pl.when(tokens != "").then(tokens).otherwise(folded.str.strip_chars(_STRIPPED))
