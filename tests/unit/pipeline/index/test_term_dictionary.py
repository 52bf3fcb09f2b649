"""The words of a release: what is written, and what serving finds in it."""

import tempfile
from collections import Counter
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from embeat_pipeline.index import term_dictionary as writing
from embeat_pipeline.index.term_dictionary import write_term_dictionary
from embeat_serve.contract.lake import LakePaths
from embeat_serve.contract.schema import Collection
from embeat_serve.contract.text_keys import search_text
from embeat_serve.errors import BrokenRelease
from embeat_serve.stores.qdrant_edge import EdgeStore
from embeat_serve.text_index.term_dictionary import FILES, TermDictionary

NAMES = st.text(st.sampled_from("abcдя晴天한글カ é-'1"), max_size=12)
POPULARITY = st.none() | st.integers(0, 100)
TITLES = st.lists(st.tuples(NAMES, NAMES, POPULARITY), max_size=20)
ARTISTS = st.lists(st.tuples(NAMES, st.lists(NAMES, max_size=2), POPULARITY, st.booleans()))


def write(folder: Path, titles: list, artists: list) -> TermDictionary:
    """The words of such tables, as serving reads them."""
    lake = LakePaths(folder)
    lake.tables.mkdir()
    tracks = {
        "track_name": pl.Series([name for name, _, _ in titles], dtype=pl.String),
        "artist_names": pl.Series([[by] for _, by, _ in titles], dtype=pl.List(pl.String)),
        "popularity": pl.Series([value for _, _, value in titles], dtype=pl.UInt8),
    }
    pl.DataFrame(tracks).write_parquet(lake.table("tracks"), row_group_size=7)
    known = {
        "artist_name": pl.Series([name for name, *_ in artists], dtype=pl.String),
        "aliases": pl.Series([also for _, also, *_ in artists], dtype=pl.List(pl.String)),
        "popularity": pl.Series([value for *_, value, _ in artists], dtype=pl.UInt8),
        "num_tracks": pl.Series([int(there) for *_, there in artists], dtype=pl.UInt32),
    }
    pl.DataFrame(known).write_parquet(lake.table("artists"))
    release = lake.release("r")
    for collection in Collection.ALL:
        (release / collection).mkdir(parents=True)
    written = write_term_dictionary(lake, release)
    found = TermDictionary.of(EdgeStore(release))
    assert len(found) == written
    return found


@settings(max_examples=30)
@given(TITLES, ARTISTS, st.text(st.sampled_from("abcдя晴한カe1"), min_size=1, max_size=3))
def test_the_heaviest_words_that_begin_so_are_found(
    titles: list, artists: list, beginning: str
) -> None:
    weights: Counter[str] = Counter()
    for name, by, popularity in titles:
        weights.update(dict.fromkeys(search_text(f"{name} {by}").split(), 1 + (popularity or 0)))
    for name, aliases, _, there in artists:
        words = search_text(" ".join([name, *aliases])).split() if there else ()
        weights.update(dict.fromkeys(words, 0))
    with tempfile.TemporaryDirectory() as folder:
        found = write(Path(folder), titles, artists).completions(beginning, 4)
    fitting = (word for word in weights if word.startswith(beginning))
    expected = sorted(fitting, key=lambda word: (-weights[word], word.encode()))
    assert found == tuple(dict.fromkeys([beginning, *expected[:4]]))[:4]


@settings(max_examples=30)
@given(TITLES, ARTISTS)
def test_the_best_known_words_of_titles_and_artists_come_first(titles: list, artists: list) -> None:
    best: dict[str, int] = {}
    times: Counter[str] = Counter()
    named = [(name, popularity) for name, _, popularity in titles]
    named += [
        (" ".join([name, *aliases]), popularity)
        for name, aliases, popularity, there in artists
        if there
    ]
    for name, popularity in named:
        for word in set(search_text(name).split()):
            if 3 <= len(word) <= 32:
                times[word] += 1
                best[word] = max(best.get(word, 0), popularity or 0)
    with tempfile.TemporaryDirectory() as folder:
        found = write(Path(folder), titles, artists)
    expected = sorted(best, key=lambda word: (-best[word], -times[word], word.encode()))
    assert found.at(found.correctable) == expected
    assert found.lengths.tolist() == [len(word) for word in expected]
    assert [found.find(word) for word in expected] == found.correctable.tolist()


def test_only_so_many_words_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writing, "MAX_TERMS", 2)
    monkeypatch.setattr(writing, "MAX_CORRECTABLE", 1)
    titles = [("hello sunny", "x", 9), ("hello", "x", 9), ("best known", "y", 90)]
    found = write(tmp_path, titles, [])
    # Best for completing, and best known of those that others may be taken for.
    assert found.at(np.arange(len(found))) == ["best", "known"]
    assert found.at(found.correctable) == ["best"]


def test_the_arrays_are_read_from_the_file_and_not_copied(tmp_path: Path) -> None:
    found = write(tmp_path, [("hello sunny", "x", 9)], [])
    arrays = (
        found.text,
        found.ends,
        found.weights,
        found.correctable,
        found.letters,
        found.lengths,
    )
    assert not any(array.flags.owndata or array.flags.writeable for array in arrays)


@pytest.mark.parametrize("file", FILES)
@pytest.mark.parametrize("content", [None, b"", b"words", "longer", "other"])
def test_what_is_no_list_of_words_is_refused(
    tmp_path: Path, file: str, content: bytes | str | None
) -> None:
    write(tmp_path, [("hello sunny", "x", 9)], [])
    release = LakePaths(tmp_path).release("r")
    path = release / file
    array = np.load(path)
    path.unlink()
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif content:
        longer = np.concatenate([array, array])
        np.save(path, longer if content == "longer" else array.astype(np.float64))
    with pytest.raises(BrokenRelease, match=r"words|python -m embeat_pipeline"):
        TermDictionary.of(EdgeStore(release))
