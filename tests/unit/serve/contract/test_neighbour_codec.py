import base64

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from embeat_pipeline.index.neighbour_payload import pack
from embeat_serve.contract.neighbour_codec import unpack
from embeat_serve.contract.schema import MOST_SHARED, STRENGTH_LEVELS

levels = st.tuples(st.integers(0, STRENGTH_LEVELS), st.integers(0, STRENGTH_LEVELS))
counted = st.tuples(st.integers(0, MOST_SHARED), levels)


@given(rows=st.lists(st.dictionaries(st.integers(0, 2**32 - 1), counted, max_size=9), max_size=5))
def test_what_is_packed_is_read_back(rows: list[dict[int, tuple[int, tuple[int, int]]]]) -> None:
    codes = pl.Series([list(row) for row in rows], dtype=pl.List(pl.UInt32))
    shared = pl.Series([[n for n, _ in row.values()] for row in rows], dtype=pl.List(pl.UInt16))
    single, several = (
        pl.Series(
            [[both[kind] for _, both in row.values()] for row in rows], dtype=pl.List(pl.UInt8)
        )
        for kind in (0, 1)
    )
    for row, text in zip(rows, pack(codes, shared, single, several).to_list(), strict=True):
        if text is None:
            assert not row
            continue
        assert len(base64.b64decode(text)) == 8 * len(row)
        found = unpack(text, 0.5)
        assert found.codes.tolist() == list(row)
        both = np.stack([found.strengths, found.several], axis=1) * STRENGTH_LEVELS
        assert both == pytest.approx(np.array([both for _, both in row.values()]))
        assert found.shared is not None
        assert found.shared.tolist() == [number for number, _ in row.values()]
        assert found.confidence == 0.5


@pytest.mark.parametrize(
    ("text", "reason"),
    [("*", "base64"), (base64.b64encode(b"1234").decode(), "takes 8 bytes, found 4")],
)
def test_what_is_no_list_is_refused(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        unpack(text)
