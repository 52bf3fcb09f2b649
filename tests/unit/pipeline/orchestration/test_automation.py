"""When the pipeline runs: the sensor on new dumps and the nightly schedule."""

import os
from collections.abc import Callable
from pathlib import Path

import dagster as dg
import pytest

from embeat_pipeline.definitions import defs
from embeat_pipeline.orchestration.jobs import (
    executor_of,
    nightly_reindex,
    pipeline,
    raw_digest,
    raw_files,
    reindex_now,
)
from embeat_pipeline.orchestration.resources import LakeResource
from embeat_serve.errors import UsageError

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
        context = dg.build_sensor_context(
            cursor=cursor,
            resources={"lake": LakeResource(lake_root=str(raw.parent))},
        )
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


def test_schedule_and_sensor_run_the_whole_pipeline_when_switched_on() -> None:
    assert nightly_reindex.cron_schedule == "0 3 * * *"
    assert nightly_reindex.job_name == raw_files.job_name == pipeline.name
    assert nightly_reindex.default_status is dg.DefaultScheduleStatus.STOPPED
    assert raw_files.default_status is dg.DefaultSensorStatus.STOPPED


def test_reindexing_now_makes_a_release_of_what_is_there() -> None:
    job = defs.resolve_job_def(reindex_now.name)
    assert {key.to_user_string() for key in job.asset_layer.selected_asset_keys} == {
        "release",
        "published_release",
    }
    assert "release_is_fit" in {key.name for key in job.asset_layer.asset_graph.asset_check_keys}


def test_steps_run_where_the_environment_says() -> None:
    assert executor_of({}).name == "multiprocess"
    assert executor_of({"EMBEAT_EXECUTOR": "dagster:in_process_executor"}).name == "in_process"
    for wrong in ("no_such_module:executor", "dagster:no_such", "dagster", "dagster:asset", ":"):
        with pytest.raises(UsageError, match="EMBEAT_EXECUTOR names"):
            executor_of({"EMBEAT_EXECUTOR": wrong})
