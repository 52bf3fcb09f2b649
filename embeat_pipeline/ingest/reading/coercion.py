"""Convert columns of any type to canonical ones: text, lists of text, numbers and flags."""

from collections.abc import Mapping

import polars as pl

from embeat_pipeline.ingest.reading import text_literals as literals
from embeat_pipeline.ingest.reading.column_matching import Match
from embeat_pipeline.ingest.reading.column_synonyms import (
    EMBEDDED_IN_TRACKS,
    TABLES,
    Column,
    Kind,
)

_TRUE, _FALSE = ("true", "t", "yes", "1", "1.0"), ("false", "f", "no", "0", "0.0")

CANONICAL_TYPES = {
    Kind.TEXT: pl.String,
    Kind.TEXTS: pl.List(pl.String),
    Kind.NUMBER: pl.Float64,
    Kind.FLAG: pl.Boolean,
}

TITLE_SEPARATOR = " - "
"""Separates artist and title where one column holds both."""


def to_canonical(frame: pl.LazyFrame, match: Match) -> tuple[pl.LazyFrame, dict[str, str]]:
    """Convert the columns of ``match`` to their canonical names and types.

    Values that cannot be converted become null. A column whose type cannot be converted, such as a
    struct for a title, is left out. Canonical columns that the file lacks are null. Columns of
    embedded tables follow, named ``table.column``.

    Returns:
        The frame; and the columns that were left out, with the reason.
    """
    schema = frame.collect_schema()
    columns, unreadable = _columns(schema, TABLES[match.table], match.mapped)
    if match.table == "tracks":
        columns |= _combined_credits(schema, match.mapped, columns)
    for table, mapped in match.embedded.items():
        own, more = _columns(schema, EMBEDDED_IN_TRACKS[table], mapped)
        columns |= {f"{table}.{name}": column for name, column in own.items()}
        unreadable |= more
    return frame.select(column.alias(name) for name, column in columns.items()), unreadable


def _columns(
    schema: pl.Schema, canonical: Mapping[str, Column], mapped: Mapping[str, str]
) -> tuple[dict[str, pl.Expr], dict[str, str]]:
    columns, unreadable = {}, {}
    for name, column in canonical.items():
        expression = None
        if name in mapped:
            source = mapped[name]
            expression = _read(pl.col(source), schema[source], column)
            if expression is None:
                unreadable[source] = f"a {schema[source]} cannot be read as {column.kind.value}"
        if expression is None:
            expression = pl.lit(None, CANONICAL_TYPES[column.kind])
        columns[name] = expression
    return columns, unreadable


def _combined_credits(
    schema: pl.Schema, mapped: Mapping[str, str], columns: Mapping[str, pl.Expr]
) -> dict[str, pl.Expr]:
    """Columns from combined ones: ids from names by id, artist and title from one text."""
    split: dict[str, pl.Expr] = {}
    own = mapped.get("artist_names")
    if own and "artist_ids" not in mapped and isinstance(schema[own], pl.String):
        text = pl.col(own)
        ids = (
            pl.when(literals.is_dict(text))
            .then(literals.keys(text))
            .when(literals.is_records(text))
            .then(literals.record_values(text, "id"))
        )
        split["artist_ids"] = pl.when(ids.list.len() > 0).then(ids)
    if "artist_title" in mapped:
        parts = columns["artist_title"].str.splitn(TITLE_SEPARATOR, 2)
        both = parts.struct.field("field_1").is_not_null()
        artist = pl.concat_list(parts.struct.field("field_0"))
        split["track_name"] = pl.coalesce(columns["track_name"], parts.struct.field("field_1"))
        split["artist_names"] = pl.coalesce(columns["artist_names"], pl.when(both).then(artist))
    return split


def _read(column: pl.Expr, dtype: pl.DataType, target: Column) -> pl.Expr | None:
    if target.kind is Kind.TEXTS:
        return _texts(column, dtype, target.separators)
    if target.kind is Kind.NUMBER:
        if isinstance(dtype, pl.String | pl.Categorical | pl.Enum):
            return column.cast(pl.String).str.strip_chars().cast(pl.Float64, strict=False)
        if dtype.is_numeric() or isinstance(dtype, pl.Boolean | pl.Null):
            return column.cast(pl.Float64, strict=False)
        return None
    text = _as_text(column, dtype)
    if target.kind is Kind.TEXT or text is None:
        return text
    lower = text.str.strip_chars().str.to_lowercase()
    return pl.when(lower.is_in(_TRUE)).then(True).when(lower.is_in(_FALSE)).then(False)


def _texts(column: pl.Expr, dtype: pl.DataType, separators: str) -> pl.Expr | None:
    if isinstance(dtype, pl.List | pl.Array):
        items = _as_text(pl.element(), dtype.inner)
        lists = column.cast(pl.List(dtype.inner))
        return None if items is None else lists.list.eval(items)
    text = _as_text(column, dtype)
    if text is None:
        return None
    if not isinstance(dtype, pl.String | pl.Categorical | pl.Enum):
        return pl.when(text.is_not_null()).then(pl.concat_list(text))
    parts = text.str.replace_all(f"[{separators}]", separators[0]).str.split(separators[0])
    # Artists have names such as [dunkelbunt], so brackets mark a list of ids or genres only.
    is_list = literals.is_quoted(text)
    if "," in separators:
        is_list |= literals.is_bracketed(text)
    return (
        pl.when(literals.is_records(text))
        .then(literals.record_values(text, "name"))
        .when(literals.is_dict(text))
        .then(literals.values(text))
        .when(is_list)
        .then(literals.items(text))
        .when(text.is_not_null())
        .then(parts.list.filter(pl.element().str.strip_chars() != ""))
    )


def _as_text(column: pl.Expr, dtype: object) -> pl.Expr | None:
    if isinstance(dtype, pl.Struct | pl.List | pl.Array | pl.Object | pl.Binary):
        return None
    return column.cast(pl.String, strict=False)
