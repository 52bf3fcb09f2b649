import base64

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from embeat_pipeline.index.neighbour_payload import pack
from embeat_serve.contract.neighbour_codec import unpack
from embeat_serve.contract.schema import COUNT_LEVELS_PER_DOUBLING, MOST_SHARED, STRENGTH_LEVELS

byte = st.integers(0, 255)
facts = st.tuples(st.integers(0, MOST_SHARED), byte, byte, byte, byte)
TYPES = (pl.UInt16, pl.UInt8, pl.UInt8, pl.UInt8, pl.UInt8)


@given(rows=st.lists(st.dictionaries(st.integers(0, 2**32 - 1), facts, max_size=9), max_size=5))
def test_what_is_packed_is_read_back(rows: list[dict[int, tuple[int, ...]]]) -> None:
    codes = pl.Series([list(row) for row in rows], dtype=pl.List(pl.UInt32))
    columns = [
        pl.Series([[one[place] for one in row.values()] for row in rows], dtype=pl.List(kind))
        for place, kind in enumerate(TYPES)
    ]
    for row, text in zip(rows, pack(codes, *columns).to_list(), strict=True):
        if text is None:
            assert not row
            continue
        assert len(base64.b64decode(text)) == 10 * len(row)
        found = unpack(text, 0.5)
        assert found.codes.tolist() == list(row)
        assert found.shared is not None
        assert found.als is not None
        assert found.log_counts is not None
        shared, *levels = np.array(list(row.values())).T
        assert found.shared.tolist() == shared.tolist()
        shares = np.stack([found.strengths, found.several, found.als])
        assert shares * STRENGTH_LEVELS == pytest.approx(np.array(levels[:3]))
        assert found.log_counts * COUNT_LEVELS_PER_DOUBLING == pytest.approx(levels[3])
        assert found.confidence == 0.5


@pytest.mark.parametrize(
    ("text", "reason"),
    [("*", "base64"), (base64.b64encode(b"1234").decode(), "takes 10 bytes, found 4")],
)
def test_what_is_no_list_is_refused(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        unpack(text)
