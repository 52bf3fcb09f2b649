"""The sensor on the raw folder: when it requests a run, and when it waits."""

import os
from collections.abc import Callable
from pathlib import Path

import dagster as dg
import pytest

from embeat_pipeline.ingest.reading.discovery import dump_files
from embeat_pipeline.orchestration.resources import LakeResource
from embeat_pipeline.orchestration.sensors import raw_digest, raw_files

Look = Callable[[], dg.RunRequest | dg.SkipReason]


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    folder = tmp_path / "lake" / "raw"
    folder.mkdir(parents=True)
    return folder


@pytest.fixture
def look(raw: Path) -> Look:
    """Evaluates the sensor, each time with the cursor it left behind."""
    cursor: str | None = None

    def evaluate() -> dg.RunRequest | dg.SkipReason:
        nonlocal cursor
        resource = LakeResource(lake_root=str(raw.parent))
        with dg.build_sensor_context(cursor=cursor, resources={"lake": resource}) as context:
            result = raw_files(context)
        cursor = context.cursor
        assert isinstance(result, dg.RunRequest | dg.SkipReason)
        return result

    return evaluate


def test_empty_raw_folder_asks_for_nothing(raw: Path, look: Look) -> None:
    assert raw_digest(raw) is None
    assert isinstance(look(), dg.SkipReason)
    (raw / "README.md").write_text("Put dumps here.")
    (raw / ".part").write_text("half a file")
    assert isinstance(look(), dg.SkipReason)
    assert raw_digest(raw.parent / "nowhere") is None


def test_new_dump_runs_once_when_it_holds_still(raw: Path, look: Look) -> None:
    (raw / "tracks.csv").write_text("id\n")
    assert isinstance(look(), dg.SkipReason)  # first seen
    (raw / "tracks.csv").write_text("id\n1\n")
    assert isinstance(look(), dg.SkipReason)  # still growing
    request = look()
    assert isinstance(request, dg.RunRequest)
    assert request.run_key == raw_digest(raw)
    assert isinstance(look(), dg.SkipReason)
    assert isinstance(look(), dg.SkipReason)


def test_changed_dump_runs_again(raw: Path, look: Look) -> None:
    (raw / "mpd").mkdir()
    (raw / "mpd" / "slice.json").write_text("{}")
    look()
    first = look()
    (raw / "mpd" / "slice2.json").write_text("{}")
    assert isinstance(look(), dg.SkipReason)
    second = look()
    assert isinstance(first, dg.RunRequest)
    assert isinstance(second, dg.RunRequest)
    assert first.run_key != second.run_key


def test_change_undone_before_it_held_still_runs_nothing(raw: Path, look: Look) -> None:
    (raw / "tracks.csv").write_text("id\n")
    look()
    look()
    (raw / "other.csv").write_text("id\n")
    look()
    (raw / "other.csv").unlink()
    assert isinstance(look(), dg.SkipReason)


def test_digest_sees_names_sizes_and_times(raw: Path) -> None:
    path = raw / "tracks.csv"
    path.write_text("id\n")
    os.utime(path, ns=(1, 1))
    seen = {raw_digest(raw)}
    os.utime(path, ns=(1, 2))
    seen.add(raw_digest(raw))
    path.rename(raw / "songs.csv")
    seen.add(raw_digest(raw))
    (raw / "songs.csv").write_text("id\n1\n")
    os.utime(raw / "songs.csv", ns=(1, 2))
    seen.add(raw_digest(raw))
    assert len(seen) == 4


def test_dangling_links_are_no_dump(raw: Path) -> None:
    (raw / "tracks.csv").symlink_to(raw / "gone.csv")
    assert raw_digest(raw) is None


def test_the_digest_covers_the_files_that_ingest_reads(raw: Path) -> None:
    (raw / "tracks.csv").write_text("id\n")
    digest = raw_digest(raw)
    (raw / "README.md").write_text("Notes are no dump.")
    (raw / "above").symlink_to(raw.parent)  # a loop
    (raw.parent / "beside.csv").write_text("id\n")
    assert [path.name for path in dump_files(raw)] == ["beside.csv", "tracks.csv"]
    assert raw_digest(raw) != digest


def test_the_sensor_is_off_until_it_is_switched_on() -> None:
    assert raw_files.default_status is dg.DefaultSensorStatus.STOPPED
    assert raw_files.job_name == "pipeline"
