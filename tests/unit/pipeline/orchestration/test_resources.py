"""The lake resource: a lake is worked on by one run at a time."""

import threading
from pathlib import Path

import dagster as dg

from embeat_pipeline.common.file_lock import file_lock, is_locked, lake_lock, lake_lock_path
from embeat_pipeline.orchestration.resources import LakeResource
from embeat_serve.contract.lake import LakePaths


@dg.asset
def table(lake: LakeResource) -> None:
    assert is_locked(lake_lock_path(lake.paths))


def materialize(lake: LakePaths) -> dg.ExecuteInProcessResult:
    with dg.DagsterInstance.ephemeral() as instance:
        resource = LakeResource(lake_root=str(lake.root))
        return dg.materialize([table], resources={"lake": resource}, instance=instance)


def test_a_step_locks_its_lake(tmp_path: Path) -> None:
    lake = LakePaths(tmp_path)
    assert materialize(lake).success
    assert not is_locked(lake_lock_path(lake))


def test_a_run_that_holds_the_lake_goes_on(tmp_path: Path) -> None:
    lake = LakePaths(tmp_path)
    with lake_lock(lake):
        assert materialize(lake).success


def test_a_step_waits_for_the_run_that_holds_the_lake(tmp_path: Path) -> None:
    lake = LakePaths(tmp_path)
    done = threading.Event()

    def run() -> None:
        assert materialize(lake).success
        done.set()

    thread = threading.Thread(target=run)
    with file_lock(lake_lock_path(lake)):
        thread.start()
        assert not done.wait(1)
    thread.join()
    assert done.is_set()


def test_a_sensor_does_not_lock_the_lake(tmp_path: Path) -> None:
    lake = LakePaths(tmp_path)
    with (
        file_lock(lake_lock_path(lake)),
        dg.build_resources({"lake": LakeResource(lake_root=str(lake.root))}) as resources,
    ):
        assert resources.lake.paths == lake
