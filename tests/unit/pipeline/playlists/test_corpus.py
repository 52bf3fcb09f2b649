"""The corpus against plain Python."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from embeat_pipeline.playlists.corpus import Corpus


@settings(max_examples=50)
@given(
    playlists=st.lists(st.lists(st.integers(0, 12), unique=True, max_size=8), max_size=8),
    min_count=st.integers(1, 3),
)
def test_every_common_track_stays_in_place(
    playlists: list[list[int]], min_count: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path: Path = tmp_path_factory.mktemp("corpus") / "playlists.parquet"
    pq.write_table(pa.table({"track_codes": pa.array(playlists, pa.list_(pa.uint32()))}), path)
    corpus = Corpus.read(path, min_count)
    counts = {track: sum(track in one for one in playlists) for one in playlists for track in one}
    kept = sorted(track for track, count in counts.items() if count >= min_count)
    assert corpus.track_codes.tolist() == kept
    assert corpus.counts.tolist() == [counts[track] for track in kept]
    bounds = zip(corpus.offsets[:-1], corpus.offsets[1:], strict=True)
    sentences = [corpus.track_codes[corpus.words[start:end]].tolist() for start, end in bounds]
    assert sentences == [[track for track in one if track in kept] for one in playlists]


@settings(max_examples=50)
@given(
    playlists=st.lists(st.lists(st.integers(0, 12), unique=True, max_size=8), max_size=8),
    number=st.integers(1, 14),
)
def test_the_most_frequent_tracks_stay(
    playlists: list[list[int]], number: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path: Path = tmp_path_factory.mktemp("corpus") / "playlists.parquet"
    pq.write_table(pa.table({"track_codes": pa.array(playlists, pa.list_(pa.uint32()))}), path)
    corpus = Corpus.read(path, 1)
    chosen, words = corpus.most_frequent(number)
    ranked = sorted(corpus.track_codes.tolist(), key=lambda code: -count_of(playlists, code))
    kept = sorted(ranked[:number])
    assert chosen.track_codes.tolist() == kept
    assert corpus.track_codes[words].tolist() == kept
    assert chosen.counts.tolist() == [count_of(playlists, code) for code in kept]
    bounds = zip(chosen.offsets[:-1], chosen.offsets[1:], strict=True)
    sentences = [chosen.track_codes[chosen.words[start:end]].tolist() for start, end in bounds]
    assert sentences == [[track for track in one if track in kept] for one in playlists]


def count_of(playlists: list[list[int]], track: int) -> int:
    return sum(track in one for one in playlists)
