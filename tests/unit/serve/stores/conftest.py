"""Releases to open: an empty one, and one that an oracle in numpy knows."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from embeat_serve.contract.lake import LakePaths
from embeat_serve.contract.manifest import FORMAT_VERSION, Manifest
from embeat_serve.contract.schema import Collection
from embeat_serve.stores.base import VectorStore
from embeat_serve.stores.qdrant_edge import EdgeStore
from embeat_serve.stores.qdrant_server import ServerStore
from tests.support.store_oracle import RELEASE, write_release


@pytest.fixture
def lake(tmp_path: Path) -> LakePaths:
    """A lake with a published release whose collections are empty folders."""
    lake = LakePaths(tmp_path / "lake")
    folder = lake.release(RELEASE)
    for collection in Collection.ALL:
        (folder / collection).mkdir(parents=True)
    Manifest(RELEASE, FORMAT_VERSION, "0", "", {}, {}).write(folder)
    lake.current.write_text(f"{RELEASE}\n")
    return lake


@pytest.fixture
def whole_lake(lake: LakePaths) -> LakePaths:
    """A lake with a published release whose collections hold no points."""
    from embeat_pipeline.index.config import BuildOptions
    from embeat_pipeline.index.shards import create_shard

    for collection in Collection.ALL:
        shard = create_shard(lake.release(RELEASE) / collection, collection, BuildOptions())
        shard.flush()
        shard.close()
    return lake


@pytest.fixture(scope="module")
def oracle_lake(tmp_path_factory: pytest.TempPathFactory) -> LakePaths:
    """A lake whose release holds the points of ``store_oracle.TRUTHS``."""
    return write_release(LakePaths(tmp_path_factory.mktemp("store")))


@pytest.fixture(scope="module", params=["edge", "server"])
def store(request: pytest.FixtureRequest, oracle_lake: LakePaths) -> Iterator[VectorStore]:
    """Each of the two stores, open on the points of ``store_oracle.TRUTHS``."""
    if request.param == "edge":
        with EdgeStore(oracle_lake.release(RELEASE)) as opened:
            yield opened
        return
    from qdrant_client import QdrantClient

    from embeat_pipeline.index.qdrant_upload import upload_release

    client = QdrantClient(":memory:")
    upload_release(oracle_lake, RELEASE, client)
    with ServerStore(client) as opened:
        yield opened
