"""Files are recognised by content; what cannot be read or used is refused, and stops nothing."""

import json

import polars as pl
import pytest

pytestmark = pytest.mark.slow

IDS = [f"{number:022}" for number in range(1, 6)]


@pytest.fixture
def with_tracks(dump, track):
    dump.put("tracks.parquet", [track(number) for number in range(1, 6)])
    return dump


def reasons(ingested) -> dict[str, str]:
    rejects = ingested.table("rejects").filter(pl.col("kind") == "file")
    return dict(rejects.select("source", "reason").iter_rows())


def test_damaged_and_unknown_files_are_refused_with_a_reason(with_tracks, track, capsys):
    whole = with_tracks.put("zz.parquet", [track(9)]).read_bytes()
    with_tracks.text("zz.parquet", whole[: len(whole) // 2])
    damaged = bytearray(whole)
    damaged[10:200] = b"\x07" * 190
    with_tracks.text("damaged.parquet", bytes(damaged))
    with_tracks.text("half.json", '{"info": {}, "playlists": [{"pid": 1}')
    with_tracks.text("other.json", '{"songs": []}')
    with_tracks.text("empty.parquet", b"")
    with_tracks.text("picture.jpg", bytes(range(256)))
    with_tracks.put("weather.parquet", pl.DataFrame({"city": ["Oslo"], "rain": [1.0]}))
    ingested = with_tracks.ingest()
    found = reasons(ingested)
    assert ingested.metadata["tracks"] == 5
    assert ingested.metadata["files_refused"] == len(found) == 7
    for name in ("zz.parquet", "damaged.parquet", "half.json"):
        assert found[name].startswith("cannot be read: "), name
    assert found["empty.parquet"] == "empty file"
    assert found["other.json"] == "JSON document without a record"
    assert found["weather.parquet"] == "Parquet of no known table, with columns city, rain"
    warnings = capsys.readouterr().err.splitlines()
    for name, reason in found.items():
        assert f"warning: {name}: {reason}" in warnings


def test_names_of_files_do_not_matter(with_tracks, track):
    (with_tracks.raw / "tracks.parquet").rename(with_tracks.raw / "holiday.jpeg")
    with_tracks.text("deep/er/noise.bin", f"{IDS[0]} {IDS[1]}\n")
    ingested = with_tracks.ingest()
    assert (ingested.metadata["tracks"], ingested.metadata["playlists"]) == (5, 1)


def test_columns_of_the_wrong_type_are_left_out(with_tracks):
    odd = pl.DataFrame(
        {
            "id": [IDS[0]],
            "title": [["x"]],
            "tempo": [[1.0]],
            "energy": ["0.75"],
            "key": [True],
        }
    )
    with_tracks.put("a_odd.parquet", odd)
    ingested = with_tracks.ingest()
    file = ingested.files["a_odd.parquet"]
    assert set(file["unreadable_columns"]) == {"title", "tempo"}
    assert (file["accepted"], ingested.files["tracks.parquet"]["merged"]) == (1, 1)
    first = ingested.rows("tracks")[0]
    assert (first["track_name"], first["tempo"], first["energy"], first["key"]) == (
        "Song 1", 120.0, 0.75, 1,
    )  # fmt: skip


def test_mpd_slices(with_tracks):
    playlists = [
        {
            "pid": 7,
            "name": "mix",
            "num_followers": 3,
            "tracks": [
                {"track_uri": f"spotify:track:{IDS[2]}", "track_name": "x"},
                {"track_uri": f"spotify:track:{IDS[0]}"},
                {"track_uri": f"spotify:track:{IDS[2]}"},
                {"track_uri": "spotify:track:unknown"},
                {"track_uri": None},
                5,
            ],
        },
        {"pid": 8, "tracks": None},
        None,
        "text",
    ]
    with_tracks.text("slice.json", json.dumps({"info": {"slice": "0-3"}, "playlists": playlists}))
    ingested = with_tracks.ingest()
    (only,) = ingested.rows("playlists")
    assert only == {
        "playlist_code": 0,
        "playlist_id": "mpd:7",
        "name": "mix",
        "source": "slice.json",
        "num_followers": 3,
        "track_codes": [2, 0],
    }
    file = ingested.files["slice.json"]
    assert (file["format"], file["read"], file["accepted"], file["rejected"]) == (
        "MPD JSON", 4, 1, 3,
    )  # fmt: skip
    assert file["entries"]["repeated"] == 1


def test_lines_of_ids_uris_and_urls(with_tracks):
    lines = [
        f"{IDS[0]} {IDS[1]} {IDS[0]}",
        "",
        f"spotify:track:{IDS[2]},spotify:track:{IDS[3]}\r",
        f"https://open.spotify.com/track/{IDS[4]}?si=abc; {IDS[0]}\t{IDS[1]}",
    ]
    with_tracks.text("lists", "\n".join(lines))
    ingested = with_tracks.ingest()
    assert ingested.table("playlists")["track_codes"].to_list() == [[0, 1], [2, 3], [4, 0, 1]]
    assert ingested.table("playlists")["playlist_id"].to_list() == ["lists:0", "lists:1", "lists:2"]
    assert ingested.files["lists"]["read"] == 3
