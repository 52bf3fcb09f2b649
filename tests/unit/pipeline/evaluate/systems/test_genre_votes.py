import polars as pl

from embeat_pipeline.evaluate.systems.genre_votes import playlist_vote, related_vote
from embeat_serve.contract.lake import LakePaths

CODES = pl.List(pl.UInt32)


def write(lake: LakePaths, name: str, **columns: tuple[list, pl.DataType | type]) -> None:
    lake.tables.mkdir(parents=True, exist_ok=True)
    data = {key: values for key, (values, _) in columns.items()}
    schema = {key: kind for key, (_, kind) in columns.items()}
    pl.DataFrame(data, schema=schema).write_parquet(lake.table(name))


def make(lake: LakePaths) -> LakePaths:
    """Artist 0 is asked about; 1 and 2 list genre 5, 3 lists 6, and 4 nothing."""
    listed = [[], [5], [5, 7], [6], []]
    write(lake, "artists", artist_code=([0, 1, 2, 3, 4], pl.UInt32), genre_codes=(listed, CODES))
    write(
        lake,
        "related_artists",
        artist_code=([0, 2, 0, 1, 0], pl.UInt32),
        related_artist_code=([1, 0, 3, 0, 4], pl.UInt32),
    )
    tracks = [[0], [1], [2], [3], [4]]
    write(lake, "tracks", track_code=([0, 1, 2, 3, 4], pl.UInt32), artist_codes=(tracks, CODES))
    playlists = [[0, 3, 3, 1], [0, 3], [1, 2]]
    write(lake, "playlists", playlist_code=([0, 1, 2], pl.UInt32), track_codes=(playlists, CODES))
    return lake


def test_every_related_artist_has_one_vote_whichever_way(tmp_path):
    found = related_vote(make(LakePaths(tmp_path)), pl.Series([0], dtype=pl.UInt32), 2)
    assert found["genre_code"].to_list() == [5, 6]
    assert found["position"].to_list() == [0, 1]
    assert found["confidence"].to_list() == [2 / 4, 1 / 4]


def test_playlist_neighbours_vote_once_a_playlist(tmp_path):
    found = playlist_vote(make(LakePaths(tmp_path)), pl.Series([0], dtype=pl.UInt32), 5)
    assert found["genre_code"].to_list() == [6, 5]
    assert found["confidence"].to_list() == [2 / 3, 1 / 3]
