"""Scratch files of killed ingests are removed; those of other stages and live runs are not."""

import threading
from pathlib import Path

import pytest

from embeat_pipeline.ingest.scratch import (
    ingest_lock,
    remove_abandoned,
    scratch_folder,
)

pytestmark = pytest.mark.slow


def test_scratch_files_of_other_stages_outlive_an_ingest(dump, track):
    dump.put("a.parquet", [track(1)])
    lake = dump.ingest().lake
    others = [
        lake.tables / ".artist_genres.parquet.4711.tmp",
        lake.tables / ".track_vectors.parquet.made.json.4711.tmp",
        lake.tables / ".embeat-other" / "part",
    ]
    for file in others:
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(b"being written")
    dump.put("b.parquet", [track(2)])
    dump.ingest()
    assert all(file.exists() for file in others)


def test_what_a_killed_ingest_left_is_removed(dump, track):
    dump.put("a.parquet", [track(1)])
    lake = dump.ingest().lake
    left = [
        lake.tables / ".ingest-killed" / "rejects" / "000000.parquet",
        lake.tables / ".tracks.parquet.4711.tmp",
        lake.tables / ".tracks.parquet.made.json.4711.tmp",
        lake.reports / ".ingest.json.4711.tmp",
    ]
    for file in left:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"half")
    dump.ingest()
    assert not any(file.exists() for file in left)
    assert not list(lake.tables.glob(".ingest-*"))


def test_a_second_ingest_waits_and_leaves_the_scratch_folder_of_the_first(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    order = []

    def second() -> None:
        with ingest_lock(tmp_path):
            remove_abandoned(tmp_path, [])
            order.append("second")

    with ingest_lock(tmp_path), scratch_folder(tmp_path) as folder:
        thread = threading.Thread(target=second)
        thread.start()
        thread.join(timeout=0.5)
        assert folder.is_dir()
        order.append("first")
    thread.join()
    assert order == ["first", "second"]
    assert "waiting for another ingest" in capsys.readouterr().err
