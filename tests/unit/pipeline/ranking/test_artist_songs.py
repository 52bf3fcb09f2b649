import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from embeat_pipeline.common.schemas import SCHEMAS
from embeat_pipeline.ranking.artist_songs import ArtistSongs
from embeat_serve.contract.lake import LakePaths


def test_the_most_popular_songs_of_the_main_artists(tmp_path):
    lake = LakePaths(tmp_path)
    lake.tables.mkdir(parents=True)
    songs = [([2], 10), ([0, 2], 50), ([2], 90), (None, 70), ([2], None), ([2, 0], 40), ([0], 60)]
    rows = [
        dict.fromkeys(SCHEMAS["tracks"].names)
        | {"track_code": code, "artist_codes": artists, "popularity": popularity}
        for code, (artists, popularity) in enumerate(songs)
    ]
    pq.write_table(pa.Table.from_pylist(rows, SCHEMAS["tracks"]), lake.table("tracks"))
    found = ArtistSongs.read(lake)
    assert found.artists.tolist() == [2, 0, 2, -1, 2, 2, 0]
    assert found.most_popular(np.array([4]), 3).tolist() == [2, 5, 0]
    assert found.most_popular(np.array([4, 2]), 9).tolist() == [2, 5, 0, 4]
    assert found.most_popular(np.array([1, 0]), 1).tolist() == [6, 2]
    assert found.most_popular(np.array([3]), 3).tolist() == []
