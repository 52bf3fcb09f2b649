"""Every kind of file that people download, and each as odd as it comes."""

import csv
import gzip
import io
import json
from typing import Any

import pyarrow as pa
import pytest

pytestmark = pytest.mark.slow

IDS = [f"{number:022}" for number in range(1, 9)]
ANN, BOB, ALBUM = "A" * 22, "B" * 22, "C" * 22


def api_track(number: int, **values: Any) -> dict[str, Any]:
    """A track as the Web API gives it."""
    return {
        "id": IDS[number],
        "name": f"Song {number}",
        "artists": [{"id": ANN, "name": "Ann, Queen"}, {"id": BOB, "name": "Bob"}],
        "album": {"id": ALBUM, "name": "Album", "release_date": "1999"},
        "external_ids": {"isrc": f"USAAA000000{number}"},
        "popularity": 33,
        "duration_ms": 200_000,
        "explicit": False,
    } | values


def assert_api_tracks(ingested, count: int = 2) -> None:
    rows = ingested.rows("tracks")
    assert [row["track_id"] for row in rows] == IDS[:count]
    for number, row in enumerate(rows):
        assert row["track_name"] == f"Song {number}"
        assert row["artist_names"] == ["Ann, Queen", "Bob"]
        assert (row["album_id"], row["album_name"], row["release_year"]) == (ALBUM, "Album", 1999)
        assert (row["isrc"], row["popularity"]) == (f"USAAA000000{number}", 33)


def text_of(rows: list[dict[str, Any]], delimiter: str = ",") -> str:
    output = io.StringIO()
    writer = csv.DictWriter(output, list(rows[0]), delimiter=delimiter)
    writer.writeheader()
    writer.writerows(rows)
    return output.getvalue()


@pytest.mark.parametrize(
    "wrapped",
    [
        lambda tracks: json.dumps(tracks),
        lambda tracks: json.dumps({"tracks": tracks}),
        lambda tracks: json.dumps({"tracks": {"items": tracks, "total": len(tracks)}}, indent=2),
        lambda tracks: "\n".join(map(json.dumps, tracks)),
        lambda tracks: json.dumps({"items": [{"track": one} for one in tracks]}),
    ],
    ids=["array", "document", "page", "lines", "items"],
)
def test_records_of_the_api_as_json(dump, wrapped):
    dump.text("crawl.json", wrapped([api_track(0), api_track(1)]))
    assert_api_tracks(dump.ingest())


def test_json_lines_that_are_no_objects_are_refused_one_by_one(dump):
    lines = [json.dumps(api_track(0)), "{broken", "", "[1]", json.dumps(api_track(1)), "null"]
    dump.text("crawl.ndjson", "\n".join(lines))
    ingested = dump.ingest()
    assert_api_tracks(ingested)
    file = ingested.files["crawl.ndjson"]
    assert (file["read"], file["accepted"], file["rejected"]) == (5, 2, 3)
    refused = ingested.table("rejects")
    assert refused["kind"].unique().to_list() == ["line"]
    assert refused["row"].to_list() == [1, 2, 4]


def test_one_record_in_a_file_of_its_own(dump):
    dump.text("a.json", json.dumps(api_track(0), indent=1))
    dump.text("b.json", json.dumps(api_track(1)))
    assert_api_tracks(dump.ingest())


@pytest.mark.parametrize("delimiter", [",", "\t", ";", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "windows-1252"])
def test_tables_as_text(dump, delimiter, encoding):
    rows = [
        {"id": IDS[0], "name": f'Übel, "quoted"{delimiter} and\nbroken', "artist": "Zoë", "key": 3},
        {"id": IDS[1], "name": "Plain", "artist": "Zoë", "key": "?"},
    ]
    dump.text("table", text_of(rows, delimiter).encode(encoding))
    first, second = dump.ingest().rows("tracks")
    assert first["track_name"] == f'Übel, "quoted"{delimiter} and broken'.replace("\t", "").replace(
        "  ", " "
    )
    assert (first["artist_names"], first["key"]) == (["Zoë"], 3)
    assert (second["track_name"], second["key"]) == ("Plain", None)


@pytest.mark.parametrize("codec", ["gzip", "zstd", "bz2"])
def test_compressed_files(dump, codec):
    whole = json.dumps([api_track(0), api_track(1)]).encode()
    output = pa.BufferOutputStream()
    with pa.CompressedOutputStream(output, codec) as stream:
        stream.write(whole)
    dump.text("crawl.json.x", output.getvalue().to_pybytes())
    assert_api_tracks(dump.ingest())


