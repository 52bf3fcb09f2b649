import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from embeat_serve.contract.audio_features import from_mappings
from embeat_serve.contract.lake import LakePaths
from embeat_serve.contract.manifest import ReleaseFile
from embeat_serve.errors import BrokenRelease
from embeat_serve.release import Release
from embeat_serve.settings import Settings


@pytest.fixture
def release(catalogue: LakePaths) -> Iterator[Release]:
    opened = Release.open(Settings(lake=catalogue))
    yield opened
    opened.store.close()


class OtherFiles:
    """A release's store with other files."""

    def __init__(self, files: dict[str, bytes]):
        self._files = files

    def read_file(self, name: str) -> bytes:
        return self._files[name]


def with_files(release: Release, **files: bytes) -> Release:
    store: Any = OtherFiles(files)
    return Release(store, release.manifest)


def test_a_release_is_named_by_its_manifest(catalogue: LakePaths, release: Release):
    assert release.name == catalogue.current.read_text().strip()


def test_the_encoder_is_the_same_from_the_folder_and_through_the_store(
    catalogue: LakePaths, release: Release
):
    content = (catalogue.release(release.name) / ReleaseFile.ENCODER).read_bytes()
    remote = with_files(release, **{ReleaseFile.ENCODER: content})
    song = from_mappings([{"energy": 0.5, "valence": 0.2}])
    assert np.array_equal(release.encoder.encode(song), remote.encoder.encode(song))


def test_of_genres_spelled_alike_the_first_counts(release: Release):
    genres = with_files(release, **{ReleaseFile.GENRES: b'[["Hip Hop"], ["Soul"], ["hip hop"]]'})
    assert genres.genre_codes == {"hip hop": 0, "soul": 1}


@pytest.mark.parametrize("content", [b"no JSON", b"[1]", b"3", b"[[]]"])
def test_damaged_genres_make_a_broken_release(release: Release, content: bytes):
    with pytest.raises(BrokenRelease, match="genres"):
        _ = with_files(release, **{ReleaseFile.GENRES: content}).genre_codes


def test_words_are_read_once(release: Release):
    assert release.term_dictionary is release.term_dictionary
    assert release.vocabulary is release.vocabulary
    assert "hello" in release.vocabulary


def test_a_loaded_release_needs_its_folder_no_more(catalogue: LakePaths, tmp_path: Path):
    shutil.copytree(catalogue.root, tmp_path / "lake")
    lake = LakePaths(tmp_path / "lake")
    release = Release.open(Settings(lake=lake))
    release.load()
    shutil.rmtree(lake.release(release.name))
    assert release.encoder.encode(from_mappings([{"energy": 0.5}])).shape == (1, 64)
    assert release.genre_codes
    release.store.close()


@pytest.mark.parametrize("name", [ReleaseFile.GENRES, ReleaseFile.ENCODER])
def test_a_release_is_loaded_without_what_few_requests_need(
    catalogue: LakePaths, tmp_path: Path, name: str
):
    shutil.copytree(catalogue.root, tmp_path / "lake")
    lake = LakePaths(tmp_path / "lake")
    release = Release.open(Settings(lake=lake))
    (lake.release(release.name) / name).write_bytes(b"damaged")
    release.load()
    assert release.store.count("tracks") > 0
    release.store.close()
