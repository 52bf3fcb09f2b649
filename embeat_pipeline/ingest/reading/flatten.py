"""Records within records -> columns: ``album.name`` becomes ``album_name``."""

import polars as pl

MAX_DEPTH = 6
"""Levels unfolded; what lies deeper is not what describes a song."""


def flatten(frame: pl.LazyFrame) -> pl.LazyFrame:
    """Fields of structs as columns, and of lists of structs as lists side by side.

    A field's column is called after both, joined by an underscore, unless there is a column of
    that name already.
    """
    for _ in range(MAX_DEPTH):
        schema = frame.collect_schema()
        nested = {name: fields for name, dtype in schema.items() if (fields := _fields(dtype))}
        if not nested:
            break
        taken = {name for name in schema if name not in nested}
        columns = [pl.col(name) for name in schema if name in taken]
        for name, fields in nested.items():
            listed = isinstance(schema[name], pl.List | pl.Array)
            for field in fields:
                joined = f"{name}_{field}"
                if joined not in taken:
                    taken.add(joined)
                    columns.append(_field(name, field, listed).alias(joined))
        frame = frame.select(columns)
    return frame


def _fields(dtype: pl.DataType) -> list[str]:
    inner = dtype.inner if isinstance(dtype, pl.List | pl.Array) else dtype
    return [field.name for field in inner.fields] if isinstance(inner, pl.Struct) else []


def _field(name: str, field: str, listed: bool) -> pl.Expr:
    if listed:
        return pl.col(name).list.eval(pl.element().struct.field(field))
    return pl.col(name).struct.field(field)
