"""Raw columns of any type -> canonical ones: text, lists of text, numbers and flags."""

import polars as pl

from embeat_pipeline.ingest.columns import TABLES, Kind, Match

_TRUE, _FALSE = ("true", "t", "yes", "1", "1.0"), ("false", "f", "no", "0", "0.0")

CANONICAL_TYPES = {
    Kind.TEXT: pl.String,
    Kind.TEXTS: pl.List(pl.String),
    Kind.NUMBER: pl.Float64,
    Kind.FLAG: pl.Boolean,
}


def canonical(frame: pl.LazyFrame, match: Match) -> tuple[pl.LazyFrame, dict[str, str]]:
    """Columns of ``match`` under their canonical names and types, all others of its table null.

    Values that cannot be read as what the column holds become null; a column of a type that
    cannot be (a struct for a title) is left out.

    Returns:
        The frame, and the columns left out with the reason.
    """
    schema = frame.collect_schema()
    columns, unreadable = [], {}
    for name, column in TABLES[match.table].items():
        expression = None
        if name in match.mapped:
            own = match.mapped[name]
            expression = _read(pl.col(own), schema[own], column.kind)
            if expression is None:
                unreadable[own] = f"a {schema[own]} cannot be read as {column.kind.value}"
        if expression is None:
            expression = pl.lit(None, CANONICAL_TYPES[column.kind])
        columns.append(expression.alias(name))
    return frame.select(columns), unreadable


def _read(column: pl.Expr, dtype: pl.DataType, kind: Kind) -> pl.Expr | None:
    if kind is Kind.TEXTS:
        if isinstance(dtype, pl.List | pl.Array):
            items = _as_text(pl.element(), dtype.inner)
            lists = column.cast(pl.List(dtype.inner))
            return None if items is None else lists.list.eval(items)
        text = _as_text(column, dtype)
        return None if text is None else pl.when(text.is_not_null()).then(pl.concat_list(text))
    if kind is Kind.NUMBER:
        if isinstance(dtype, pl.String | pl.Categorical | pl.Enum):
            return column.cast(pl.String).str.strip_chars().cast(pl.Float64, strict=False)
        if dtype.is_numeric() or isinstance(dtype, pl.Boolean | pl.Null):
            return column.cast(pl.Float64, strict=False)
        return None
    text = _as_text(column, dtype)
    if kind is Kind.TEXT or text is None:
        return text
    lower = text.str.strip_chars().str.to_lowercase()
    return pl.when(lower.is_in(_TRUE)).then(True).when(lower.is_in(_FALSE)).then(False)


def _as_text(column: pl.Expr, dtype: object) -> pl.Expr | None:
    if isinstance(dtype, pl.Struct | pl.List | pl.Array | pl.Object):
        return None
    return column.cast(pl.String, strict=False)
