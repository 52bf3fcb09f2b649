"""Neighbour lists: as they are packed, and what several of them say together."""

import base64

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from embeat_pipeline.index.neighbours import pack
from embeat_serve.contract import STRENGTH_LEVELS
from embeat_serve.neighbours import Neighbours, agreed, unpack

lists = st.dictionaries(st.integers(0, 30), st.integers(1, STRENGTH_LEVELS), max_size=12)


@settings(deadline=None)  # the first example loads the codec
@given(rows=st.lists(lists, max_size=5))
def test_what_is_packed_is_read_back(rows: list[dict[int, int]]) -> None:
    codes = pl.Series([list(row) for row in rows], dtype=pl.List(pl.UInt32))
    strengths = pl.Series([list(row.values()) for row in rows], dtype=pl.List(pl.UInt8))
    for row, text in zip(rows, pack(codes, strengths).to_list(), strict=True):
        if text is None:
            assert not row
            continue
        found = unpack(text, 0.5)
        assert found.codes.tolist() == list(row)
        assert found.strengths * STRENGTH_LEVELS == pytest.approx(list(row.values()))
        assert found.confidence == 0.5


@pytest.mark.parametrize(
    ("text", "reason"),
    [("*", "base64"), (base64.b64encode(b"1234").decode(), "takes 5 bytes, found 4")],
)
def test_what_is_no_list_is_refused(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        unpack(text)


def neighbours(row: dict[int, int]) -> Neighbours:
    order = sorted(row, key=lambda code: -row[code])
    strengths = np.array([row[code] / STRENGTH_LEVELS for code in order], np.float32)
    return Neighbours(np.array(order, np.uint32), strengths, 1.0)


@given(
    rows=st.lists(st.one_of(st.none(), lists), min_size=1, max_size=5),
    excluded=st.lists(st.integers(0, 30), max_size=3),
    limit=st.integers(1, 20),
)
def test_strengths_add_up_over_the_lists(
    rows: list[dict[int, int] | None], excluded: list[int], limit: int
) -> None:
    found = agreed([None if row is None else neighbours(row) for row in rows], excluded, limit)
    totals: dict[int, float] = {}
    for row in rows:
        for code, strength in (row or {}).items():
            totals[code] = totals.get(code, 0) + strength
    expected = sorted(set(totals) - set(excluded), key=lambda code: (-totals[code], code))[:limit]
    assert {code for codes, _ in found for code in codes.tolist()} == set(expected)
    for row, (codes, strengths) in zip(rows, found, strict=True):
        assert codes.tolist() == [
            c for c in neighbours(row or {}).codes.tolist() if c in set(expected)
        ]
        assert strengths * STRENGTH_LEVELS == pytest.approx(
            [(row or {})[code] for code in codes.tolist()]
        )
