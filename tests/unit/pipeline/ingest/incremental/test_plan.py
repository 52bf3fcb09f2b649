"""A lake that grows file by file holds what one made from all files at once does."""

import json
import shutil
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from embeat_pipeline.ingest import ingest as stage
from embeat_pipeline.ingest.ingest import OUTPUTS
from embeat_pipeline.ingest.resolve import resolve
from embeat_pipeline.ingest.strategies import Incremental
from embeat_pipeline.synthetic.write import write_sample
from embeat_serve.contract.lake import LakePaths
from tests.unit.pipeline.ingest.conftest import Dump, Ingested

pytestmark = pytest.mark.slow

NAMES = ["Ann", "Bob", "bob", "Cy", "Dé"]
ARTIST_FACTS = ("popularity", "followers", "num_tracks", "aliases")
IDS = ["A" * 22, "B" * 22, "C" * 22]


def one_of_or_none(*values: Any) -> st.SearchStrategy[Any]:
    return st.none() | st.sampled_from(values)


track = st.fixed_dictionaries(
    {
        "track_id": st.integers(1, 12).map(lambda number: f"{number:022}"),
        "track_name": one_of_or_none("Song", "Song (Remastered)", "Tune", "Tune - Live"),
        "artist_ids": one_of_or_none(*([one] for one in IDS), IDS[:2]),
        "artist_names": one_of_or_none(*([one] for one in NAMES), NAMES[:2]),
        "album_id": one_of_or_none("X" * 22, "Y" * 22),
        "album_name": one_of_or_none("First", "Second"),
        "isrc": one_of_or_none("USABC1234567", "USABC7654321"),
        "popularity": one_of_or_none(10.0, 90.0),
        "duration_ms": st.sampled_from([180_000.0, 181_000.0, 183_500.0, 200_000.0]),
        "energy": one_of_or_none(0.25, 0.5),
        "tempo": one_of_or_none(100.0, 120.0),
    }
)
artist = st.fixed_dictionaries(
    {
        "artist_id": one_of_or_none(*IDS),
        "artist_name": one_of_or_none(*NAMES),
        "genres": st.lists(st.sampled_from(["pop", "rock", "jazz"]), max_size=2),
        "aliases": st.lists(st.sampled_from(["Annie", "安", "Bob"]), max_size=2),
    }
)
relation = st.fixed_dictionaries(
    {
        "artist_id": one_of_or_none(*IDS),
        "artist_name": st.sampled_from(NAMES),
        "related_artist_id": one_of_or_none(*IDS),
        "related_artist_name": st.sampled_from(NAMES),
    }
)
album = st.fixed_dictionaries(
    {
        "album_id": st.sampled_from(["X" * 22, "Y" * 22]),
        "album_name": one_of_or_none("First", "Third"),
        "release_date": one_of_or_none("1999", "2001-02-03"),
    }
)
playlist = st.fixed_dictionaries(
    {
        "playlist_id": one_of_or_none("P" * 22, "Q" * 22),
        "name": st.just("Mine"),
        "track_ids": st.lists(st.integers(1, 15).map(lambda n: f"{n:022}"), max_size=5),
    }
)
SCHEMAS = {
    "artists": {
        "artist_id": pl.String,
        "artist_name": pl.String,
        "genres": pl.List(pl.String),
        "aliases": pl.List(pl.String),
    },
    "related": dict.fromkeys(
        ("artist_id", "artist_name", "related_artist_id", "related_artist_name"), pl.String
    ),
    "albums": dict.fromkeys(("album_id", "album_name", "release_date"), pl.String),
    "playlists": {
        "playlist_id": pl.String,
        "name": pl.String,
        "track_ids": pl.List(pl.String),
    },
}
one_file = st.one_of(
    st.tuples(st.just("tracks"), st.lists(track, min_size=1, max_size=8)),
    st.tuples(st.just("artists"), st.lists(artist, min_size=1, max_size=4)),
    st.tuples(st.just("related"), st.lists(relation, min_size=1, max_size=4)),
    st.tuples(st.just("albums"), st.lists(album, min_size=1, max_size=3)),
    st.tuples(st.just("playlists"), st.lists(playlist, min_size=1, max_size=3)),
)
files = st.lists(st.tuples(st.integers(0, 9), one_file), min_size=1, max_size=4)


def put(dump: Dump, name: str, kind: str, rows: list[dict[str, Any]]) -> None:
    schema = SCHEMAS.get(kind)
    dump.put(name, pl.DataFrame(rows, schema) if schema else rows)


