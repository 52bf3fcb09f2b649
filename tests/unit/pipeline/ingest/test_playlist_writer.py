"""Playlists keep their order and lose what the catalogue does not know."""

from collections.abc import Sequence

import polars as pl
import pytest

pytestmark = pytest.mark.slow

IDS = [f"{number:022}" for number in range(1, 6)]


@pytest.fixture
def with_tracks(dump, track):
    dump.put("tracks.parquet", [track(number) for number in range(1, 6)])
    return dump


def playlists(*lists: Sequence[str | None] | None, ids: list[str] | None = None) -> pl.DataFrame:
    return pl.DataFrame(
        {"playlist_id": ids or [f"p{n}" for n in range(len(lists))], "track_ids": lists},
        {"playlist_id": pl.String, "track_ids": pl.List(pl.String)},
    )


def test_order_is_kept_and_repeats_are_dropped(with_tracks):
    with_tracks.put("p.parquet", playlists([IDS[4], IDS[0], IDS[4], IDS[2], IDS[0]]))
    ingested = with_tracks.ingest()
    assert ingested.table("playlists")["track_codes"].to_list() == [[4, 0, 2]]
    assert ingested.files["p.parquet"]["entries"] == {
        "read": 5, "kept": 3, "repeated": 2, "unknown": 0, "dropped": 0,
    }  # fmt: skip


def test_unknown_tracks_are_counted_and_empty_playlists_refused(with_tracks):
    with_tracks.put(
        "p.parquet",
        playlists([IDS[0], "x" * 22, "y" * 22, IDS[1]], ["z" * 22] * 3, [IDS[0]], [], None, [None]),
    )
    ingested = with_tracks.ingest()
    assert ingested.table("playlists")["playlist_id"].to_list() == ["p0"]
    rejects = ingested.table("rejects").drop("source").rows()
    short, unknown = "fewer than 2 known tracks", "track not in the catalogue"
    assert rejects == [
        ("playlist", 1, short, None, 1),
        ("playlist", 2, short, None, 1),
        ("playlist", 3, short, None, 1),
        ("playlist", 4, short, None, 1),
        ("playlist", 5, short, None, 1),
        ("playlist_entry", 0, unknown, "x" * 22, 2),
        ("playlist_entry", 1, unknown, "z" * 22, 3),
        ("playlist_entry", 5, unknown, "", 1),
    ]
    file = ingested.files["p.parquet"]
    assert (file["read"], file["accepted"], file["rejected"]) == (6, 1, 5)
    assert file["entries"] == {"read": 9, "kept": 2, "repeated": 0, "unknown": 6, "dropped": 1}


def test_of_playlists_with_one_id_the_first_is_kept(with_tracks):
    with_tracks.put("a.parquet", playlists([IDS[0], IDS[1]], [IDS[1], IDS[2]], ids=["same", "b"]))
    with_tracks.put("b.parquet", playlists([IDS[3], IDS[4]], ids=["same"]))
    ingested = with_tracks.ingest()
    assert ingested.table("playlists")["track_codes"].to_list() == [[0, 1], [1, 2]]
    assert ingested.files["b.parquet"]["merged"] == 1


def test_batches_change_nothing(with_tracks, monkeypatch):
    lists = [[IDS[n % 5], IDS[(n + 1) % 5], "?" * 22] for n in range(23)]
    with_tracks.put("p.parquet", playlists(*lists))
    whole = with_tracks.ingest("whole")
    monkeypatch.setattr("embeat_pipeline.ingest.playlist_writer.BATCH", 4)
    monkeypatch.setattr("embeat_pipeline.ingest.track_writer.BATCH", 2)
    parts = with_tracks.ingest("parts")
    for name in ("playlists", "tracks", "artists", "rejects"):
        assert parts.table(name).equals(whole.table(name)), name
    assert parts.files == whole.files
