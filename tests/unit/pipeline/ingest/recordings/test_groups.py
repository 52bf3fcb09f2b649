"""Tracks of one recording share a code, those of another do not."""

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from embeat_pipeline.ingest.cleaning import policy
from embeat_pipeline.ingest.ingest import ingest
from embeat_pipeline.ingest.sql_files import section
from embeat_serve.contract.lake import LakePaths

pytestmark = pytest.mark.slow

QUIET = {"octaves": 7.0, "energy": 0.2, "valence": 0.5, "acousticness": 0.9, "speechiness": 0.0}
SOUND = pl.Struct(dict.fromkeys(QUIET, pl.Float64))
TITLED = {
    "code": pl.UInt32, "recording_key": pl.String, "main_artist": pl.UInt32, "artists": pl.UInt64,
    "duration_ms": pl.Int32, "sound": SOUND,
}  # fmt: skip

Row = tuple[int, str, int, int, int, dict[str, float] | None]


def told(rows: Sequence[Row]) -> dict[int, int]:
    """Code -> first code of its recording, as the ingest tells it without ISRCs."""
    given = pl.DataFrame(rows, TITLED, orient="row")
    with duckdb.connect() as database:
        for name, value in policy.SQL_VARIABLES.items():
            database.execute(f"SET VARIABLE {name} = $value", {"value": value})
        database.execute(section("same_recording", "execute"))
        database.register("given", given.to_arrow())
        database.execute(
            "CREATE VIEW titled AS SELECT code, hash(recording_key, main_artist) AS song, "
            "hash(recording_key, artists) AS credited, duration_ms, sound FROM given"
        )
        return dict(database.sql("FROM same_recording('titled')").fetchall())


def lengths(*durations_ms: int, sound: dict[str, float] | None = None) -> list[int]:
    """First codes of tracks that differ in nothing but their lengths."""
    found = told([(code, "song", 1, 1, ms, sound) for code, ms in enumerate(durations_ms)])
    return [found[code] for code in range(len(durations_ms))]


def test_two_seconds_apart_is_one_recording():
    assert lengths(180_000, 182_000, 184_001) == [0, 0, 2]


def test_a_chain_of_small_steps_does_not_join_what_is_far_apart():
    first = lengths(*range(180_000, 200_001, 1_500))
    assert first[0] != first[-1]
    assert len(set(first)) > 4


def test_a_chain_is_cut_where_it_is_thin():
    assert lengths(180_000, 180_100, 181_900, 182_000, 183_800, 184_200) == [0, 0, 2, 2, 4, 4]


def test_the_same_sound_may_be_several_seconds_longer():
    assert lengths(180_000, 186_000, sound=QUIET) == [0, 0]
    assert lengths(180_000, 186_000) == [0, 1]
    assert lengths(180_000, 189_000, sound=QUIET) == [0, 1]


def test_many_takes_of_one_sound_do_not_form_a_chain():
    first = lengths(*range(180_000, 300_000, 5_000), sound=QUIET)
    assert len(set(first)) == len(first)


def test_another_guest_is_another_recording_unless_it_sounds_the_same():
    alone = (0, "song", 1, 1, 180_000, QUIET)
    louder = QUIET | {"energy": 0.3}
    assert told([alone, (1, "song", 1, 2, 180_000, QUIET)]) == {0: 0, 1: 0}
    assert told([alone, (1, "song", 1, 2, 180_000, louder)]) == {0: 0, 1: 1}
    assert told([alone, (1, "song", 1, 2, 180_000, None)]) == {0: 0, 1: 1}
    assert told([alone, (1, "song", 1, 2, 184_000, QUIET)]) == {0: 0, 1: 1}


def test_the_beat_may_be_counted_twice_as_fast():
    faster, other = QUIET | {"octaves": 8.0}, QUIET | {"octaves": 7.5}
    rows = [(0, "song", 1, 1, 180_000, QUIET), (1, "song", 1, 1, 184_000, faster)]
    assert told(rows) == {0: 0, 1: 0}
    assert told([rows[0], (1, "song", 1, 1, 184_000, other)]) == {0: 0, 1: 1}