def without_codes(ingested: Ingested) -> dict[str, Any]:
    """Everything the tables say, with ids and names in place of codes, in an order of its own."""
    tracks, artists = ingested.rows("tracks"), ingested.rows("artists")
    genres = [row["genre"] for row in ingested.rows("genre_map")]
    people = [f"{row['artist_id']} {row['artist_name']}" for row in artists]
    assert [row["track_code"] for row in tracks] == list(range(len(tracks)))
    assert [row["artist_code"] for row in artists] == list(range(len(artists)))
    ids = [row["track_id"] for row in tracks]

    def groups(column: str) -> list[list[str]]:
        members: dict[int, list[str]] = {}
        for row in tracks:
            if row[column] is not None:
                members.setdefault(row[column], []).append(row["track_id"])
        return sorted(map(sorted, members.values()))

    coded = ("track_code", "artist_codes", "album_code", "recording_code")
    return {
        "tracks": {
            row["track_id"]: {name: row[name] for name in row if name not in coded}
            | {"artists": [people[code] for code in row["artist_codes"]]}
            for row in tracks
        },
        "albums": groups("album_code"),
        "recordings": groups("recording_code"),
        "artists": {
            people[code]: {name: row[name] for name in ARTIST_FACTS}
            | {"genres": [genres[genre] for genre in row["genre_codes"]]}
            for code, row in enumerate(artists)
        },
        "genres": sorted(genres),
        "playlists": [
            {name: row[name] for name in ("playlist_id", "name", "source")}
            | {"tracks": [ids[code] for code in row["track_codes"]]}
            for row in ingested.rows("playlists")
        ],
        "related": sorted(
            (people[row["artist_code"]], people[row["related_artist_code"]], row["rank"])
            for row in ingested.rows("related_artists")
        ),
        "rejects": ingested.rows("rejects"),
        "report": ingested.files,
    }


@settings(
    max_examples=20,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(first=st.lists(track, min_size=4, max_size=8), added=files)
def test_an_incremental_build_comes_to_the_same_as_a_full_one(dump: Dump, first, added):
    shutil.rmtree(dump.folder)
    put(dump, "5.parquet", "tracks", [{**first[0], "track_name": "Song"}, *first])
    grown = dump.ingest("grown")
    for number, (place, (kind, rows)) in enumerate(added):
        put(dump, f"{place}_{number}.parquet", kind, rows)
        grown = dump.ingest("grown", max_affected_share=10.0)
    assert without_codes(grown) == without_codes(dump.ingest("fresh"))


@pytest.fixture
def is_incremental(monkeypatch) -> list[bool]:
    """Whether each ingest that follows grew from the one before."""
    incremental = []

    def watched(session, dump, *, strategy, folder):
        tables = resolve(session, dump, strategy=strategy, folder=folder)
        incremental.append(isinstance(strategy, Incremental))
        return tables

    monkeypatch.setattr(stage, "resolve", watched)
    return incremental


def test_new_tracks_leave_codes_as_they_are(dump, is_incremental):
    write_sample(dump.raw, tracks=1_000, playlists=40)
    tracks = pl.read_parquet(dump.raw / "tracks.parquet")
    dump.put("tracks.parquet", tracks.head(800))
    before = {name: dump.ingest().table(name) for name in OUTPUTS}
    dump.put("0_more.parquet", tracks.tail(200))
    grown = dump.ingest()
    assert is_incremental == [False, True]
    keys = {"tracks": "track", "artists": "artist", "genre_map": "genre"}
    for name, what in keys.items():
        coded = (f"{what}_code", "genre" if what == "genre" else f"{what}_id")
        kept = before[name].select(coded)
        assert grown.table(name).head(kept.height).select(coded).equals(kept)
    assert grown.table("tracks").height > before["tracks"].height
    for code in ("album_code", "recording_code"):
        kept = before["tracks"][code]
        assert grown.table("tracks")[code].head(len(kept)).equals(kept)
    assert without_codes(grown) == without_codes(dump.ingest("fresh"))


@pytest.mark.parametrize(
    "change",
    [
        lambda dump, track: (dump.raw / "b.parquet").unlink(),
        lambda dump, track: dump.put("b.parquet", [track(2), track(3)]),
        lambda dump, track: shutil.rmtree(dump.folder / "lake" / "tables" / ".resolved"),
        lambda dump, track: (dump.folder / "lake" / "tables" / "artists.parquet").unlink(),
    ],
    ids=["a file is gone", "a file has changed", "no state is saved", "a table is gone"],
)
def test_otherwise_everything_is_resolved_again(dump, track, is_incremental, change):
    for number, name in enumerate("abcde"):
        dump.put(f"{name}.parquet", [track(number)])
    dump.ingest()
    change(dump, track)
    dump.put("z.parquet", [track(9)])
    grown = dump.ingest()
    assert is_incremental == [False, False]
    for name in OUTPUTS:
        assert grown.table(name).equals(dump.ingest("fresh").table(name))


def test_an_artist_known_by_name_keeps_the_code_when_an_id_turns_up(dump, track, is_incremental):
    dump.put("a.parquet", [track(n, artist_ids=None, artist_names=["Ann"]) for n in range(1, 5)])
    ann = dump.ingest().rows("artists")
    dump.put("b.parquet", [track(9, artist_ids=["B" * 22], artist_names=["Ann"])])
    grown = dump.ingest()
    assert [row["artist_id"] for row in ann] == [None]
    assert [row["artist_id"] for row in grown.rows("artists")] == ["B" * 22]
    assert grown.rows("artists")[0]["num_tracks"] == 5
    assert is_incremental == [False, True]


def test_a_name_that_two_bear_now_is_no_longer_either(dump, track, is_incremental):
    rows = [track(n, artist_ids=None, artist_names=["Ann"]) for n in range(1, 5)]
    others = [track(n) for n in range(20, 30)]
    rows += [track(5, artist_ids=["B" * 22], artist_names=["Ann"]), *others]
    dump.put("a.parquet", rows)
    assert [row["num_tracks"] for row in dump.ingest().rows("artists")] == [10, 5]
    dump.put("b.parquet", [track(9, artist_ids=["C" * 22], artist_names=["Ann"])])
    grown = dump.ingest()
    assert is_incremental == [False, True]
    assert [row["num_tracks"] for row in grown.rows("artists")] == [10, 1, 1, 4]
    assert without_codes(grown) == without_codes(dump.ingest("fresh"))


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ((["C" * 22], ["Cy"]), (["C" * 22], None), ("Cy", [])),
        ((["C" * 22], ["Cy"]), (["C" * 22], ["Bob"]), ("Bob", ["Cy"])),
        ((["C" * 22] * 2, ["Cy", "Cyd"]), (["C" * 22], ["Cy"]), ("Cy", ["Cyd"])),
    ],
    ids=["no name", "another name", "one name of two"],
)
def test_a_file_put_first_changes_names_as_in_a_full_build(
    dump, track, is_incremental, before, after, expected
):
    columns = ("artist_ids", "artist_names")
    others = [track(n) for n in range(10, 14)]
    dump.put("5.parquet", [track(1, **dict(zip(columns, before, strict=True))), *others])
    dump.ingest()
    dump.put("0.parquet", [track(1, **dict(zip(columns, after, strict=True)))])
    grown = dump.ingest()
    assert is_incremental == [False, False]
    artists = {row["artist_id"]: row for row in grown.rows("artists")}
    assert (artists["C" * 22]["artist_name"], artists["C" * 22]["aliases"]) == expected
    assert without_codes(grown) == without_codes(dump.ingest("fresh"))


