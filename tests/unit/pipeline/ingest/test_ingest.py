"""The stage as a whole: rows add up, whatever the dirt, and the same dump gives the same bytes."""

import hashlib
import tempfile
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from embeat_pipeline.common.schemas import SCHEMAS
from embeat_pipeline.ingest.ingest import OUTPUTS, ingest
from embeat_pipeline.synthetic.write import write_sample
from embeat_serve.contract.lake import LakePaths
from embeat_serve.errors import UnusableDump

pytestmark = pytest.mark.slow


def digests(lake: LakePaths) -> dict[str, str]:
    return {name: hashlib.sha256(lake.table(name).read_bytes()).hexdigest() for name in OUTPUTS}


def assert_adds_up(files: dict[str, dict[str, Any]]) -> None:
    for name, file in files.items():
        if "table" in file:
            outcomes = file["accepted"] + file["merged"] + file["rejected"]
            assert file["read"] == outcomes, name
        if "entries" in file:
            entries = dict(file["entries"])
            assert entries.pop("read") == sum(entries.values()), name


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> LakePaths:
    folder = tmp_path_factory.mktemp("sample")
    write_sample(folder / "raw", tracks=3_000, playlists=200, seed=1)
    lake = LakePaths(folder)
    ingest(lake)
    return lake


def test_tables_have_their_schemas_and_dense_codes(sample: LakePaths):
    for name in OUTPUTS:
        assert pq.read_schema(sample.table(name)).equals(SCHEMAS[name]), name
    rows = {name: pl.read_parquet(sample.table(name)) for name in OUTPUTS}
    for name, code in [
        ("tracks", "track_code"),
        ("artists", "artist_code"),
        ("playlists", "playlist_code"),
        ("genre_map", "genre_code"),
    ]:
        assert rows[name][code].to_list() == list(range(rows[name].height)), name
    tracks, artists = rows["tracks"], rows["artists"]
    assert tracks["track_id"].is_sorted()
    for codes in ("album_code", "recording_code"):
        present = tracks[codes].drop_nulls().unique().sort()
        assert present.to_list() == list(range(len(present)))
    assert tracks["recording_code"].null_count() == 0
    lengths = tracks.select(pl.col("artist_codes", "artist_names").list.len())
    assert lengths["artist_codes"].equals(lengths["artist_names"], check_names=False)
    credited = tracks["artist_codes"].explode().value_counts().sort("artist_codes")
    counted = artists.filter(pl.col("num_tracks") > 0)
    assert credited["artist_codes"].to_list() == counted["artist_code"].to_list()
    assert credited["count"].to_list() == counted["num_tracks"].to_list()
    genres = artists["genre_codes"].explode().drop_nulls()
    assert genres.is_in(rows["genre_map"]["genre_code"].implode()).all()
    related = rows["related_artists"]
    assert related.select("artist_code", "rank").equals(
        related.select("artist_code", "rank").sort("artist_code", "rank")
    )


def test_absurd_values_are_null_and_counted(sample: LakePaths):
    raw = pl.read_parquet(sample.raw / "tracks.parquet")
    from embeat_pipeline.ingest.report import read_report

    report = read_report(sample)
    (file,) = (file for file in report["files"] if file["file"] == "tracks.parquet")
    absurd = {
        "tempo": (raw["tempo"] == 0).sum(),
        "key": (raw["key"] == -1).sum(),
        "energy": raw["energy"].is_nan().sum(),
        "popularity": (~raw["popularity"].is_between(0, 100)).sum(),
    }
    assert sum(absurd.values()) > 0
    assert file["nulled"] == {name: count for name, count in absurd.items() if count}
    tracks = pl.read_parquet(sample.table("tracks"))
    assert tracks["popularity"].drop_nulls().is_between(0, 100).all()
    assert not tracks["energy"].is_nan().any()