def test_damaged_compression_and_archives_say_what_they_are(dump, track):
    dump.put("t.parquet", [track(1)])
    dump.text("cut.csv.gz", gzip.compress(b"id,name,artist\n" + b"x,y,z\n" * 1_000)[:-20])
    dump.text("archive.zip", b"PK\x03\x04 and so on")
    ingested = dump.ingest()
    reasons = dict(ingested.table("rejects").select("source", "reason").iter_rows())
    assert "Truncated" in reasons["cut.csv.gz"]
    assert reasons["archive.zip"] == "a zip archive of files: unpack it in its place"


def test_lines_of_too_many_or_too_few_values_are_refused_one_by_one(dump):
    lines = ["id,name,artist", f"{IDS[0]},A,x", f"{IDS[1]},B,x,y", IDS[2], f'{IDS[3]},"D"d,x']
    dump.text("t.csv", "\n".join([*lines, f"{IDS[4]},E,x", ""]))
    ingested = dump.ingest()
    assert ingested.table("tracks")["track_name"].to_list() == ["A", "E"]
    file = ingested.files["t.csv"]
    assert (file["read"], file["accepted"], file["rejected"]) == (5, 2, 3)
    assert ingested.table("rejects")["reason"].to_list() == [
        "more values than columns",
        "fewer values than columns",
        "a quotation mark that is not closed",
    ]
    assert ingested.table("rejects")["value"].to_list()[1] == IDS[2]


def test_columns_of_one_name_and_of_none(dump):
    dump.text("t.csv", f",id,name,Name,artist\n0,{IDS[0]},First,Second,x\n")
    (only,) = dump.ingest().rows("tracks")
    assert only["track_name"] == "First"


def write_arrow(path, rows: list[dict[str, Any]], is_stream: bool) -> None:
    table = pa.Table.from_pylist(rows)
    opened = pa.ipc.new_stream if is_stream else pa.ipc.new_file
    path.parent.mkdir(parents=True, exist_ok=True)
    with pa.OSFile(str(path), "wb") as file, opened(file, table.schema) as writer:
        writer.write_table(table, max_chunksize=1)


@pytest.mark.parametrize("is_stream", [True, False])
def test_a_data_set_saved_to_disk(dump, is_stream):
    folder = dump.raw / "set" / "train"
    names = [f"data-0000{number}-of-00002.arrow" for number in range(2)]
    for number, name in enumerate(names):
        write_arrow(folder / name, [api_track(number)], is_stream)
    state = {"_data_files": [{"filename": name} for name in names], "_split": "train"}
    dump.text("set/train/state.json", json.dumps(state))
    dump.text("set/train/dataset_info.json", json.dumps({"features": {}}))
    dump.text("set/dataset_dict.json", json.dumps({"splits": ["train"]}))
    ingested = dump.ingest()
    assert_api_tracks(ingested)
    assert ingested.metadata["files_refused"] == 0


def test_a_data_set_with_a_part_missing_says_so(dump, track):
    dump.put("t.parquet", [track(1)])
    dump.text("state.json", json.dumps({"_data_files": [{"filename": "data-0.arrow"}]}))
    (row,) = dump.ingest().rows("rejects")
    assert row["reason"] == "names data-0.arrow, which is not beside it"


def test_damaged_arrow_is_refused(dump, track):
    dump.put("t.parquet", [track(1)])
    for is_stream in (True, False):
        path = dump.raw / f"{is_stream}.arrow"
        write_arrow(path, [api_track(0), api_track(1)], is_stream)
        path.write_bytes(path.read_bytes()[:-200])
    ingested = dump.ingest()
    assert ingested.metadata["files_refused"] == 2
    assert all(row["reason"].startswith("cannot be read: ") for row in ingested.rows("rejects"))


