"""What every reader hands on."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import polars as pl

LINE: Mapping[str, Any] = {"row": pl.Int64, "reason": pl.String, "value": pl.String}
"""Columns of ``Raw.refused``: which line or record, from 0, why, and how it begins."""


class NotUsable(Exception):
    """A file of the dump that nothing can be taken from; the message says what was found."""


@dataclass(frozen=True)
class Raw:
    """A file in its own columns."""

    format: str
    frame: pl.LazyFrame
    embedded: tuple[pl.LazyFrame, ...] = ()
    """Further tables that the file holds, in columns of their own."""
    refused: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=dict(LINE)))
    """Lines that are no rows of the format."""