def test_same_dump_same_bytes_and_nothing_done_twice(sample: LakePaths, tmp_path: Path):
    again = LakePaths(tmp_path)
    metadata = ingest(again, raw=sample.raw)
    assert digests(again) == digests(sample)
    assert ingest(again, raw=sample.raw) == metadata | {"unchanged": True}
    again.table("artists").unlink()
    assert "unchanged" not in ingest(again, raw=sample.raw)
    assert digests(again) == digests(sample)
    assert not list(again.tables.glob(".ingest-*"))


def test_a_changed_dump_is_read_again(dump, track):
    dump.put("t.parquet", [track(1), track(2)])
    assert dump.ingest().metadata["tracks"] == 2
    dump.put("more.parquet", [track(3)])
    ingested = dump.ingest()
    assert "unchanged" not in ingested.metadata
    assert ingested.metadata["tracks"] == 3


def test_rows_of_one_id_make_one_track(dump, track):
    dump.put("a.parquet", [track(1, isrc=None, tempo=0.0), track(1, track_name="Second")])
    dump.put(
        "b.parquet",
        [
            track(1, isrc="TWK970300503", tempo=99.0, energy=0.9),
            track(2, track_id="spotify:track:" + f"{2:022}"),
            track(2, artist_ids=None, artist_names=["Other"], popularity=70.0),
        ],
    )
    ingested = dump.ingest()
    first, second = ingested.rows("tracks")
    assert first["track_name"] == "Song 1"
    assert (first["isrc"], first["tempo"], first["energy"]) == ("TWK970300503", 120.0, 0.5)
    assert first["source"] == "a.parquet"
    assert (second["artist_names"], second["popularity"]) == (["Someone"], 70)
    assert_adds_up(ingested.files)
    assert {name: file["merged"] for name, file in ingested.files.items()} == {
        "a.parquet": 1,
        "b.parquet": 2,
    }


def test_a_title_may_come_from_another_file(dump, track):
    dump.put("features.parquet", pl.DataFrame({"id": [f"{1:022}", f"{2:022}"], "tempo": [99, 98]}))
    dump.put("titles.parquet", [track(1, tempo=None)])
    ingested = dump.ingest()
    (only,) = ingested.rows("tracks")
    assert (only["track_name"], only["tempo"]) == ("Song 1", 99.0)
    (refused,) = ingested.rows("rejects")
    assert refused == {
        "source": "features.parquet",
        "kind": "track",
        "row": 1,
        "reason": "no title",
        "value": f"{2:022}",
        "count": 1,
    }
    assert_adds_up(ingested.files)


def test_rows_that_cannot_be_used_are_refused_with_a_reason(dump, track):
    bad = [None, "", "   ", "spotify:episode:x", "two words"]
    dump.put("t.parquet", [track(1), *(track(2, track_id=value) for value in bad)])
    ingested = dump.ingest()
    assert [row["reason"] for row in ingested.rows("rejects")] == ["no id"] * 3 + [
        "not a track id"
    ] * 2
    assert_adds_up(ingested.files)
    (reason, other) = ingested.files["t.parquet"]["rejects"]
    assert (reason["reason"], reason["count"], len(reason["examples"])) == ("no id", 3, 3)
    assert other["examples"][0] == {"row": 4, "value": "spotify:episode:x"}


texts = st.none() | st.sampled_from(["", " ", "x", "spotify:track:x", "\x00", "晴天"]) | st.text()
numbers = st.none() | st.floats() | st.sampled_from([0.0, -1.0, 1e300, 4.0, 0.5])
lists = st.none() | st.lists(texts, max_size=3)
dirty_row = st.fixed_dictionaries(
    {
        "track_id": texts | st.integers(0, 5).map(lambda number: f"{number:022}"),
        "track_name": texts,
        "artist_ids": lists,
        "artist_names": lists,
        "album_id": texts,
        "album_name": texts,
        "isrc": texts,
        "popularity": numbers,
        "duration_ms": numbers,
        "tempo": numbers,
        "energy": numbers,
    }
)
encodable = st.characters(codec="utf-8")