@pytest.mark.parametrize(
    ("text", "names", "ids"),
    [
        ("['Ann', \"O'Brien\"]", ["Ann", "O'Brien"], None),
        ('["Ann", "\\u5468\\u6770\\u502b", "a \\"b\\""]', ["Ann", "周杰倫", 'a "b"'], None),
        ("('Ann',)", ["Ann"], None),
        (str({ANN: "Ann", BOB: "Bob's"}), ["Ann", "Bob's"], [ANN, BOB]),
        (
            str([{"id": ANN, "name": "Ann, A"}, {"name": "Bob", "id": BOB}]),
            ["Ann, A", "Bob"],
            [ANN, BOB],
        ),
        ("Ann;Bob", ["Ann", "Bob"], None),
        ("Earth, Wind & Fire", ["Earth, Wind & Fire"], None),
        ("[dunkelbunt]", ["[dunkelbunt]"], None),
        ("(Sandy) Alex G", ["(Sandy) Alex G"], None),
    ],
)
def test_artists_in_one_text(dump, text, names, ids):
    dump.text("t.csv", text_of([{"id": IDS[0], "name": "S", "artists": text, "tempo": 99}]))
    ingested = dump.ingest()
    (only,) = ingested.rows("tracks")
    artists = ingested.rows("artists")
    assert only["artist_names"] == names
    assert [artists[code]["artist_id"] for code in only["artist_codes"]] == (
        ids or [None] * len(names)
    )


def test_names_with_commas_are_as_many_as_their_ids(dump):
    rows = [
        {"id": IDS[0], "name": "A", "artists": "Ann, Bob", "artist_ids": f'["{ANN}", "{BOB}"]'},
        {"id": IDS[1], "name": "B", "artists": "Ann, Bob, Eve", "artist_ids": f"{ANN},{BOB}"},
        {"id": IDS[2], "name": "C", "artists": "Earth, Wind & Fire", "artist_ids": "E" * 22},
    ]
    dump.text("t.csv", text_of(rows))
    names = dump.ingest().table("tracks")["artist_names"].to_list()
    assert names == [["Ann", "Bob"], ["Ann", "Bob"], ["Earth, Wind & Fire"]]


def test_split_tables_are_joined(dump):
    dump.text(
        "track.csv",
        "\ufeff"
        + text_of(
            [
                {
                    "track_id": IDS[0],
                    "track_name": "Song",
                    "track_artist_id": ANN,
                    "track_album_id": ALBUM,
                    "track_popularity": 70,
                    "track_explicit": "True",
                }
            ]
        ),
    )
    dump.text("audio.csv", text_of([{"track_id": IDS[0], "energy": 0.5, "track_duration": 1e5}]))
    dump.text(
        "album.csv",
        text_of(
            [
                {"album_id": ALBUM, "album_name": "Album", "album_release_date": "2021-02"},
                {"album_id": "", "album_name": "Nobody's", "album_release_date": ""},
                {"album_id": ALBUM, "album_name": "Again", "album_release_date": ""},
            ]
        ),
    )
    dump.text(
        "artist.csv",
        text_of([{"artist_id": ANN, "artist_name": "Ann", "artist_genre": "['pop', 'dance pop']"}]),
    )
    ingested = dump.ingest()
    (only,) = ingested.rows("tracks")
    assert (only["artist_names"], only["album_name"], only["release_year"]) == (
        ["Ann"], "Album", 2021,
    )  # fmt: skip
    assert (only["energy"], only["duration_ms"], only["explicit"]) == (0.5, 100_000, True)
    assert only["sources"] == ["audio.csv", "track.csv"]
    genres = ingested.table("genre_map")["genre"]
    assert [genres[code] for code in ingested.rows("artists")[0]["genre_codes"]] == [
        "pop", "dance pop",
    ]  # fmt: skip
    file = ingested.files["album.csv"]
    assert (file["read"], file["accepted"], file["merged"], file["rejected"]) == (3, 1, 1, 1)


def test_a_flat_table_holds_playlists_and_artists_too(dump):
    def row(number: int, playlist: str, genres: str) -> dict[str, Any]:
        return {
            "track_id": IDS[number],
            "track_name": f"Song {number}",
            "artist_id": ANN,
            "artist_name": "Ann",
            "artist_genres": genres,
            "playlist_id": playlist,
            "playlist_name": f"List {playlist}",
            "popularity": 0.5,
        }

    rows = [row(0, "x", ""), row(1, "x", "pop, rock"), row(0, "y", "jazz"), row(2, "y", "")]
    dump.text("flat.csv", text_of(rows))
    ingested = dump.ingest()
    assert ingested.table("playlists").select("playlist_id", "name", "track_codes").rows() == [
        ("x", "List x", [0, 1]),
        ("y", "List y", [0, 2]),
    ]
    genres = ingested.table("genre_map")["genre"]
    (ann,) = ingested.rows("artists")
    assert [genres[code] for code in ann["genre_codes"]] == ["pop", "rock"]
    assert ingested.table("tracks")["popularity"].to_list() == [50, 50, 50]
    file = ingested.files["flat.csv"]
    assert (file["read"], file["accepted"], file["merged"]) == (4, 3, 1)
    assert file["beside"]["playlists"]["accepted"] == 2
    assert file["entries"]["kept"] == 4


