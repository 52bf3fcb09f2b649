"""The made-up dump: deterministic, of the size asked for, and like a real one."""

import hashlib
from pathlib import Path

import polars as pl
import pytest

from embeat_pipeline.synthetic.write import write_sample
from embeat_serve.contract.audio_features import CONTINUOUS
from embeat_serve.errors import UsageError


def digests(folder: Path) -> dict[str, str]:
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.iterdir())
    }


@pytest.fixture(scope="module")
def dump(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dump")
    write_sample(folder, tracks=6_000, playlists=600, seed=3)
    return folder


@pytest.fixture(scope="module")
def tracks(dump: Path) -> pl.DataFrame:
    return pl.read_parquet(dump / "tracks.parquet")


@pytest.fixture(scope="module")
def entries(dump: Path) -> pl.DataFrame:
    playlists = pl.read_parquet(dump / "playlists.parquet")
    return playlists.explode("track_ids").rename({"track_ids": "track_id"})


def test_same_seed_same_bytes_and_other_seed_other_data(dump: Path, tmp_path: Path):
    write_sample(tmp_path / "same", tracks=6_000, playlists=600, seed=3)
    write_sample(tmp_path / "other", tracks=6_000, playlists=600, seed=4)
    assert digests(tmp_path / "same") == digests(dump)
    assert digests(tmp_path / "other") != digests(dump)


def test_chunks_cover_every_track_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("embeat_pipeline.synthetic.write.TRACK_CHUNK", 400)
    monkeypatch.setattr("embeat_pipeline.synthetic.write.PLAYLIST_CHUNK", 30)
    monkeypatch.setattr("embeat_pipeline.synthetic.write.ARTIST_CHUNK", 50)
    counts = write_sample(tmp_path, tracks=3_000, playlists=100, seed=1)
    for name, rows in counts.items():
        assert pl.read_parquet(tmp_path / f"{name}.parquet").height == rows
    assert (counts["tracks"], counts["playlists"]) == (3_000, 100)
    ids = pl.read_parquet(tmp_path / "tracks.parquet")["track_id"]
    assert ids.n_unique() == 3_000
    assert ids.str.contains("^[0-9A-Za-z]{22}$").all()


def test_it_is_as_dirty_as_a_real_dump(tracks: pl.DataFrame):
    nulls = {name: tracks[name].null_count() / tracks.height for name in tracks.columns}
    for name in ("isrc", "popularity", "album_id", "release_year", "time_signature"):
        assert 0.05 < nulls[name] < 0.15, name
    assert nulls["artist_ids"] > 0
    assert (tracks["tempo"] == 0).any()
    assert (tracks["key"] == -1).any()
    assert not tracks["popularity"].drop_nulls().is_between(0, 100).all()
    assert tracks["energy"].is_nan().any()
    shared_isrc = tracks.filter(pl.col("isrc").is_not_null() & pl.col("isrc").is_duplicated())
    again = tracks.filter(pl.col("isrc").is_null()).filter(
        pl.struct(pl.col("artist_names").list.first(), "duration_ms").is_duplicated()
    )
    assert 0.02 < (shared_isrc.height + again.height) / 2 / tracks.height < 0.05


def test_tracks_of_an_artist_sound_more_alike_than_tracks_of_different_ones(tracks: pl.DataFrame):
    sound = tracks.with_columns(pl.col("artist_names").list.first().alias("artist"))
    for name in CONTINUOUS[:4]:
        within = sound.group_by("artist").agg(pl.col(name).fill_nan(None).std()).drop_nulls()
        overall = sound.select(pl.col(name).fill_nan(None).std()).item()
        assert within[name].mean() < 0.7 * overall, name


def test_playlists_have_a_theme_and_known_lengths(
    dump: Path, tracks: pl.DataFrame, entries: pl.DataFrame
):
    lengths = pl.read_parquet(dump / "playlists.parquet")["track_ids"].list.len()
    assert lengths.is_between(5, 250).all()
    assert not entries.select("playlist_id", "track_id").is_duplicated().any()
    strangers = entries.join(tracks, on="track_id", how="anti").height
    assert 0 < strangers < 0.01 * entries.height
    energy = entries.join(tracks, on="track_id").filter(pl.col("energy").is_not_nan())
    of_playlist = pl.col("energy").mean().over("playlist_id")
    within = energy.select((pl.col("energy") - of_playlist).std()).item()
    assert within < 0.8 * energy.select(pl.col("energy").std()).item()


def test_artists_are_related_to_those_near_them(dump: Path):
    related = pl.read_parquet(dump / "related_artists.parquet")
    assert (related["artist_id"] != related["related_artist_id"]).all()
    assert not related.select("artist_id", "related_artist_id").is_duplicated().any()
    jay = related.filter(pl.col("artist_name") == "Jay Chou")
    assert jay.sort("rank")["related_artist_name"][0] == "郭顶"


@pytest.mark.parametrize(
    ("title", "artist"),
    [
        ("晴天", "Jay Chou"),
        ("Uptown Funk (feat. Bruno Mars)", "Bruno Mars"),
        ("杀死那个石家庄人", "万能青年旅店"),
        ("Sis puella magica!", "梶浦由記"),
        ("Gizeh", "Oskar Schuster"),
        ("HUMBLE.", "Kendrick Lamar"),
    ],
)
def test_the_songs_of_the_examples_are_there_and_in_playlists(
    tracks: pl.DataFrame, entries: pl.DataFrame, title: str, artist: str
):
    song = tracks.filter(
        (pl.col("track_name") == title) & pl.col("artist_names").list.contains(artist)
    )
    assert song.height == 1
    assert entries.join(song, on="track_id").height >= 3


def test_real_ids_of_the_examples(tracks: pl.DataFrame):
    song = tracks.filter(pl.col("track_id") == "0F02KChKwbcQ3tk4q1YxLH")
    assert song.select("track_name", "isrc").row(0) == ("晴天", "TWK970300503")
    assert (tracks["track_id"] == "32OlwWuMpZ6b0aN2RZOeMS").sum() == 1


@pytest.mark.parametrize("size", [{"tracks": 10}, {"playlists": -1}, {"seed": -1}])
def test_sizes_that_make_no_sense_are_refused(tmp_path: Path, size: dict[str, int]):
    with pytest.raises(UsageError, match="at least 500 tracks"):
        write_sample(tmp_path, **size)
