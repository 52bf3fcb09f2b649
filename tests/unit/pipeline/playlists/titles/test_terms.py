from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from embeat_pipeline.playlists.titles.config import TitleConfig
from embeat_pipeline.playlists.titles.terms import read_terms, title_text
from embeat_serve.contract import title_terms as contract

ALL = TitleConfig(min_titles=1)

KNOWN = st.characters(codec="utf-8", exclude_categories=("Cs", "Cn", "Co"), max_codepoint=0x2FFFF)
"""Characters that both engines know; each follows a Unicode version of its own."""


@given(st.lists(st.text(KNOWN, max_size=30), min_size=1, max_size=8))
def test_the_text_of_a_title_is_that_of_serving(titles: list[str]):
    frame = pl.DataFrame({"title": titles})
    texts = frame.select(title_text(pl.col("title"))).to_series().to_list()
    assert texts == [contract.title_text(title) for title in titles]


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.text("abc é🔥夜", max_size=12), min_size=1, max_size=6))
def test_terms_and_their_weights_are_those_of_serving(tmp_path: Path, titles: list[str]):
    found = read_terms(pl.Series(titles), ALL, tmp_path)
    rows = found.matrix.toarray()
    known = found.terms.tolist()
    assert known == sorted({term for title in titles for term in contract.title_terms(title)})
    for row, title in zip(rows, titles, strict=True):
        counts = contract.title_terms(title)
        assert {known[i] for i in np.flatnonzero(row)} == set(counts)
        if counts:
            assert np.linalg.norm(row) == pytest.approx(1, rel=1e-5)


def test_a_term_counts_the_more_the_fewer_titles_have_it(tmp_path: Path):
    found = read_terms(pl.Series(["rock a", "rock b", "rock cc"]), ALL, tmp_path)
    rarity = dict(zip(found.terms.tolist(), found.rarity.tolist(), strict=True))
    assert rarity["rock"] == pytest.approx(1)
    assert rarity["cc"] == pytest.approx(1 + np.log(4 / 2))
    assert found.unknown_rarity == pytest.approx(1 + np.log(4 / 2))


def test_terms_of_few_titles_are_left_out_but_take_their_share(tmp_path: Path):
    titles = pl.Series(["rock one", "rock two", None, "!!!"])
    found = read_terms(titles, TitleConfig(min_titles=2), tmp_path)
    assert "rock" in found.terms
    assert "one" not in found.terms
    lengths = np.linalg.norm(found.matrix.toarray(), axis=1)
    assert (lengths[:2] < 0.9).all()
    assert lengths[2:].tolist() == [0, 0]


def test_of_too_many_terms_the_most_frequent_stay(tmp_path: Path):
    titles = pl.Series(["ab", "ab", "ab", "cd", "cd"])
    found = read_terms(titles, TitleConfig(min_titles=1, max_terms=4), tmp_path)
    assert len(found.terms) == 4
    assert set(found.terms.tolist()) <= set(contract.title_terms("ab"))
