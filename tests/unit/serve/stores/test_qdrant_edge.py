import shutil
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest

from embeat_serve.contract.lake import LakePaths
from embeat_serve.contract.manifest import ReleaseFile
from embeat_serve.contract.schema import VECTOR_SIZE, Collection
from embeat_serve.errors import BrokenRelease
from embeat_serve.stores.qdrant_edge import EdgeStore
from embeat_serve.stores.query import Query

RELEASE = "0123456789ab"


@pytest.mark.parametrize("damage", ["emptied", "config", "segments"])
def test_a_damaged_collection_is_one_line_when_it_is_asked(
    whole_lake: LakePaths, damage: str
) -> None:
    folder = whole_lake.release(RELEASE) / Collection.TRACKS
    if damage == "emptied":
        shutil.rmtree(folder)
        folder.mkdir()
    elif damage == "config":
        (folder / "edge_config.json").write_text("{")
        shutil.rmtree(folder / "segments")
    else:
        for path in folder.rglob("segment.json"):
            path.write_text("not json")
    with EdgeStore(whole_lake.release(RELEASE)) as store:
        with pytest.raises(BrokenRelease, match="cannot be read: tracks: ") as told:
            store.query([Query(Collection.TRACKS, 3)])
        assert "\n" not in str(told.value)
        assert store.count(Collection.ARTISTS) == 0


def test_a_file_that_is_missing(lake: LakePaths) -> None:
    with (
        EdgeStore(lake.release(RELEASE)) as store,
        pytest.raises(BrokenRelease, match=r"encoder\.npz: No such file"),
    ):
        store.read_file(ReleaseFile.ENCODER)


def test_several_stores_read_one_release_at_once(whole_lake: LakePaths) -> None:
    with (
        EdgeStore(whole_lake.release(RELEASE)) as one,
        EdgeStore(whole_lake.release(RELEASE)) as other,
    ):
        assert one.count(Collection.TRACKS) == other.count(Collection.TRACKS) == 0


def test_reading_a_release_leaves_what_is_in_its_files(oracle_lake: LakePaths) -> None:
    def contents() -> dict[Path, bytes]:
        files = (path for path in oracle_lake.release(RELEASE).rglob("*") if path.is_file())
        return {path: sha256(path.read_bytes()).digest() for path in files}

    with EdgeStore(oracle_lake.release(RELEASE)) as store:
        store.load()  # the first time the engine writes its defaults down; verification does that
    before = contents()
    with EdgeStore(oracle_lake.release(RELEASE)) as store:
        store.load()
        assert store.query([Query(Collection.TRACKS, 3)])[0]
    assert contents() == before


def test_vectors_of_a_query_are_checked_before_the_engine_sees_them(lake: LakePaths) -> None:
    with EdgeStore(lake.release(RELEASE)) as store, pytest.raises(ValueError, match="NaN"):
        store.query([Query(Collection.TRACKS, 1, np.full(VECTOR_SIZE, np.nan, np.float32))])


def test_closing_twice_is_fine(whole_lake: LakePaths) -> None:
    store = EdgeStore(whole_lake.release(RELEASE))
    store.count(Collection.ARTISTS)
    store.close()
    store.close()
