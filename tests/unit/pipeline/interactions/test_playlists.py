import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import given
from hypothesis import strategies as st

from embeat_pipeline.common import schemas as tables
from embeat_pipeline.interactions.playlists import membership, mix, read_playlists, uniform


def write_playlists(path, lists, ids):
    rows = {
        "playlist_code": list(range(len(lists))),
        "playlist_id": ids,
        "name": [None] * len(lists),
        "source": ["test"] * len(lists),
        "num_followers": [None] * len(lists),
        "track_codes": lists,
    }
    pq.write_table(pa.table(rows, schema=tables.PLAYLISTS), path)


def test_table_becomes_binary_matrix(tmp_path):
    path = tmp_path / "playlists.parquet"
    write_playlists(path, [[3, 1, 3], [], [0]], ["a", "b", "c"])
    playlists = read_playlists(path, 5)
    assert playlists.tracks.toarray().tolist() == [[0, 1, 0, 1, 0], [0] * 5, [1, 0, 0, 0, 0]]
    assert playlists.sizes.tolist() == [2, 0, 1]
    assert playlists.frequency().tolist() == [1, 1, 0, 1, 0]


def test_key_follows_the_id_not_the_row(tmp_path):
    write_playlists(tmp_path / "a.parquet", [[0], [1]], ["x", "y"])
    write_playlists(tmp_path / "b.parquet", [[1], [0], [2]], ["y", "x", None])
    first = read_playlists(tmp_path / "a.parquet", 3).keys
    second = read_playlists(tmp_path / "b.parquet", 3).keys
    assert first.tolist() == second[[1, 0]].tolist()
    assert len(set(second.tolist())) == 3


@given(st.lists(st.lists(st.integers(0, 30), max_size=12), max_size=12))
def test_membership_holds_each_code_once(lists):
    indptr = np.concatenate([[0], np.cumsum([len(codes) for codes in lists])]).astype(np.int64)
    codes = np.array([code for codes in lists for code in codes], np.int64)
    matrix = membership(indptr, codes, 31)
    for row, expected in enumerate(lists):
        found = matrix.indices[matrix.indptr[row] : matrix.indptr[row + 1]]
        assert found.tolist() == sorted(set(expected))


def test_draws_are_uniform_and_independent_between_seeds():
    keys = mix(np.arange(20_000, dtype=np.uint64))
    first, second = uniform(keys, 0), uniform(keys, 1)
    for draw in (first, second):
        counts = np.histogram(draw, 10, (0, 1))[0]
        assert counts.min() > 1_800
        assert counts.max() < 2_200
    assert abs(np.corrcoef(first, second)[0, 1]) < 0.03