def test_rows_of_playlist_and_track_alone(dump, track):
    dump.put("t.parquet", [track(1), track(2), track(3)])
    order = [(2, 1), (0, 0), (1, 2)]
    rows = [
        {"pid": 7, "pos": position, "track_uri": f"spotify:track:{IDS[number]}"}
        for number, position in order
    ]
    dump.text("entries.csv", text_of(rows))
    (only,) = dump.ingest().rows("playlists")
    assert (only["playlist_id"], only["track_codes"]) == ("7", [0, 2, 1])


def test_an_exported_playlist(dump):
    rows = [
        {
            "Track URI": f"spotify:track:{IDS[number]}",
            "Track Name": f"Song {number}",
            "Artist URI(s)": f"spotify:artist:{ANN}, spotify:artist:{BOB}",
            "Artist Name(s)": "Ann, Bob",
            "Duration (ms)": 200_000,
            "Added At": "2020-01-01T00:00:00Z",
            "Energy": 0.5,
        }
        for number in (1, 0)
    ]
    dump.text("my_mix.csv", text_of(rows))
    ingested = dump.ingest()
    (only,) = ingested.rows("playlists")
    assert (only["name"], only["track_codes"]) == ("my_mix", [1, 0])
    assert ingested.table("tracks")["artist_names"].to_list() == [["Ann", "Bob"]] * 2


def test_artist_and_title_in_one_column(dump):
    rows = [
        {"id": IDS[0], "unique_track": "Daft Punk - Aero - Dynamic", "energy": 0.5},
        {"id": IDS[1], "unique_track": "Nothing", "energy": 0.5},
    ]
    dump.text("t.csv", text_of(rows))
    (only,) = dump.ingest().rows("tracks")
    assert (only["track_name"], only["artist_names"]) == ("Aero - Dynamic", ["Daft Punk"])


def test_a_text_of_single_ids_is_one_playlist(dump, track):
    dump.put("t.parquet", [track(number) for number in (1, 2, 3)])
    dump.text("mix.txt", "\n".join([IDS[2], "", IDS[0], ""]))
    assert dump.ingest().table("playlists")["track_codes"].to_list() == [[2, 0]]


def test_mpd_slices_describe_their_tracks(dump):
    entries = [
        {
            "track_uri": f"spotify:track:{IDS[number]}",
            "track_name": f"Song {number}",
            "artist_uri": f"spotify:artist:{ANN}",
            "artist_name": "Ann",
            "album_uri": f"spotify:album:{ALBUM}",
            "album_name": "Album",
            "duration_ms": 200_000,
        }
        for number in (0, 1)
    ]
    dump.text("slice.json", json.dumps({"playlists": [{"pid": 1, "tracks": entries}]}))
    ingested = dump.ingest()
    assert ingested.table("playlists")["track_codes"].to_list() == [[0, 1]]
    first = ingested.rows("tracks")[0]
    assert (first["track_name"], first["artist_names"], first["album_id"]) == (
        "Song 0", ["Ann"], ALBUM,
    )  # fmt: skip
    assert ingested.files["slice.json"]["beside"]["tracks"]["accepted"] == 2


def test_the_45_million_track_set(dump):
    row = {
        "track_id": IDS[0],
        "track_name": "Song",
        "popularity": 0.63,
        "artist_id": ANN,
        "artist_name": "Ann",
        "artist_idx": 7,
        "artist_genres": ["pop"],
        "artist_genre_idx": [3],
        "album_id": ALBUM,
        "album_name": "Album",
        "isrc": "USAAA0000001",
        "release_year": 1999,
        "energy": 0.5,
    }
    write_arrow(dump.raw / "data.arrow", [row, row | {"track_id": IDS[1]}], is_stream=True)
    ingested = dump.ingest()
    first = ingested.rows("tracks")[0]
    assert (first["popularity"], first["release_year"], first["energy"]) == (63, 1999, 0.5)
    assert ingested.table("artists")["genre_codes"].to_list() == [[0]]
    ignored = ingested.files["data.arrow"]["ignored_columns"]
    assert ignored == ["artist_idx", "artist_genre_idx"]
