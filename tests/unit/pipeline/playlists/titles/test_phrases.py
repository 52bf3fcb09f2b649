from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy import sparse

from embeat_pipeline.playlists.titles.config import TitleConfig
from embeat_pipeline.playlists.titles.phrases import count_tracks
from embeat_serve.titles.phrase_tracks import PhraseTracks, phrase_key, phrases

ALL = TitleConfig(min_phrase_titles=1)
CODES = np.array([10, 20, 30, 40], np.uint32)
KNOWN = st.characters(codec="utf-8", exclude_categories=("Cs", "Cn", "Co"), max_codepoint=0x2FFFF)
"""Characters that both engines know; each follows a Unicode version of its own."""
TITLES = pl.Series(["Road Trip", "road trip", "Trip", None, "?"])
HELD = sparse.csr_array(
    np.array([[1, 1, 0, 0], [1, 0, 1, 0], [1, 1, 0, 0], [1, 1, 1, 1], [1, 1, 1, 1]])
)


def content(found: PhraseTracks) -> dict[int, tuple[int, dict[int, int]]]:
    """Key of a phrase -> its playlists, and how many of them hold each track."""
    pairs = zip(found.tracks.tolist(), found.counts.tolist(), strict=True)
    entries = list(pairs)
    return {
        key: (playlists, dict(entries[start:end]))
        for key, playlists, start, end in zip(
            found.keys.tolist(),
            found.playlists.tolist(),
            found.starts[:-1].tolist(),
            found.starts[1:].tolist(),
            strict=True,
        )
    }


def test_tracks_are_counted_by_phrase(tmp_path: Path):
    found = count_tracks(TITLES, HELD, CODES, ALL, tmp_path)
    found.validate()
    assert content(found) == {
        phrase_key("road"): (2, {10: 2}),
        phrase_key("trip"): (3, {10: 3, 20: 2}),
        phrase_key("road trip"): (2, {10: 2}),
    }
    assert found.titles.tolist() == [3]
    assert (np.diff(found.keys.astype(object)) > 0).all()


def test_rare_phrases_and_tracks_are_left_out(tmp_path: Path):
    config = TitleConfig(min_phrase_titles=3, max_phrase_tracks=1)
    found = count_tracks(TITLES, HELD, CODES, config, tmp_path)
    assert content(found) == {phrase_key("trip"): (3, {10: 3})}
    few = TitleConfig(min_phrase_titles=1, max_phrases=1)
    assert list(content(count_tracks(TITLES, HELD, CODES, few, tmp_path))) == [phrase_key("trip")]


def test_playlists_without_names_have_no_phrases(tmp_path: Path):
    found = count_tracks(pl.Series([None, None], dtype=pl.String), HELD[:2], CODES, ALL, tmp_path)
    found.validate()
    assert content(found) == {}


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.text(KNOWN, max_size=12), min_size=1, max_size=6))
def test_tables_have_the_phrases_that_serving_looks_for(tmp_path: Path, titles: list[str]):
    held = sparse.csr_array(np.ones((len(titles), 1)))
    found = count_tracks(pl.Series(titles), held, CODES, ALL, tmp_path)
    expected: dict[int, int] = {}
    for title in titles:
        for phrase in phrases(title):
            expected[phrase_key(phrase)] = expected.get(phrase_key(phrase), 0) + 1
    assert dict(zip(found.keys.tolist(), found.playlists.tolist(), strict=True)) == expected


def test_settings_are_checked():
    with pytest.raises(ValueError, match="phrases are kept"):
        TitleConfig(max_phrases=0)
