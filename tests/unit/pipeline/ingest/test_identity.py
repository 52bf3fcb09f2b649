"""Who is whom: artists, albums, recordings and genres."""

from collections.abc import Callable, Sequence
from typing import Any

import polars as pl
import pytest

pytestmark = pytest.mark.slow


def artists(*rows: tuple[str | None, str | None, list[str]]) -> pl.DataFrame:
    schema = {"artist_id": pl.String, "artist_name": pl.String, "genres": pl.List(pl.String)}
    return pl.DataFrame(rows, schema, orient="row")


def credit(ids: Sequence[str | None] | None, names: Sequence[str] | None) -> dict[str, Any]:
    return {"artist_ids": ids, "artist_names": names}


def test_artists_who_share_a_name_stay_apart(dump, track):
    dump.put("a.parquet", artists(("id1", "Nirvana", ["grunge"]), ("id2", "Nirvana", ["psych"])))
    dump.put(
        "t.parquet",
        [
            track(1, **credit(["id1"], ["Nirvana"])),
            track(2, **credit(["id2"], ["Nirvana"])),
            track(3, **credit(None, ["Nirvana"])),
        ],
    )
    ingested = dump.ingest()
    assert [(row["artist_id"], row["num_tracks"]) for row in ingested.rows("artists")] == [
        ("id1", 1),
        ("id2", 1),
        (None, 1),
    ]
    assert ingested.table("tracks")["artist_codes"].to_list() == [[0], [1], [2]]


def test_a_name_without_an_id_is_the_only_artist_of_that_name(dump, track):
    dump.put("a.parquet", artists(("id1", "Beyoncé", ["pop"]), (None, "BEYONCE", ["r&b"])))
    dump.put(
        "t.parquet",
        [
            track(1, **credit(None, ["beyonce"])),
            track(2, **credit(None, ["Unknown Band"])),
            track(3, **credit(None, ["UNKNOWN  BAND"])),
        ],
    )
    ingested = dump.ingest()
    known, unknown = ingested.rows("artists")
    assert (known["artist_id"], known["artist_name"], known["num_tracks"]) == ("id1", "Beyoncé", 1)
    assert (unknown["artist_id"], unknown["num_tracks"]) == (None, 2)
    assert ingested.files["a.parquet"]["merged"] == 1
    assert ingested.table("tracks")["artist_names"].to_list()[0] == ["beyonce"]


def test_every_other_name_of_an_id_is_an_alias(dump, track):
    people = artists(("id1", "Jay Chou", []), ("id2", "Queen", []), ("id3", "Elton John", []))
    listed = pl.Series("aliases", [["周杰倫", "JAY CHOU"], None, []], pl.List(pl.String))
    dump.put("a.parquet", people.with_columns(listed))
    dump.put(
        "t.parquet",
        [
            track(1, **credit(["id1"], ["Chou Chieh-lun"])),
            track(2, **credit(["id2"], ["Queen, David Bowie"])),
            track(3, **credit(["id3"], ["Queen"])),
        ],
    )
    # Not a guest behind the name, nor the name of another.
    found = {row["artist_name"]: row["aliases"] for row in dump.ingest().rows("artists")}
    assert found == {"Jay Chou": ["周杰倫", "Chou Chieh-lun"], "Queen": [], "Elton John": []}


def test_rows_that_others_replace_name_artists_but_add_none(dump, track):
    dump.put("a.parquet", [track(1, **credit(["id1"], None)), track(2, **credit(["id2"], None))])
    replaced = [
        track(1, **credit(["id1", "id3"], ["One", "Three"])),
        track(3, **credit(["id2"], ["Two"])),
        track(3, **credit(["id2"], ["Second"])),
        track(3, **credit(None, ["Fourth"])),
    ]
    dump.put("b.parquet", replaced)
    ingested = dump.ingest()
    found = [(row["artist_name"], row["aliases"]) for row in ingested.rows("artists")]
    assert found == [("One", []), ("Two", ["Second"])]
    assert ingested.table("tracks")["artist_names"].to_list() == [["One"], ["Two"], ["Two"]]


def test_lists_that_do_not_pair_are_read_by_name(dump, track):
    dump.put("a.parquet", artists(("id1", "One", []), ("id2", "Two", [])))
    dump.put(
        "t.parquet",
        [
            track(1, **credit(["id1"], ["Two", "One"])),
            track(2, **credit(["id1", "id2"], None)),
            track(3, **credit([], [])),
            track(4, **credit(["id2", "id2", None], ["Two", "Two", "  "])),
        ],
    )
    ingested = dump.ingest()
    assert ingested.table("tracks")["artist_codes"].to_list() == [[1, 0], [0, 1], [], [1]]
    assert ingested.table("tracks")["artist_names"].to_list()[1] == ["One", "Two"]


def test_related_artists_by_id_and_by_name(dump, track):
    dump.put("t.parquet", [track(1, **credit(["id1"], ["One"]))])
    related = [
        ("id1", "One", "id2", "Two", 1),
        ("id1", "One", "id2", "Two", 0),
        (None, "one", None, "Three", None),
        ("id1", "One", "id1", "One", 2),
        ("id1", "One", None, None, 3),
    ]
    names = ("artist_id", "artist_name", "related_artist_id", "related_artist_name")
    schema = dict.fromkeys(names, pl.String) | {"rank": pl.Int64}
    dump.put("r.parquet", pl.DataFrame(related, schema, orient="row"))
    ingested = dump.ingest()
    named = ingested.table("artists")["artist_name"]
    pairs = [
        (named[row["artist_code"]], named[row["related_artist_code"]], row["rank"])
        for row in ingested.rows("related_artists")
    ]
    assert pairs == [("One", "Two", 0), ("One", "Three", 2)]
    file = ingested.files["r.parquet"]
    assert (file["read"], file["accepted"], file["merged"], file["rejected"]) == (5, 2, 1, 2)


