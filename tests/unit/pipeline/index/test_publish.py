"""Which release is served: one step forward, one step back, and nothing in between."""

import threading
from pathlib import Path

import pytest

from embeat_pipeline.index import publish
from embeat_pipeline.index.lock import index_lock
from embeat_pipeline.index.publish import (
    collect_garbage,
    previous_path,
    publish_release,
    rollback,
)
from embeat_pipeline.index.release_checks import Check
from embeat_serve.contract.lake import LakePaths
from embeat_serve.contract.manifest import FORMAT_VERSION, Manifest
from embeat_serve.errors import BrokenRelease, PipelineError, UnfitRelease
from embeat_serve.settings import Settings
from embeat_serve.stores.factory import published_release

A, B, C, D = (letter * 12 for letter in "abcd")


@pytest.fixture
def lake(tmp_path: Path) -> LakePaths:
    """Four releases that are nothing but a manifest, built one after the other."""
    lake = LakePaths(tmp_path / "lake")
    for day, release in enumerate((A, B, C, D), start=1):
        lake.release(release).mkdir(parents=True)
        built_at = f"2024-01-0{day}T00:00:00+00:00"
        Manifest(release, FORMAT_VERSION, "0", built_at, {}, {}).write(lake.release(release))
    return lake


@pytest.fixture
def fit(monkeypatch: pytest.MonkeyPatch) -> None:
    """Releases pass their checks; whether checks find faults is tested elsewhere."""
    checks = [Check("readable", True, "yes", "yes")]
    monkeypatch.setattr(publish, "verified_checks", lambda *_: checks)


def served(lake: LakePaths) -> str:
    return published_release(Settings(lake=lake))


def files(lake: LakePaths) -> set[str]:
    return {path.name for path in lake.index.iterdir() if path.is_file()} - {".lock"}


@pytest.mark.usefixtures("fit")
def test_publishing_switches_and_remembers_the_one_before(lake: LakePaths) -> None:
    assert publish_release(lake, A) == {"release": A, "previous": None, "readable": "yes"}
    assert served(lake) == A
    assert publish_release(lake, B)["previous"] == A
    assert served(lake) == B
    assert previous_path(lake).read_text() == f"{A}\n"
    again = publish_release(lake, B)
    assert (again["unchanged"], again["previous"]) == (True, A)
    assert previous_path(lake).read_text() == f"{A}\n"
    assert files(lake) == {"CURRENT", "PREVIOUS"}


@pytest.mark.usefixtures("fit")
def test_rolling_back_is_undone_by_rolling_back(lake: LakePaths) -> None:
    publish_release(lake, A)
    with pytest.raises(PipelineError, match="no previous release"):
        rollback(lake)
    publish_release(lake, B)
    assert rollback(lake) == {"release": A, "previous": B}
    assert served(lake) == A
    assert rollback(lake) == {"release": B, "previous": A}
    assert served(lake) == B


def test_rolling_back_creates_no_lake(tmp_path: Path) -> None:
    with pytest.raises(PipelineError, match="no previous release"):
        rollback(LakePaths(tmp_path / "typo"))
    assert not (tmp_path / "typo").exists()


@pytest.mark.usefixtures("fit")
def test_a_previous_release_that_is_broken_is_not_gone_back_to(lake: LakePaths) -> None:
    publish_release(lake, A)
    publish_release(lake, B)
    (lake.release(A) / "manifest.json").write_text("{")
    with pytest.raises(BrokenRelease):
        rollback(lake)
    assert served(lake) == B


def test_an_unfit_release_is_refused_and_the_served_one_stays(
    lake: LakePaths, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake.current.write_text(f"{A}\n")
    checks = [Check("good", True, 1, "1"), Check("tracks_count", False, 3, "4 as in the tables")]
    monkeypatch.setattr(publish, "verified_checks", lambda *_: checks)
    with pytest.raises(UnfitRelease, match="tracks_count: 3, expected 4 as in the tables") as told:
        publish_release(lake, B)
    assert "good" not in str(told.value)
    assert served(lake) == A
    assert files(lake) == {"CURRENT"}


def test_a_release_that_is_not_there_is_refused(lake: LakePaths) -> None:
    with pytest.raises(UnfitRelease, match="readable"):
        publish_release(lake, "0" * 12)
    assert files(lake) == set()


@pytest.mark.usefixtures("fit")
def test_a_reader_finds_a_whole_name_at_any_moment(lake: LakePaths) -> None:
    publish_release(lake, A)
    done, seen = threading.Event(), set()

    def read() -> None:
        while not done.is_set():
            seen.add(lake.current.read_text())

    reader = threading.Thread(target=read)
    reader.start()
    for _ in range(20):
        publish_release(lake, B)
        publish_release(lake, C)
    done.set()
    reader.join()
    assert seen <= {f"{A}\n", f"{B}\n", f"{C}\n"}
    assert len(seen) > 1


@pytest.mark.usefixtures("fit")
@pytest.mark.parametrize("step", [0, 1])
def test_a_switch_that_breaks_off_leaves_the_old_release(
    lake: LakePaths, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    publish_release(lake, A)
    replace, calls = Path.replace, []

    def break_off(self: Path, target: Path) -> Path:
        calls.append(target)
        if len(calls) > step:
            raise OSError("no space left on device")
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", break_off)
    with pytest.raises(OSError, match="no space left"):
        publish_release(lake, B)
    monkeypatch.undo()
    assert served(lake) == A
    assert not [name for name in files(lake) if name.endswith(".tmp")]


@pytest.mark.usefixtures("fit")
def test_garbage_is_what_is_neither_new_nor_served_nor_the_one_before(lake: LakePaths) -> None:
    publish_release(lake, B)
    publish_release(lake, A)
    leftover = lake.index / ".building-x-1"
    leftover.mkdir()
    assert collect_garbage(lake, keep=1) == [C]
    assert {path.name for path in lake.index.iterdir() if path.is_dir()} == {A, B, D}
    assert collect_garbage(lake, keep=0) == [D]
    assert collect_garbage(lake, keep=0) == []
    assert served(lake) == A
    assert rollback(lake)["release"] == B


def test_garbage_of_a_lake_that_serves_nothing(lake: LakePaths) -> None:
    (lake.release(D) / "manifest.json").unlink()
    assert collect_garbage(lake, keep=2) == [A, D]
    assert collect_garbage(LakePaths(lake.root / "empty")) == []


@pytest.mark.usefixtures("fit")
def test_nothing_is_switched_or_removed_during_a_build(lake: LakePaths) -> None:
    publish_release(lake, A)
    with index_lock(lake):
        for action in (lambda: publish_release(lake, B), lambda: collect_garbage(lake)):
            with pytest.raises(PipelineError, match="another process is building"):
                action()
    assert served(lake) == A
