"""Which files of the raw folder are part of a dump."""

import pytest

pytestmark = pytest.mark.slow


@pytest.fixture
def with_tracks(dump, track):
    dump.put("tracks.parquet", [track(number) for number in range(1, 6)])
    return dump


def test_hidden_files_are_no_part_of_a_dump(with_tracks):
    with_tracks.text(".DS_Store", b"\x00")
    with_tracks.text(".git/config", "x")
    assert with_tracks.ingest().metadata["files"] == 1


def test_linked_folders_are_part_of_a_dump_and_may_go_round(with_tracks, track, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    with_tracks.put("more.parquet", [track(9)]).rename(elsewhere / "more.parquet")
    (with_tracks.raw / "linked").symlink_to(elsewhere)
    (elsewhere / "round").symlink_to(with_tracks.raw)
    (with_tracks.raw / "dangling").symlink_to(tmp_path / "nowhere")
    ingested = with_tracks.ingest()
    assert ingested.metadata["tracks"] == 6
    assert set(ingested.files) == {"linked/more.parquet", "tracks.parquet"}


def test_notes_are_no_part_of_a_dump(with_tracks):
    with_tracks.text("README.md", "# About this dump")
    with_tracks.text("more/Notes.MD", "# More")
    ingested = with_tracks.ingest()
    assert set(ingested.files) == {"tracks.parquet"}
    assert ingested.metadata["files_refused"] == 0