@settings(
    max_examples=12,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    tracks=st.lists(dirty_row, max_size=40),
    artists=st.lists(st.tuples(texts, texts, lists, numbers), max_size=15),
    playlists=st.lists(st.tuples(texts, lists), max_size=15),
    related=st.lists(st.tuples(texts, texts, texts, texts, numbers), max_size=15),
    genres=st.lists(st.tuples(texts, numbers, numbers, numbers, texts), max_size=15),
)
def test_no_dirt_stops_a_run_and_rows_add_up(
    tracks, artists, playlists, related, genres, track, tmp_path_factory
):
    with tempfile.TemporaryDirectory(dir=tmp_path_factory.getbasetemp()) as folder:
        raw = Path(folder) / "raw"
        raw.mkdir()
        schema = {name: pl.List(pl.String) for name in ("artist_ids", "artist_names")}
        schema |= dict.fromkeys(("track_id", "track_name", "album_id", "album_name"), pl.String)
        schema |= {"isrc": pl.String}
        schema |= dict.fromkeys(("popularity", "duration_ms", "tempo", "energy"), pl.Float64)
        pl.DataFrame([track(99), *tracks], schema).write_parquet(raw / "t.parquet")
        pl.DataFrame(
            artists,
            {
                "artist_id": pl.String,
                "artist_name": pl.String,
                "genres": pl.List(pl.String),
                "popularity": pl.Float64,
            },
            orient="row",
        ).write_parquet(raw / "a.parquet")
        pl.DataFrame(
            playlists,
            {"playlist_id": pl.String, "track_ids": pl.List(pl.String)},
            orient="row",
        ).write_parquet(raw / "p.parquet")
        names = ("artist_id", "artist_name", "related_artist_id", "related_artist_name")
        pl.DataFrame(
            related, dict.fromkeys(names, pl.String) | {"rank": pl.Float64}, orient="row"
        ).write_parquet(raw / "r.parquet")
        pl.DataFrame(
            genres,
            {
                "genre": pl.String,
                "x": pl.Float64,
                "y": pl.Float64,
                "weight": pl.Float64,
                "color": pl.String,
            },
            orient="row",
        ).write_parquet(raw / "g.parquet")
        lake = LakePaths(Path(folder))
        ingest(lake)
        from embeat_pipeline.ingest.report import read_report

        files = {file["file"]: file for file in read_report(lake)["files"]}
        assert all("table" in file for file in files.values())
        assert_adds_up(files)
        rejects = pl.read_parquet(lake.table("rejects"))
        refused = rejects.filter(pl.col("kind") != "playlist_entry")["count"].sum()
        assert refused == sum(file["rejected"] for file in files.values())


def test_no_dump_says_what_to_do(tmp_path: Path):
    for raw in (tmp_path / "missing", tmp_path):
        with pytest.raises(UnusableDump, match=r"python -m embeat_pipeline sample --out"):
            ingest(LakePaths(tmp_path / "lake"), raw=raw)


def test_a_dump_without_a_usable_track_says_what_was_found(dump, track):
    dump.put("t.parquet", [track(1, track_name=None)])
    dump.put("g.parquet", pl.DataFrame({"genre": ["pop"], "x": [0.1], "y": [0.2]}))
    dump.text("notes.txt", "# Nothing here")
    dump.text("README.md", "# Notes are no part of a dump")
    with pytest.raises(UnusableDump) as error:
        dump.ingest()
    message = str(error.value)
    assert "\n" not in message
    assert "t.parquet: 1 rows of tracks, no title (1x)" in message
    assert "g.parquet: 1 rows of genre_map" in message
    assert "notes.txt: no known format, begins with '# Nothing here'" in message
    assert "README" not in message


def test_odd_folder_and_file_names(tmp_path: Path, track):
    raw = tmp_path / "o'd [x] *?" / "raw" / "sub folder"
    raw.mkdir(parents=True)
    row = {name: value for name, value in track(1).items() if not isinstance(value, list)}
    pl.DataFrame([row]).write_parquet(raw / "it's [1]*?.parquet")
    lake = LakePaths(tmp_path / "o'd [x] *?")
    assert ingest(lake)["tracks"] == 1
    source = pl.read_parquet(lake.table("tracks"), glob=False)["source"].item()
    assert source == "sub folder/it's [1]*?.parquet"
