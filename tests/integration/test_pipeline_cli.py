"""The pipeline's command line: what it prints, and the status it leaves with."""

import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import dagster as dg
import pytest

from embeat_pipeline import cli as command_line
from embeat_pipeline.acoustic import train
from embeat_pipeline.cli import main
from embeat_pipeline.common.file_lock import file_lock, lake_lock_path
from embeat_pipeline.definitions import defs
from embeat_pipeline.execution.instance import (
    LAKE_TAG,
    close_dead_runs,
    open_instance,
)
from embeat_pipeline.orchestration.materialization import SKIPPED
from embeat_pipeline.synthetic.write import write_sample
from embeat_serve.contract.lake import LakePaths
from embeat_serve.contract.manifest import Manifest

pytestmark = [pytest.mark.process, pytest.mark.slow]

REPOSITORY = Path(__file__).resolve().parents[2]
TRACKS = 600
Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture(scope="module")
def dagster_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    home = tmp_path_factory.mktemp("dagster_home")
    shutil.copy(REPOSITORY / "dagster_home" / "dagster.yaml", home)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DAGSTER_HOME", str(home))
        for name in [name for name in os.environ if name.startswith("EMBEAT_")]:
            patch.delenv(name)
        yield home


@pytest.fixture(scope="module")
def raw(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dump") / "raw"
    write_sample(folder, tracks=TRACKS, playlists=80, seed=3)
    return folder


@pytest.fixture(scope="module")
def start(dagster_home: Path, quick_environment: dict[str, str]) -> Start:
    """Starts the command line in a process of its own."""

    def start(*arguments: object) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "embeat_pipeline", *map(str, arguments)],
            cwd=REPOSITORY,
            env={**quick_environment, "DAGSTER_HOME": str(dagster_home)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    return start


@pytest.fixture(scope="module")
def finished(
    start: Start, raw: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[LakePaths, str]:
    """A lake after ``run``, and what that printed."""
    lake = LakePaths(tmp_path_factory.mktemp("finished"))
    process = start("run", "--raw", raw, "--lake", lake.root)
    out, err = process.communicate()
    assert process.returncode == 0, err
    assert all(line.startswith("  ") for line in err.splitlines()), err  # progress alone
    return lake, out


@pytest.fixture(autouse=True)
def quick_training(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same settings here as in the processes that ``start`` starts."""
    quick = partial(train.TrainingConfig, batch_size=256, max_steps=5)
    monkeypatch.setattr(train, "TrainingConfig", quick)


def one_line_error(capsys: pytest.CaptureFixture[str]) -> str:
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("embeat: ")
    return line


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "COMMAND"),
        (["dance"], "'dance'"),
        (["run", "--select", "mixing"], "ingest, genres, acoustic, playlists, ranking, index"),
        (["run", "--select"], "--select"),
        (["sample"], "--out"),
        (["sample", "--out", "unused", "--tracks", "many"], "'many'"),
        (["sample", "--out", "unused", "--tracks", "3"], "3 tracks"),
    ],
)
def test_wrong_usage_is_one_line_and_exit_2(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    assert said in one_line_error(capsys)


def test_wrong_environment_is_one_line_and_exit_2(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("EMBEAT_DEVICE", "abacus")
    assert main(["run", "--lake", str(tmp_path)]) == 2
    assert "EMBEAT_DEVICE" in one_line_error(capsys)


def test_sample_writes_the_same_dump_for_the_same_seed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folders = [tmp_path / "a", tmp_path / "b"]
    for folder in folders:
        options = ["--tracks", "600", "--playlists", "20", "--seed", "5"]
        assert main(["sample", "--out", str(folder), *options]) == 0
    first, second = ({path.name: path.read_bytes() for path in f.iterdir()} for f in folders)
    assert first == second
    assert "600" in capsys.readouterr().out


@pytest.mark.usefixtures("dagster_home")
def test_folder_without_tracks_is_one_line_and_exit_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "raw").mkdir()
    assert main(["run", "--lake", str(tmp_path)]) == 2
    assert str(tmp_path / "raw") in one_line_error(capsys)


@pytest.mark.usefixtures("dagster_home")
def test_stage_without_its_inputs_is_one_line_and_exit_1(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["run", "--lake", str(tmp_path), "--select", "acoustic"]) == 1
    one_line_error(capsys)


def test_run_shows_each_asset_and_publishes(finished: tuple[LakePaths, str]) -> None:
    lake, out = finished
    lines = out.splitlines()
    assets = {line.split()[1] for line in lines[:-1]}
    assert assets >= {"tracks", "rejects", "artist_genres", "track_vectors", "playlist_vectors"}
    release = lake.current.read_text(encoding="utf-8").strip()
    assert Manifest.read(lake.release(release)).release == release
    assert lines[-1].startswith(f"Published release {release}: ")
    assert f"python -m embeat_serve --lake {lake.root} " in lines[-1]
    assert not lake.raw.exists()


def test_second_run_makes_nothing_twice(
    finished: tuple[LakePaths, str], raw: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lake, out = finished
    assert main(["run", "--raw", str(raw), "--lake", str(lake.root)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1] == out.splitlines()[-1]
    made = [line for line in lines[:-1] if not line.endswith("unchanged")]
    assert not made


def test_selected_stages_run_alone(
    finished: tuple[LakePaths, str], capsys: pytest.CaptureFixture[str]
) -> None:
    lake, _ = finished
    assert main(["run", "--lake", str(lake.root), "--select", "genres", "acoustic"]) == 0
    stages = {line.split()[0] for line in capsys.readouterr().out.splitlines()[:-1]}
    assert stages == {"genres", "acoustic"}


def test_runs_are_recorded_in_the_instance(
    finished: tuple[LakePaths, str], dagster_home: Path
) -> None:
    lake, _ = finished
    tagged = dg.RunsFilter(tags={LAKE_TAG: str(lake.root)})
    with open_instance(dagster_home) as instance:
        runs = instance.get_runs(tagged)
        made = instance.get_latest_materialization_event(dg.AssetKey("tracks"))
    assert runs
    assert {run.status for run in runs} == {dg.DagsterRunStatus.SUCCESS}
    assert {run.job_name for run in runs} == {"pipeline"}
    assert made is not None


@pytest.mark.usefixtures("dagster_home")
def test_two_runs_on_one_lake_do_not_mix(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with file_lock(lake_lock_path(LakePaths(tmp_path))):
        assert main(["run", "--lake", str(tmp_path)]) == 1
    assert "another run" in one_line_error(capsys)


def test_a_run_of_dagster_waits_for_the_run_of_the_command_line(
    start: Start, raw: Path, tmp_path: Path
) -> None:
    lake = LakePaths(tmp_path)
    process = start("run", "--raw", raw, "--lake", lake.root, "--select", "ingest", "genres")
    assert process.stdout is not None
    process.stdout.readline()  # ingest is done, genres are at work
    resource = {"lake_root": str(lake.root), "raw_root": str(raw)}
    with dg.DagsterInstance.ephemeral() as instance:
        result = defs.resolve_job_def("pipeline").execute_in_process(
            instance=instance,
            asset_selection=[dg.AssetKey("artist_genres")],
            run_config={"resources": {"lake": {"config": resource}}},
        )
    process.communicate()
    assert process.returncode == 0
    (made,) = result.get_asset_materialization_events()
    assert made.materialization.metadata["outcome"].value == SKIPPED


@pytest.mark.usefixtures("dagster_home")
def test_an_evaluation_waits_for_no_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with file_lock(lake_lock_path(LakePaths(tmp_path))):
        assert main(["evaluate", "--lake", str(tmp_path)]) == 1
    assert "another run" in one_line_error(capsys)


def test_interrupted_run_leaves_quietly(start: Start, tmp_path: Path, raw: Path) -> None:
    process = start("run", "--raw", raw, "--lake", tmp_path)
    assert process.stdout is not None
    process.stdout.readline()
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in err


def test_killed_run_is_picked_up_from_its_finished_stages(
    start: Start,
    tmp_path: Path,
    raw: Path,
    dagster_home: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    lake = LakePaths(tmp_path)
    process = start("run", "--raw", raw, "--lake", lake.root)
    assert process.stdout is not None
    process.stdout.readline()
    process.kill()
    process.communicate()
    assert not lake.current.exists()

    assert main(["run", "--raw", str(raw), "--lake", str(lake.root)]) == 0
    out = capsys.readouterr().out
    assert all(line.endswith("unchanged") for line in out.splitlines() if " tracks " in line[:20])
    assert "Published release" in out
    with open_instance(dagster_home) as instance:
        runs = instance.get_runs(dg.RunsFilter(tags={LAKE_TAG: str(lake.root)}))
    assert [run.status for run in runs] == [
        dg.DagsterRunStatus.SUCCESS,
        dg.DagsterRunStatus.FAILURE,
    ]


@pytest.mark.parametrize("tags", [{}, {LAKE_TAG: "LAKE"}])
def test_pools_of_dead_runs_are_freed_and_those_of_live_ones_kept(
    tmp_path: Path, tags: dict[str, str]
) -> None:
    home, lake = tmp_path / "home", LakePaths(tmp_path / "lake")
    home.mkdir()
    lake.root.mkdir()
    lock = lake_lock_path(lake) if tags else home / ".ui.lock"
    tags = {name: str(lake.root) for name in tags}

    @dg.op(pool="gpu")
    def train() -> None: ...

    @dg.job
    def training() -> None:
        train()

    with open_instance(home) as instance:
        storage = instance.event_log_storage
        storage.set_concurrency_slots("gpu", 1)
        run = instance.create_run_for_job(training, status=dg.DagsterRunStatus.STARTED, tags=tags)
        storage.claim_concurrency_slot("gpu", run.run_id, "train")

        with file_lock(lock):
            close_dead_runs(instance, home)
            assert storage.get_concurrency_info("gpu").active_slot_count == 1
        close_dead_runs(instance, home)
        assert storage.get_concurrency_info("gpu").active_slot_count == 0
        closed = instance.get_run_by_id(run.run_id)
        assert closed is not None
        assert closed.status is dg.DagsterRunStatus.FAILURE


@pytest.mark.usefixtures("dagster_home")
def test_taken_port_is_one_line_and_exit_2(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert main(["ui", "--port", str(port)]) == 2
    assert f"port {port}" in one_line_error(capsys)


@pytest.mark.usefixtures("dagster_home")
def test_demo_goes_from_nothing_to_a_recommendation(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command_line, "DEFAULT_TRACKS", TRACKS)
    monkeypatch.setattr(command_line, "DEFAULT_PLAYLISTS", 80)
    assert main(["demo", "--lake", str(tmp_path)]) == 0
    out = capsys.readouterr().out
    assert "Published release" in out
    assert out.index("Published release") < out.index("晴天")


def test_rollback_without_a_previous_release_says_so(
    finished: tuple[LakePaths, str], capsys: pytest.CaptureFixture[str]
) -> None:
    lake, _ = finished
    served = lake.current.read_text()
    assert main(["rollback", "--lake", str(lake.root)]) == 1
    assert "no previous release" in one_line_error(capsys)
    assert lake.current.read_text() == served


def test_rollback_serves_the_previous_release_again(
    finished: tuple[LakePaths, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lake = LakePaths(tmp_path / "lake")
    shutil.copytree(finished[0].root, lake.root)
    release = lake.current.read_text().strip()
    shutil.copytree(lake.release(release), lake.release("newer"))
    lake.current.write_text("newer\n")
    (lake.index / "PREVIOUS").write_text(f"{release}\n")
    assert main(["rollback", "--lake", str(lake.root)]) == 0
    assert f"Published release {release}" in capsys.readouterr().out
    assert lake.current.read_text().strip() == release
