"""Keys made by the pipeline are the keys the serving package asks for, whatever the text."""

import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from embeat_pipeline.common import text_expressions as native
from embeat_serve.contract import text_keys as text

FUNCTIONS = ("fold", "search_text", "name_key")

# Letters younger than either engine's Unicode tables fold differently in each.
anything = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cs", "Cn", "Co"), max_codepoint=0x2FFFF),
    max_size=30,
)
pieces = st.sampled_from(
    [
        "晴天", "葉惠美", "夜に駆ける", "ガ", "か\u3099", "사랑", "Beyoncé", "Ænima", "ΣΊΣΥΦΟΣ",
        "Straße", "İstanbul", "Don't", "’", " ", "\n", "\t", "\x1c", "\u2028", "\xa0", "???", "🎵",
        "①", "ﬁ", "(", ")", "-", "Pt. 2",
    ]
)  # fmt: skip
titles = st.lists(pieces, max_size=6).map("".join)


def assert_equal(name: str, values: list[str]) -> None:
    frame = pl.DataFrame({"value": values}, schema={"value": pl.String})
    found = frame.select(getattr(native, name)(pl.col("value"))).to_series().to_list()
    assert found == [getattr(text, name)(value) for value in values]


@pytest.mark.slow
@pytest.mark.parametrize("name", FUNCTIONS)
@settings(max_examples=100)
@given(values=st.lists(anything | titles, min_size=1, max_size=40))
@example(values=["", " ", "\x1f", "Σ", "ΑΣ ", "ǅ", "\u1e9e", "ſ"])
def test_same_key_as_serving(name: str, values: list[str]):
    assert_equal(name, values)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_same_key_for_every_single_character(name: str):
    codes = (code for code in range(0x30000) if chr(code).isprintable() or chr(code).isspace())
    values = [chr(code) for code in codes if not 0x4E00 < code < 0x9F00 and code < 0x20100]
    assert_equal(name, values)


def test_null_stays_null():
    frame = pl.DataFrame({"value": [None, "x"]})
    for name in FUNCTIONS:
        assert frame.select(getattr(native, name)(pl.col("value"))).to_series().to_list() == [
            None,
            "x",
        ]
