"""Rows of one track, from one dump or several: which says what, and who said it."""

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

pytestmark = pytest.mark.slow

ANN, BOB = "A" * 22, "B" * 22
SOUND = {"energy": 0.5, "tempo": 120.0}


def put(dump, name: str, *rows: dict) -> None:
    dump.put(name, pl.DataFrame(list(rows), infer_schema_length=None))


def one(dump) -> dict:
    (only,) = dump.ingest().rows("tracks")
    return only


def row(**values) -> dict:
    return {"track_id": "0" * 22, "track_name": "Song", **values}


def test_the_first_file_names_the_song(dump):
    put(dump, "a.parquet", row(track_name=None, isrc="USAAA0000001"))
    put(dump, "b.parquet", row(track_name="Song", explicit=True, release_year=1999))
    put(dump, "c.parquet", row(track_name="Song (Deluxe)", explicit=False, isrc="USAAA0000002"))
    found = one(dump)
    assert (found["track_name"], found["isrc"]) == ("Song", "USAAA0000001")
    assert (found["explicit"], found["release_year"]) == (True, 1999)
    assert found["source"] == "a.parquet"
    assert found["sources"] == ["a.parquet", "b.parquet", "c.parquet"]


def test_credits_are_those_of_the_first_row_that_knows_an_id(dump):
    put(dump, "a.parquet", row(artist_names=["Ann feat. Bob"], tempo=99.0))
    put(dump, "b.parquet", row(artist_ids=[ANN, BOB], artist_names=["Ann", "Bob"]))
    assert one(dump)["artist_names"] == ["Ann", "Bob"]


def test_an_albums_id_and_name_come_together(dump):
    put(dump, "a.parquet", row(album_name="Single", tempo=99.0))
    put(dump, "b.parquet", row(album_id="C" * 22, album_name="Album"))
    found = one(dump)
    assert (found["album_id"], found["album_name"]) == ("C" * 22, "Album")


def test_sound_is_that_of_the_row_that_knows_most_of_it(dump):
    put(dump, "a.parquet", row(energy=0.1, tempo=99.0, key=1.0))
    put(dump, "b.parquet", row(energy=0.2, tempo=100.0, valence=0.2, loudness=-6.0))
    found = one(dump)
    assert [round(found[name], 3) for name in ("energy", "tempo", "valence")] == [0.2, 100.0, 0.2]
    assert found["key"] == 1
    assert (found["source"], found["sound_source"]) == ("a.parquet", "b.parquet")


def test_popularity_is_the_highest(dump):
    put(dump, "a.parquet", row(popularity=3.0, tempo=99.0))
    put(dump, "b.parquet", row(popularity=60.0, tempo=99.0))
    put(dump, "c.parquet", row(popularity=250.0, tempo=99.0))
    assert one(dump)["popularity"] == 60


def test_a_song_without_sound_has_no_source_of_it(dump):
    put(dump, "a.parquet", row(artist_names=["Ann"]))
    assert one(dump)["sound_source"] is None


values = st.fixed_dictionaries(
    {"track_name": st.sampled_from([None, "Song", "Other"])},
    optional={
        "energy": st.sampled_from([0.1, 0.5, 9.0]),
        "tempo": st.sampled_from([0.0, 99.0]),
        "popularity": st.sampled_from([0.0, 3.0, 60.0]),
        "artist_ids": st.sampled_from([[ANN], [BOB, ANN]]),
        "explicit": st.booleans(),
    },
)


@settings(
    max_examples=15,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(rows=st.lists(values, min_size=2, max_size=6))
def test_one_file_or_one_for_each_row_makes_the_same_track(rows, tmp_path_factory):
    from tests.unit.pipeline.ingest.conftest import Dump

    columns = ("energy", "tempo", "popularity", "artist_ids", "explicit")
    schema = {"track_id": pl.String, "track_name": pl.String, "energy": pl.Float64}
    schema |= {"tempo": pl.Float64, "popularity": pl.Float64, "artist_ids": pl.List(pl.String)}
    schema |= {"explicit": pl.Boolean}
    full = [row(**dict.fromkeys(columns)) | given_values for given_values in rows]
    full.append(row(track_name="Last", **dict.fromkeys(columns)))
    together, apart = (Dump(tmp_path_factory.mktemp(name)) for name in ("together", "apart"))
    together.put("all.parquet", pl.DataFrame(full, schema))
    for number, values in enumerate(full):
        apart.put(f"{number}.parquet", pl.DataFrame([values], schema))
    sourced = ("source", "sources", "sound_source")
    first, second = (
        dump.ingest().table("tracks").drop(sourced).to_dicts() for dump in (together, apart)
    )
    assert first == second
