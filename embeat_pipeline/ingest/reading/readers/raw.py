"""Common result of all readers: the columns of a file, and its refused lines."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import polars as pl

LINE: Mapping[str, Any] = {"row": pl.Int64, "reason": pl.String, "value": pl.String}
"""Columns of ``Raw.refused``: number of the line or record from 0, reason, and its beginning."""


class NotUsable(Exception):
    """A file of the dump cannot be used; the message says why."""


@dataclass(frozen=True)
class Raw:
    """Content of a file in its own columns."""

    format: str
    frame: pl.LazyFrame
    embedded: tuple[pl.LazyFrame, ...] = ()
    """Further tables that the file holds, in columns of their own."""
    refused: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=dict(LINE)))
    """Lines that are no rows of the format, with the columns of ``LINE``."""
