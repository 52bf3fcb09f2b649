"""A release is verified once; whatever changes afterwards makes it be verified again."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from embeat_pipeline.index import release_checks
from embeat_pipeline.index.build import build_release
from embeat_pipeline.index.config import BuildOptions
from embeat_pipeline.index.publish import publish_release
from embeat_pipeline.index.release_checks import Check
from embeat_pipeline.index.verification import RECORD, read_record, verified_checks
from embeat_serve.contract.lake import LakePaths
from embeat_serve.contract.manifest import Manifest, ReleaseFile
from embeat_serve.contract.schema import Collection
from embeat_serve.errors import UnfitRelease

pytestmark = pytest.mark.slow


@pytest.fixture
def verifications(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Folders that were verified, one entry for each time."""
    folders: list[Path] = []
    verify_folder = release_checks.verify_folder

    def counted(lake: LakePaths, folder: Path, manifest: Manifest) -> list[Check]:
        folders.append(folder)
        return verify_folder(lake, folder, manifest)

    monkeypatch.setattr(release_checks, "verify_folder", counted)
    return folders


def check_and_publish(lake: LakePaths, release: str) -> None:
    """What a run does after the build."""
    assert all(check.passed for check in verified_checks(lake, release))
    publish_release(lake, release)


def test_a_new_release_is_verified_once_in_a_run(
    built_copy: tuple[LakePaths, str], verifications: list[Path]
) -> None:
    lake, release = built_copy
    check_and_publish(lake, release)
    assert len(verifications) == 1
    assert build_release(lake)["unchanged"]
    check_and_publish(lake, release)
    assert len(verifications) == 1


def test_a_patched_release_is_verified_once_in_a_run(
    built_copy: tuple[LakePaths, str], verifications: list[Path]
) -> None:
    lake, release = built_copy
    lake.current.write_text(f"{release}\n")
    artists = pq.read_table(lake.table("related_artists"))
    pq.write_table(artists.slice(1), lake.table("related_artists"))
    made = build_release(lake, BuildOptions(max_changed_share=0.9))
    assert made["based_on"] == release
    check_and_publish(lake, made["release"])
    assert len(verifications) == 1


def test_the_record_gives_back_the_checks(built_copy: tuple[LakePaths, str]) -> None:
    lake, release = built_copy
    checks = verified_checks(lake, release)
    assert read_record(lake, lake.release(release)) == checks == verified_checks(lake, release)


def test_loading_a_release_keeps_its_record(built_copy: tuple[LakePaths, str]) -> None:
    lake, release = built_copy
    checks = verified_checks(lake, release)
    folder = lake.release(release)
    assert release_checks.verify_folder(lake, folder, Manifest.read(folder)) == checks
    # The engine maps these files writable, which may change their times.
    for path in folder.rglob("tracker.dat"):
        os.utime(path, ns=(0, 0))
    assert read_record(lake, folder) == checks


def remove_segments(folder: Path) -> None:
    shutil.rmtree(folder / Collection.TRACKS / "segments")


def cut_encoder(folder: Path) -> None:
    path = folder / ReleaseFile.ENCODER
    content = path.read_bytes()
    path.unlink()
    path.write_bytes(content[: len(content) // 2])


def spoil_genres(folder: Path) -> None:
    path = folder / ReleaseFile.GENRES
    status, size = path.stat(), len(path.read_bytes())
    path.unlink()
    path.write_bytes(b"[" * size)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def spoil_manifest(folder: Path) -> None:
    path = folder / ReleaseFile.MANIFEST
    path.unlink()
    path.write_text("{")


@pytest.mark.parametrize("damage", [remove_segments, cut_encoder, spoil_genres, spoil_manifest])
def test_a_release_damaged_after_its_verification_is_not_published(
    built_copy: tuple[LakePaths, str], damage: Callable[[Path], None]
) -> None:
    lake, release = built_copy
    assert all(check.passed for check in verified_checks(lake, release))
    damage(lake.release(release))
    with pytest.raises(UnfitRelease):
        publish_release(lake, release)
    assert not lake.current.exists()


def test_a_release_is_verified_again_where_tables_changed(
    built_copy: tuple[LakePaths, str], verifications: list[Path]
) -> None:
    lake, release = built_copy
    verified_checks(lake, release)
    pq.write_table(pq.read_table(lake.table("tracks")).slice(0, 599), lake.table("tracks"))
    assert [check.name for check in verified_checks(lake, release) if not check.passed]
    assert len(verifications) == 2


def test_a_release_is_verified_again_under_other_limits(
    built_copy: tuple[LakePaths, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    lake, release = built_copy
    verified_checks(lake, release)
    monkeypatch.setattr(release_checks, "MIN_MEAN_RECALL", 2.0)
    with pytest.raises(UnfitRelease, match="tracks_recall_all"):
        publish_release(lake, release)


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"key": 1, "checks": []}'])
def test_a_damaged_record_counts_as_none(
    built_copy: tuple[LakePaths, str], verifications: list[Path], content: str
) -> None:
    lake, release = built_copy
    (lake.release(release) / RECORD).write_text(content)
    assert read_record(lake, lake.release(release)) is None


def test_a_failed_verification_is_not_recorded(
    built_copy: tuple[LakePaths, str], verifications: list[Path]
) -> None:
    lake, release = built_copy
    cut_encoder(lake.release(release))
    for _ in range(2):
        assert [check.name for check in verified_checks(lake, release) if not check.passed]
    assert len(verifications) == 2