def same(dump, rows: list[dict[str, Any]], column: str) -> Callable[[int, int], bool]:
    dump.put("t.parquet", rows)
    codes = dump.ingest().table("tracks")[column].to_list()
    return lambda a, b: codes[a - 1] is not None and codes[a - 1] == codes[b - 1]


def test_one_recording_under_several_ids(dump, track):
    rows = [
        track(1, track_name="Song", isrc="USAAA0000001"),
        track(2, track_name="Another Title", isrc="US-AAA-00-00001"),
        track(3, track_name="Song (Remastered 2009)", duration_ms=201_500.0),
        track(4, track_name="Song - Live", duration_ms=260_000.0),
        track(5, track_name="Song - Club Remix"),
        track(6, track_name="Song", isrc="USAAA0000002"),
        track(7, track_name="Song", **credit(["B" * 22], ["Someone Else"])),
        track(8, track_name="Other", duration_ms=None),
        track(9, track_name="Other", duration_ms=None),
        track(10, track_name="Third", duration_ms=180_000.0),
        track(11, track_name="third", duration_ms=181_999.0),
        track(12, track_name="Third", duration_ms=184_500.0),
    ]
    recording = same(dump, rows, "recording_code")
    assert recording(1, 2)
    assert recording(1, 3)
    assert not any(recording(1, other) for other in (4, 5, 6, 7))
    assert not recording(8, 9)
    assert recording(10, 11)
    assert not recording(11, 12)


def test_albums_by_id_else_by_name_and_artist(dump, track):
    rows = [
        track(1, album_id="x", album_name="Greatest Hits"),
        track(2, album_id="x", album_name="Greatest Hits (Deluxe)"),
        track(3, album_id="y", album_name="Greatest Hits"),
        track(4, album_name="Greatest Hits"),
        track(5, album_name="greatest hits"),
        track(6, album_name="Greatest Hits", **credit(["B" * 22], ["Someone Else"])),
        track(7),
        track(8),
    ]
    album = same(dump, rows, "album_code")
    assert album(1, 2)
    assert album(4, 5)
    assert not any(album(1, other) for other in (3, 4, 6))
    assert not album(4, 6)
    assert not album(7, 8)


def test_genres_of_the_map_first_then_those_only_listed(dump, track):
    dump.put("t.parquet", [track(1)])
    places = {"genre": ["Pop", "rock", "pop", None], "x": [0.5, 0.3, 0.9, 0.1], "y": [0.2] * 4}
    dump.put("g.parquet", pl.DataFrame(places))
    listed = ["shoegaze", "ROCK", " pop", "Blues", "rock"]
    dump.put("a.parquet", artists(("A" * 22, "Someone", listed)))
    ingested = dump.ingest()
    genres = ingested.table("genre_map").select("genre", "x", "weight").rows()
    assert [row[0] for row in genres] == ["pop", "rock", "blues", "shoegaze"]
    assert genres[0][1:] == (0.5, 1.0)
    assert genres[2][1:] == (None, 1.0)
    assert ingested.table("artists")["genre_codes"].to_list() == [[3, 1, 0, 2]]
    file = ingested.files["g.parquet"]
    assert (file["accepted"], file["merged"], file["rejected"]) == (2, 1, 1)


def test_a_map_in_pixels_is_scaled(dump, track):
    dump.put("t.parquet", [track(1)])
    pixels = {"genre": ["a", "b", "c"], "x": [0, 750, 1500], "y": [0, 5000, 20000]}
    pixels["hex_colour"] = ["1CA3C2", "#66882d", "green"]
    dump.put("g.parquet", pl.DataFrame(pixels))
    genres = dump.ingest().table("genre_map")
    assert genres["x"].to_list() == [0.0, 0.5, 1.0]
    assert genres["y"].to_list() == [0.0, 0.25, 1.0]
    assert genres["color"].to_list() == ["#1ca3c2", "#66882d", None]


def test_popularity_of_0_to_1_is_scaled_file_by_file(dump, track):
    dump.put("a.parquet", [track(1, popularity=0.63), track(2, popularity=1.0)])
    dump.put("b.parquet", [track(3, popularity=1.0), track(4, popularity=40.0)])
    assert dump.ingest().table("tracks")["popularity"].to_list() == [63, 100, 1, 40]


def test_an_artists_own_weights_of_its_genres(dump, track):
    dump.put("t.parquet", [track(1)])
    rows = {
        "artist_id": ["A" * 22, "B" * 22, "C" * 22],
        "artist_name": ["One", "Two", "Three"],
        "genres": [["rock", "Pop", "rock"], ["jazz"], ["pop", "rock"]],
        "genre_weights": [[0.5, 2.0, 9.0], None, [1.0]],
    }
    dump.put("a.parquet", pl.DataFrame(rows))
    ingested = dump.ingest()
    genres = ingested.table("genre_map")["genre"]
    weighted = {
        row["artist_name"]: ([genres[code] for code in row["genre_codes"]], row["genre_weights"])
        for row in ingested.rows("artists")
    }
    assert weighted == {
        "One": (["rock", "pop"], [0.5, 2.0]),
        "Two": (["jazz"], None),
        "Three": (["pop", "rock"], None),
    }
