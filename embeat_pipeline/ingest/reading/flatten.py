"""Flatten nested records into columns: ``album.name`` becomes ``album_name``."""

import polars as pl

MAX_DEPTH = 6
"""Levels that are flattened; what lies deeper does not describe a song."""


def flatten(frame: pl.LazyFrame) -> pl.LazyFrame:
    """Make fields of structs columns, and fields of lists of structs columns of lists.

    The column is named after struct and field, joined by an underscore. A field is left out if
    there is a column of that name already.
    """
    for _ in range(MAX_DEPTH):
        schema = frame.collect_schema()
        nested = {name: fields for name, dtype in schema.items() if (fields := _fields(dtype))}
        if not nested:
            break
        names = {name for name in schema if name not in nested}
        columns = [pl.col(name) for name in schema if name in names]
        for name, fields in nested.items():
            is_list = isinstance(schema[name], pl.List | pl.Array)
            for field in fields:
                joined = f"{name}_{field}"
                if joined not in names:
                    names.add(joined)
                    columns.append(_field(name, field, is_list).alias(joined))
        frame = frame.select(columns)
    return frame


def _fields(dtype: pl.DataType) -> list[str]:
    inner = dtype.inner if isinstance(dtype, pl.List | pl.Array) else dtype
    return [field.name for field in inner.fields] if isinstance(inner, pl.Struct) else []


def _field(name: str, field: str, is_list: bool) -> pl.Expr:
    if is_list:
        return pl.col(name).list.eval(pl.element().struct.field(field))
    return pl.col(name).struct.field(field)
