"""The real dump: everything it holds arrives."""

from pathlib import Path

import polars as pl
import pytest

from embeat_pipeline.ingest.ingest import ingest
from embeat_pipeline.ingest.report import read_report, unaccounted
from embeat_serve.contract.lake import LakePaths

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


ROWS = {
    "formats/api_audio_features/audio_features_raw.csv": ("CSV", "tracks", 13_836),
    "formats/csv_gz/tracks.csv.gz": ("CSV", "tracks", 14_967),
    "formats/everynoise/engenremap.json": ("JSON array", "genre_map", 6_132),
    "formats/everynoise/genre_attrs.csv": ("CSV", "genre_map", 5_453),
    "formats/hit_predictor/dataset-of-10s.csv": ("CSV", "tracks", 6_398),
    "formats/kaggle_170k/data_w_genres.csv": ("CSV", "artists", 28_680),
    "formats/musicoset/acoustic_features.csv": ("TSV", "tracks", 20_405),
    "formats/musicoset/songs.csv": ("TSV", "tracks", 20_405),
    "formats/normalised_tables/album.csv": ("CSV", "albums", 1_603),
    "formats/normalised_tables/artist.csv": ("CSV", "artists", 302),
    "formats/normalised_tables/audio.csv": ("CSV", "tracks", 20_081),
    "formats/normalised_tables/track.csv": ("CSV", "tracks", 20_082),
    "formats/parquet_features/tracks_features.parquet": ("Parquet", "tracks", 15_188),
    "formats/tidytuesday/spotify_songs.csv.gz": ("CSV", "tracks", 32_833),
    "real/tracks.parquet": ("Parquet", "tracks", 200_494),
    "real/playlists.parquet": ("Parquet", "playlists", 5_051),
    "real/artists.parquet": ("Parquet", "artists", 73_349),
    "real/related_artists.parquet": ("Parquet", "related_artists", 82_134),
    "real/genre_map.parquet": ("Parquet", "genre_map", 6_132),
}


def test_every_format_and_the_real_dump_at_once(real_data: Path, tmp_path: Path):
    raw = tmp_path / "raw"
    raw.mkdir()
    for name in ("formats", "real"):
        (raw / name).symlink_to((real_data / name).resolve())
    lake = LakePaths(tmp_path / "lake")
    metadata = ingest(lake, raw=raw)
    report = read_report(lake)
    assert metadata["files_refused"] == 0
    assert unaccounted(report) == []
    files = {file["file"]: file for file in report["files"]}
    found = {name: tuple(files[name][key] for key in ("format", "table", "read")) for name in ROWS}
    assert found == ROWS
    slices = {name: file for name, file in files.items() if name not in ROWS}
    assert {file["format"] for file in slices.values()} == {"MPD JSON"}
    assert sum(file["read"] for file in slices.values()) == 43
    # What is lost of a row's identity would show here: next to nothing is refused.
    refused = sum(file["rejected"] for file in files.values())
    assert refused < 200
    entries = [file["entries"] for file in files.values() if "entries" in file]
    assert sum(counts["unknown"] for counts in entries) == 0
    tracks = pl.scan_parquet(lake.table("tracks"))
    song = tracks.filter(pl.col("track_id") == "3KkXRkHbMCARz0aVfEt68P").collect()
    assert song["artist_names"].to_list() == [["Post Malone", "Swae Lee"]]
    assert song["sources"].list.len().item() >= 3
    everybody = tracks.select(pl.col("artist_codes").list.len() == 0).sum().collect().item()
    assert everybody == 0
