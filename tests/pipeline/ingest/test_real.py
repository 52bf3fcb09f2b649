"""The real dump: everything it holds arrives."""

from pathlib import Path

import polars as pl
import pytest

from embeat_pipeline.ingest.report import read_report, unaccounted
from embeat_pipeline.ingest.run import ingest
from embeat_serve.contract import LakePaths

pytestmark = pytest.mark.real


def test_everything_in_the_real_dump_arrives(real_data: Path, tmp_path: Path):
    lake = LakePaths(tmp_path)
    metadata = ingest(lake, raw=real_data / "real")
    report = read_report(lake)
    assert unaccounted(report) == []
    files = {file["file"]: file for file in report["files"]}
    tracks, playlists = files["tracks.parquet"], files["playlists.parquet"]
    assert tracks["accepted"] + tracks["merged"] == 200_494
    assert metadata["playlists"] == 5_051
    assert playlists["entries"] == {
        "read": 345_696, "kept": 345_696, "repeated": 0, "unknown": 0, "dropped": 0,
    }  # fmt: skip
    table = pl.scan_parquet(lake.table("tracks"))
    song = table.filter(pl.col("track_id") == "0F02KChKwbcQ3tk4q1YxLH").collect()
    assert song.select("track_name", "album_name", "isrc").row(0) == (
        "晴天", "葉惠美", "TWK970300503",
    )  # fmt: skip
    artists = pl.read_parquet(lake.table("artists"))
    genres = pl.read_parquet(lake.table("genre_map"))["genre"]
    jay = artists[int(song["artist_codes"][0][0])]
    assert jay["artist_name"].item() == "Jay Chou"
    assert {genres[code] for code in jay["genre_codes"][0]} == {
        "mandopop", "zhongguo feng", "taiwan pop", "c-pop",
    }  # fmt: skip
