"""Recordings told without their ISRCs, held against the ISRCs."""

from pathlib import Path

import polars as pl
import pytest

from embeat_pipeline.ingest.ingest import ingest
from embeat_pipeline.ingest.recordings import quality as recording_quality
from embeat_pipeline.ingest.recordings.quality import Agreement, as_markdown, measure_recordings
from embeat_serve.contract.lake import LakePaths

pytestmark = pytest.mark.slow

SOUND = {"tempo": 120.0, "energy": 0.5, "valence": 0.5, "acousticness": 0.5, "speechiness": 0.1}


@pytest.fixture
def measured(dump, track):
    """Agreement on tracks of which title, ISRC, seconds and energy are given."""

    def measure(*rows: tuple[str, str | None, float, float], listed: int = 50) -> Agreement:
        values = [
            track(number) | SOUND
            | {"track_name": name, "isrc": isrc, "duration_ms": 1000 * long, "energy": energy}
            for number, (name, isrc, long, energy) in enumerate(rows, 1)
        ]  # fmt: skip
        dump.put("t.parquet", pl.DataFrame(values, schema_overrides={"isrc": pl.String}))
        return measure_recordings(dump.ingest().lake.table("tracks"), listed)

    return measure


def test_pairs_are_counted_and_the_wrong_ones_listed(measured):
    found = measured(
        ("Song", "USAAA0000001", 200, 0.5),
        ("Song", "USAAA0000001", 201, 0.5),
        ("Song - Live", "USAAA0000001", 200, 0.5),
        ("Song", "USAAA0000002", 201, 0.9),
        ("Song", None, 200, 0.5),
        ("Other", "USAAA0000003", 200, 0.5),
    )
    assert (found.tracks, found.grouped_pairs, found.isrc_pairs, found.right_pairs) == (5, 3, 3, 1)
    assert (found.precision, found.recall) == (1 / 3, 1 / 3)
    assert found.joined.select("title_a", "title_b", "isrc_a", "isrc_b").rows() == [
        ("Song", "Song", "USAAA0000001", "USAAA0000002"),
        ("Song", "Song", "USAAA0000001", "USAAA0000002"),
    ]
    assert set(found.parted["title_a"]) | set(found.parted["title_b"]) == {"Song", "Song - Live"}
    assert set(found.parted["isrc_a"]) == {"USAAA0000001"}
    assert found.is_good  # three pairs say nothing


def test_a_recording_registered_again_is_not_held_against_the_rule(measured):
    found = measured(
        ("Song", "USAAA0000001", 200, 0.5),
        ("Song", "GBAAA0000001", 200, 0.52),
        ("Old", "USAAA0000002", 200, 0.5),
        ("Old - 2011 Remaster", "GBAAA0000002", 200, 0.9),
        ("New", "USAAA0000003", 200, 0.5),
        ("New", "GBAAA0000003", 200, 0.9),
    )
    assert (found.grouped_pairs, found.right_pairs, found.reregistered_pairs) == (3, 0, 2)
    assert found.precision == 0
    assert found.precision_judged == 0
    assert found.joined["title_a"].to_list() == ["New", "Old", "Song"]
    assert found.joined["reregistered"].to_list() == [False, True, True]


def test_the_aims_decide_where_there_are_pairs_enough(measured, monkeypatch):
    monkeypatch.setattr(recording_quality, "MIN_PAIRS", 1)
    right = [("Song", "USAAA0000001", 200.0, 0.5)] * 2
    assert measured(*right).is_good
    assert not measured(*right, ("Other", "USAAA0000001", 200, 0.5)).is_good
    assert not measured(*right, ("Song", "USAAA0000002", 200, 0.9)).is_good


def test_lists_are_bounded_while_everything_is_counted(measured, monkeypatch):
    monkeypatch.setattr(recording_quality, "MAX_PAIRS_OF", 5)
    rows = [("Song", f"USAAA000000{n}", 200.0, 0.9 * (n % 2)) for n in range(6)]
    rows += [("Two", f"USAAA000001{n}", 200.0, 0.9 * n) for n in range(2)]
    found = measured(*rows, listed=3)
    assert found.grouped_pairs == 6 * 5 // 2 + 1
    assert found.joined["title_a"].to_list() == ["Two"]


def test_without_isrcs_there_is_nothing_to_say(measured):
    found = measured(("Song", None, 200, 0.5), ("Song", None, 200, 0.5))
    assert (found.tracks, found.grouped_pairs, found.precision, found.recall) == (0, 0, 1.0, 1.0)
    assert found.is_good
    assert as_markdown(found.joined).count("\n") == 1


def test_titles_cannot_break_the_table(measured):
    found = measured(("A | <b>`x`", "USAAA0000001", 200, 0.5), ("B", "USAAA0000001", 200, 0.5))
    *_, line = as_markdown(found.parted).splitlines()
    assert r"| A \| \<b\>\`x\` | B |" in line


@pytest.mark.real
def test_recordings_of_the_real_dump(real_data: Path, tmp_path: Path):
    lake = LakePaths(tmp_path)
    ingest(lake, raw=real_data / "real")
    found = measure_recordings(lake.table("tracks"))
    assert found.isrc_pairs == 1_195
    assert found.recall >= 0.98
    assert found.precision_judged >= 0.99
    # Of the pairs under two ISRCs nearly all were registered twice: same artists, length, sound.
    assert found.precision >= 0.93
    assert found.reregistered_pairs >= 0.85 * (found.grouped_pairs - found.right_pairs)
