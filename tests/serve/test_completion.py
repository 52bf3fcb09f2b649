from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from embeat_pipeline.index.completions import write_completions
from embeat_serve.completion import WordList, search
from embeat_serve.contract import ReleaseFile
from embeat_serve.errors import BrokenRelease, UsageError
from embeat_serve.recommender import Recommender
from embeat_serve.text import search_text


class File:
    """A store of one file."""

    def __init__(self, path: Path):
        self.path = path

    def read_file(self, name: str) -> bytes:
        if name != ReleaseFile.COMPLETIONS or not self.path.is_file():
            raise BrokenRelease(name)
        return self.path.read_bytes()


def words_of(path: Path) -> WordList:
    return WordList.of(File(path))  # type: ignore[arg-type]


titles = st.lists(
    st.tuples(
        st.text(st.sampled_from("abcдя晴天한글カ é-'1"), max_size=12),
        st.none() | st.integers(0, 100),
    ),
    max_size=30,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(titles, st.text(st.sampled_from("abcдя晴한カe1"), min_size=1, max_size=3))
def test_the_heaviest_words_that_begin_so_are_found(
    tmp_path: Path, names: list[tuple[str, int | None]], beginning: str
) -> None:
    rows = [{"track_name": name, "artist_names": ["abba"], "popularity": p} for name, p in names]
    schema = {
        "track_name": pl.String,
        "artist_names": pl.List(pl.String),
        "popularity": pl.Int64,
    }
    pl.DataFrame(rows, schema).write_parquet(tmp_path / "tracks.parquet")
    write_completions(tmp_path / "tracks.parquet", tmp_path / "words")
    weights: dict[str, int] = {}
    for name, popularity in names:
        for word in set(search_text(f"{name} abba").split()):
            weights[word] = weights.get(word, 0) + 1 + (popularity or 0)
    expected = sorted(
        (word for word in weights if word.startswith(beginning)),
        key=lambda word: (-weights[word], word.encode()),
    )
    found = words_of(tmp_path / "words").completions(beginning, 4)
    assert found == tuple(dict.fromkeys([beginning, *expected[:4]]))[:4]


def test_a_release_without_words_completes_nothing(tmp_path: Path) -> None:
    assert words_of(tmp_path / "none").completions("晴") == ("晴",)


@pytest.mark.parametrize(
    ("typed", "title"),
    [
        ("晴", "晴天"),
        ("晴天", "晴天"),
        ("hel", "Hello"),
        ("adele hel", "Hello"),
        ("HELLO", "Hello"),
        ("us", "Us"),
        ("yester", "Yesterday - Remastered 2009"),
        ("TWK970300503", "晴天"),
        ("0F02KChKwbcQ3tk4q1YxLH", "晴天"),
        ("spotify:track:0F02KChKwbcQ3tk4q1YxLH", "晴天"),
        ("葉惠", "葉惠美"),
        ("叶惠", "葉惠美"),
    ],
)
def test_songs_are_found_while_typing(recommender: Recommender, typed: str, title: str) -> None:
    with recommender.opened() as release:
        found = search(release, typed)
    assert found.songs[0].payload["track_name"] == title


def test_artists_are_found_while_typing(recommender: Recommender) -> None:
    with recommender.opened() as release:
        found = search(release, "jay ch")
    assert [hit.payload["artist_name"] for hit in found.artists] == ["Jay Chou"]
    assert {hit.payload["artist_names"][0] for hit in found.songs} == {"Jay Chou"}


def test_each_song_is_offered_once_whatever_its_editions(recommender: Recommender) -> None:
    with recommender.opened() as release:
        found = search(release, "晴天")
    assert [hit.payload["track_name"] for hit in found.songs] == ["晴天"]


def test_a_word_that_is_finished_is_not_completed(recommender: Recommender) -> None:
    with recommender.opened() as release:
        found = search(release, "us ")
    assert {hit.payload["track_name"] for hit in found.songs} == {"Us"}


def test_a_misspelling_is_answered_with_what_was_meant(recommender: Recommender) -> None:
    with recommender.opened() as release:
        found = search(release, "hallo adele")
    assert not found.songs
    assert found.did_you_mean[0] == "Hello - Adele"


@pytest.mark.parametrize("typed", ["", "  ", "x" * 501])
def test_what_nobody_typed_is_refused(recommender: Recommender, typed: str) -> None:
    with recommender.opened() as release, pytest.raises(UsageError):
        search(release, typed)
