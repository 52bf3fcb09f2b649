import json

import numpy as np
import polars as pl
import pytest

from embeat_pipeline.evaluate.external_playlists import read_external_playlists
from embeat_pipeline.evaluate.inputs.catalogue import Catalogue, read_catalogue
from embeat_serve.errors import UsageError

LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
IDS = [f"{'0' * 21}{letter}" for letter in LETTERS]
LISTS = [IDS[:12], [*IDS[5:9], "1" * 22, IDS[5]]]


@pytest.fixture
def catalogue():
    return Catalogue(pl.Series("track_id", IDS), np.arange(len(IDS)))


def write_parquet(path):
    frame = pl.DataFrame({"playlist_id": ["a", "b"], "track_ids": LISTS})
    frame.write_parquet(path)


def write_bare_parquet(path):
    pl.DataFrame({"track_ids": LISTS}).write_parquet(path)


def write_mpd(path):
    playlists = [
        {"pid": pid, "name": "x", "tracks": [{"track_uri": f"spotify:track:{id}"} for id in ids]}
        for pid, ids in enumerate(LISTS)
    ]
    path.write_text(json.dumps({"info": {}, "playlists": playlists}))


def write_text(path):
    path.write_text("\n".join(" ".join(ids) for ids in LISTS))


@pytest.mark.parametrize("write", [write_parquet, write_bare_parquet, write_mpd, write_text])
def test_every_format_gives_the_same_playlists(tmp_path, catalogue, write):
    write(tmp_path / "playlists")
    found = read_external_playlists(tmp_path / "playlists", catalogue)
    assert found.tracks[[0]].indices.tolist() == list(range(12))
    assert found.tracks[[1]].indices.tolist() == [5, 6, 7, 8], "strangers and repeats are left out"
    assert len(set(found.keys.tolist())) == 2


def test_what_is_no_file_of_playlists_is_refused(tmp_path, catalogue, sample_raw):
    with pytest.raises(UsageError, match="no file"):
        read_external_playlists(tmp_path / "nothing", catalogue)
    (tmp_path / "junk").write_bytes(b"\x00\x01 not this")
    with pytest.raises(UsageError, match="no known format"):
        read_external_playlists(tmp_path / "junk", catalogue)
    pl.DataFrame({"artist_id": ["x"], "artist_name": ["y"], "genres": [["z"]]}).write_parquet(
        tmp_path / "artists"
    )
    with pytest.raises(UsageError, match="expected playlists"):
        read_external_playlists(tmp_path / "artists", catalogue)


def test_codes_and_ids_of_the_sample(tables_lake):
    catalogue = read_catalogue(tables_lake)
    codes = np.arange(40).reshape(4, 10)
    ids = catalogue.ids(codes)
    assert np.array_equal(catalogue.codes(ids, 10), codes)
    short = catalogue.codes([ids[0][:3], [], ["nobody", ids[1][0]]], 4)
    assert short.tolist() == [[0, 1, 2, -1], [-1] * 4, [-1, 10, -1, -1]]
    assert catalogue.main_artist.min() >= 0