def test_a_name_that_got_an_id_is_no_artist_of_its_own(dump, track):
    named = [track(1, artist_ids=None, artist_names=["Ann"]), track(2, artist_names=["Ann"])]
    dump.put("5.parquet", [*named, *(track(n) for n in range(10, 14))])
    dump.ingest()
    namesake = track(3, artist_ids=["B" * 22], artist_names=["Ann"])
    dump.put("0.parquet", [track(1, artist_names=["Ann"]), namesake])
    grown = dump.ingest(max_affected_share=10.0)
    assert [row["artist_id"] for row in grown.rows("artists")] == ["A" * 22, "B" * 22]
    assert without_codes(grown) == without_codes(dump.ingest("fresh"))


def test_tracks_that_playlists_waited_for_come_into_them(dump, track, is_incremental):
    dump.put("a.parquet", [track(n) for n in range(1, 5)])
    ids = [f"{n:022}" for n in (1, 2, 9)]
    dump.put("p.parquet", pl.DataFrame({"playlist_id": ["P" * 22], "track_ids": [ids]}))
    assert dump.ingest().rows("playlists")[0]["track_codes"] == [0, 1]
    dump.put("b.parquet", [track(8)])
    assert dump.ingest().rows("playlists")[0]["track_codes"] == [0, 1]
    dump.put("c.parquet", [track(9)])
    grown = dump.ingest()
    assert grown.rows("playlists")[0]["track_codes"] == [0, 1, 5]
    assert not grown.rows("rejects")
    assert is_incremental == [False, True, True]


def test_a_file_that_affects_most_tracks_leads_to_a_full_build(dump, track, is_incremental, capsys):
    dump.put("a.parquet", [track(n) for n in range(4)])
    dump.ingest()
    dump.put("b.parquet", [track(n, isrc="USABC1234567") for n in range(3)])
    grown = dump.ingest()
    assert "codes are assigned anew: 3 tracks are affected" in capsys.readouterr().err
    assert is_incremental == [False, False]
    assert grown.table("tracks")["recording_code"].to_list() == [0, 0, 0, 1]


def test_saved_state_has_no_path_of_the_dump(dump, track):
    dump.put("a.parquet", [track(1)])
    lake: LakePaths = dump.ingest().lake
    state = json.loads((lake.tables / ".resolved" / "state.json").read_text(encoding="utf-8"))
    assert [name for name, _ in state["files"]] == ["a.parquet"]
