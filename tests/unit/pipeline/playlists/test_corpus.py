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
