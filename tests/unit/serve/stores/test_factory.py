"""What a user reads when there is nothing to open, or nothing that can be read."""

import json
import logging
import shutil
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from embeat_serve.contract.lake import LakePaths
from embeat_serve.contract.manifest import FORMAT_VERSION, Manifest, ReleaseFile
from embeat_serve.contract.schema import Collection
from embeat_serve.errors import BrokenRelease, NoRelease, StoreUnreachable, UsageError
from embeat_serve.settings import Settings
from embeat_serve.stores.factory import open_store, published_release
from embeat_serve.stores.query import Query

RELEASE = "0123456789ab"


def test_the_published_release_is_opened(whole_lake: LakePaths) -> None:
    store, manifest, folder = open_store(Settings(lake=whole_lake))
    with store:
        assert store.count(Collection.TRACKS) == 0
        assert store.query([Query(Collection.TRACKS, 3)]) == [[]]
    assert manifest.release == RELEASE == published_release(Settings(lake=whole_lake))
    assert folder == whole_lake.release(RELEASE)


@pytest.mark.parametrize("there", [True, False])
def test_a_lake_with_nothing_published_says_what_to_run(tmp_path: Path, there: bool) -> None:
    lake = LakePaths(tmp_path / "lake")
    if there:
        lake.index.mkdir(parents=True)
    with pytest.raises(
        NoRelease, match=r"run `python -m embeat_pipeline run --lake .*lake`"
    ) as told:
        open_store(Settings(lake=lake))
    assert told.value.exit_status == 4


@pytest.mark.parametrize(
    "content", ["", "no such name!", "../../etc/passwd", "a/b", ".hidden", "x" * 300, "\x00"]
)
def test_a_pointer_that_holds_no_name_is_never_followed(lake: LakePaths, content: str) -> None:
    lake.current.write_text(content)
    with pytest.raises(BrokenRelease, match="expected the name of a release"):
        open_store(Settings(lake=lake))


def test_a_pointer_that_is_no_text(lake: LakePaths) -> None:
    lake.current.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(BrokenRelease, match="CURRENT cannot be read"):
        open_store(Settings(lake=lake))


def test_a_release_that_is_gone(lake: LakePaths) -> None:
    shutil.rmtree(lake.release(RELEASE))
    with pytest.raises(BrokenRelease, match="missing or unfinished"):
        open_store(Settings(lake=lake))


@pytest.mark.parametrize(
    "content", ["", "{", "[]", "null", '"text"', "{}", '{"release": "x"}', "\x00"]
)
def test_a_corrupted_manifest(lake: LakePaths, content: str) -> None:
    (lake.release(RELEASE) / ReleaseFile.MANIFEST).write_text(content)
    with pytest.raises(BrokenRelease, match="manifest of release 0123456789ab"):
        open_store(Settings(lake=lake))


def test_a_release_of_another_format_version(lake: LakePaths) -> None:
    manifest: dict[str, Any] = asdict(Manifest.read(lake.release(RELEASE)))
    manifest["format_version"] = FORMAT_VERSION + 1
    (lake.release(RELEASE) / ReleaseFile.MANIFEST).write_text(json.dumps(manifest))
    with pytest.raises(
        BrokenRelease, match=f"format version {FORMAT_VERSION + 1}, expected {FORMAT_VERSION}"
    ):
        open_store(Settings(lake=lake))


def test_a_release_without_one_of_its_collections(lake: LakePaths) -> None:
    shutil.rmtree(lake.release(RELEASE) / Collection.ARTISTS)
    with pytest.raises(BrokenRelease, match="artists/ is missing"):
        open_store(Settings(lake=lake))


def test_opening_a_lake_imports_no_server_client(whole_lake: LakePaths) -> None:
    program = """
import pathlib, sys
from embeat_serve.contract.lake import LakePaths
from embeat_serve.settings import Settings
from embeat_serve.stores.factory import open_store
store, *_ = open_store(Settings(lake=LakePaths(pathlib.Path(sys.argv[1]))))
store.count("tracks")
print([name for name in sys.modules if name.startswith("qdrant_client")])
"""
    found = subprocess.run(
        [sys.executable, "-c", program, str(whole_lake.root)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert found.stdout.strip() == "[]"


@pytest.mark.filterwarnings("ignore:Api key is used with an insecure connection")
@pytest.mark.parametrize("ask", [open_store, published_release])
def test_a_server_that_does_not_answer(ask: Any, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    settings = Settings(
        qdrant_url="http://name:word@127.0.0.1:9/x?y=z", qdrant_api_key="k3y-s3cret"
    )
    with pytest.raises(StoreUnreachable) as told:
        ask(settings)
    message = str(told.value)
    assert "http://127.0.0.1:9 does not answer" in message
    assert "\n" not in message
    assert told.value.exit_status == 4
    assert told.value.__cause__ is None
    for secret in ("k3y", "s3cret", "word", "name:"):
        assert secret not in message
        assert secret not in caplog.text


@pytest.mark.parametrize(
    "url", ["http://host:port", "://", "http://[::1", "qdrant", "ftp://s3cret"]
)
def test_a_server_address_that_is_none(url: str) -> None:
    with pytest.raises(UsageError, match="must look like http://localhost:6333") as told:
        open_store(Settings(qdrant_url=url))
    assert "s3cret" not in str(told.value)
