"""Recommenders on stores of one's own: a server in memory, and a store that counts its calls."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from qdrant_client import QdrantClient

from embeat_pipeline.index.qdrant_upload import upload_release
from embeat_serve.contract.lake import LakePaths
from embeat_serve.recommender import Recommender
from embeat_serve.release import Release
from embeat_serve.release_watcher import FixedRelease
from embeat_serve.settings import Settings
from embeat_serve.stores.base import VectorStore
from embeat_serve.stores.factory import open_store
from embeat_serve.stores.qdrant_server import ServerStore
from embeat_serve.stores.query import Hit, Query


class CountingStore:
    """A store that counts how often it is called."""

    def __init__(self, store: VectorStore):
        self.store = store
        self.calls = 0
        self.retrieved = 0
        """Points that were read by id."""

    def query(self, queries: Sequence[Query]) -> list[list[Hit]]:
        self.calls += 1
        return self.store.query(queries)

    def retrieve(self, *arguments: Any, **named: Any) -> list[Hit]:
        self.calls += 1
        hits = self.store.retrieve(*arguments, **named)
        self.retrieved += len(hits)
        return hits

    def count(self, *arguments: Any) -> int:
        self.calls += 1
        return self.store.count(*arguments)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.store, name)


def open_release(lake: LakePaths) -> tuple[Release, CountingStore]:
    """The release published in a lake, on a store that counts its calls."""
    store, manifest, folder = open_store(Settings(lake=lake))
    counting = CountingStore(store)
    return Release(counting, manifest, folder), counting  # type: ignore[arg-type]


def recommender_on(release: Release) -> Recommender:
    """A recommender that answers from an open release."""
    return Recommender(Settings.from_environment(), source=FixedRelease(release))


@contextmanager
def recommender_on_server(lake: LakePaths) -> Iterator[Recommender]:
    """The release published in a lake, uploaded to a Qdrant server in memory."""
    client = QdrantClient(":memory:")
    upload_release(lake, lake.current.read_text().strip(), client)
    store = ServerStore(client)
    with recommender_on(Release(store, store.manifest)) as recommender:
        yield recommender