sounds = st.none() | st.sampled_from([QUIET, QUIET | {"energy": 0.25}, QUIET | {"energy": 0.8}])
catalogues = st.lists(
    st.tuples(
        st.sampled_from("ab"), st.integers(1, 2), st.integers(1, 3),
        st.integers(0, 60).map(lambda step: 180_000 + 400 * step), sounds,
    ),
    min_size=1, max_size=40,
)  # fmt: skip


@settings(max_examples=60)
@given(catalogues, st.randoms(use_true_random=False))
def test_groups_hold_whatever_the_order_of_rows(catalogue: list[Any], random: Any):
    rows = [(code, *track) for code, track in enumerate(catalogue)]
    found = told(rows)
    random.shuffle(rows)
    assert told(rows) == found
    # Every track is in one group, named after its first track, of one title and little spread.
    assert sorted(found) == list(range(len(rows)))
    for first in set(found.values()):
        group = [catalogue[code] for code, other in found.items() if other == first]
        assert first == min(code for code, other in found.items() if other == first)
        assert len({track[0] for track in group}) == 1
        spread = max(track[3] for track in group) - min(track[3] for track in group)
        assert spread <= policy.SAME_SOUND_MS
        if all(track[4] is None for track in group):
            assert spread <= 2 * policy.SAME_RECORDING_MS
    # What is alike in everything is never told apart.
    alike = pl.DataFrame(
        {
            "track": [str(track[:4]) for track in catalogue],
            "first": [found[c] for c in range(len(rows))],
        }
    )
    assert alike.group_by("track").agg(pl.col("first").n_unique())["first"].max() == 1


@pytest.mark.parametrize(
    "version",
    ["Song - Live", "Song (Club Remix)", "Song - Karaoke Version", "Song (Instrumental)",
     "Song - Demo", "Song - Acoustic", "Song - Radio Edit"],
)  # fmt: skip
def test_versions_of_the_same_length_stay_apart(dump, track, version: str):
    names = ["Song", "Song (Remastered 2009)", version]
    dump.put("t.parquet", [track(n, track_name=name) for n, name in enumerate(names, 1)])
    song, remaster, other = dump.ingest().table("tracks")["recording_code"]
    assert song == remaster
    assert song != other


def test_artists_count_in_any_order(dump, track):
    both = {"artist_ids": ["A" * 22, "B" * 22], "artist_names": ["One", "Two"]}
    swapped = {name: values[::-1] for name, values in both.items()}
    rows = [track(1, track_name="Song", **both), track(2, track_name="Song", **swapped)]
    dump.put("t.parquet", [*rows, track(3, track_name="Song")])
    one, other, alone = dump.ingest().table("tracks")["recording_code"]
    assert one == other
    assert one != alone


isrcs = st.none() | st.sampled_from([f"USAAA000000{n}" for n in range(3)])
released = st.tuples(st.sampled_from(["Song", "Song - Live"]), st.integers(180, 190), isrcs)


@settings(
    max_examples=8,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.lists(released, min_size=2, max_size=30))
def test_isrcs_are_never_joined_nor_parted(track, releases: list[tuple[str, int, str | None]]):
    rows = [
        track(number, track_name=name, duration_ms=1000.0 * seconds, isrc=isrc)
        for number, (name, seconds, isrc) in enumerate(releases)
    ]
    with tempfile.TemporaryDirectory() as folder:
        raw = Path(folder) / "raw"
        raw.mkdir()
        types = {"isrc": pl.String}
        pl.DataFrame(rows, schema_overrides=types).write_parquet(raw / "t.parquet")
        ingest(LakePaths(Path(folder)), raw=raw)
        tracks = pl.read_parquet(LakePaths(Path(folder)).table("tracks"))
    known = tracks.drop_nulls("isrc")
    assert (
        known.group_by("isrc")
        .agg(pl.col("recording_code").n_unique())
        .filter(pl.col("recording_code") > 1)
        .is_empty()
    )
    assert known["isrc"].n_unique() == known["recording_code"].n_unique()
