import numpy as np

from embeat_pipeline.ranking.config import RankingConfig
from embeat_pipeline.ranking.songs import SongTable
from embeat_serve.contract.lake import LakePaths
from embeat_serve.contract.schema import Collection
from embeat_serve.ranking.tree_features import SongColumns, related_codes
from embeat_serve.settings import Settings
from embeat_serve.stores.factory import open_store


def test_songs_are_what_payload_says(published_lake: LakePaths):
    """Trees learn from tables and rank by payload, so both must say the same."""
    codes = np.arange(0, 4_000, 61)
    songs = SongTable.read(published_lake, codes, RankingConfig())
    store, _, _ = open_store(Settings(lake=published_lake))
    hits = store.retrieve(Collection.TRACKS, codes.tolist(), with_vector=True)
    served = SongColumns.of([hit.track for hit in hits], [hit.vector for hit in hits])
    columns = songs.columns
    for name in ("artists", "albums", "popularity", "years"):
        of_table, of_payload = getattr(columns, name), getattr(served, name)
        assert np.array_equal(of_table, of_payload, equal_nan=name in ("popularity", "years")), name
    width = served.genres.shape[1]
    assert np.array_equal(columns.genres[:, :width], served.genres)
    assert (columns.genres[:, width:] < 0).all()
    assert np.abs(columns.vectors - served.vectors).max() < 2e-3  # stored in half precision
    assert columns.vectors.any(axis=1).mean() > 0.9
    for row, hit in enumerate(hits):
        # A release leaves out related artists without songs, which are by no candidate.
        related = songs.related_of(np.array([row])).tolist()
        assert set(related_codes([hit.track]).tolist()) <= set(related)
    assert (songs.related >= 0).any()
    store.close()


def test_rows_are_found_by_code(published_lake: LakePaths):
    songs = SongTable.read(published_lake, np.array([5, 9, 700]), RankingConfig())
    assert songs.rows(np.array([700, 5])).tolist() == [2, 0]
    assert songs.select(np.array([2])).artists.tolist() == [songs.columns.artists[2]]
