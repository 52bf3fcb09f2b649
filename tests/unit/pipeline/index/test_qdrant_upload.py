"""A release copied to a server: whole before it is served, and switched to in one request."""

import os
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from qdrant_client import QdrantClient

from embeat_pipeline.index.qdrant_collections import ClusterLayout
from embeat_pipeline.index.qdrant_retry import RetryPolicy
from embeat_pipeline.index.qdrant_upload import UploadOptions, upload_release
from embeat_serve.contract.lake import LakePaths
from embeat_serve.contract.manifest import Manifest, ReleaseFile
from embeat_serve.contract.schema import Collection
from embeat_serve.errors import BrokenRelease, StoreUnreachable
from embeat_serve.settings import Settings
from embeat_serve.stores.qdrant_connection import connect, release_of
from embeat_serve.stores.qdrant_edge import EdgeStore
from embeat_serve.stores.qdrant_server import ServerStore
from embeat_serve.stores.query import Query
from embeat_serve.text_index.term_dictionary import TermDictionary

LIVE_URL = os.environ.get("EMBEAT_TEST_QDRANT_URL", "")
"""A real server to run the last test against."""

# The client's in-memory mode tells what it does without.
pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:Payload indexes have no effect"),
    pytest.mark.filterwarnings("ignore:Local mode performs exact"),
]


@pytest.fixture
def client() -> Iterator[QdrantClient]:
    client = QdrantClient(":memory:")
    yield client
    client.close()


@pytest.fixture(scope="module")
def releases(
    built: tuple[LakePaths, str], tmp_path_factory: pytest.TempPathFactory
) -> tuple[LakePaths, list[str]]:
    """Three releases with the same points."""
    original, release = built
    lake = LakePaths(tmp_path_factory.mktemp("releases"))
    names = [letter * 12 for letter in "abc"]
    for name in names:
        # Linked, since the engine's files are mostly holes that a copy would fill.
        shutil.copytree(original.release(release), lake.release(name), copy_function=os.link)
        replace(Manifest.read(original.release(release)), release=name).write(lake.release(name))
    return lake, names


def collections(client: QdrantClient) -> set[str]:
    return {found.name for found in client.get_collections().collections}


def test_a_server_answers_as_the_lake_does(
    releases: tuple[LakePaths, list[str]], client: QdrantClient
) -> None:
    lake, (release, *_) = releases
    done = upload_release(lake, release, client)
    assert done == {"release": release, "previous": None, "points": 1020}
    server = ServerStore(client)
    assert server.release == server.manifest.release == release
    queries = [
        Query(collection, 20, like=1 + 2 * position, payload=True)
        for position, collection in enumerate(Collection.ALL)
    ]
    with EdgeStore(lake.release(release)) as edge:
        for name in Collection.ALL:
            assert server.count(name) == edge.count(name)
        for file in (ReleaseFile.ENCODER, ReleaseFile.GENRES, ReleaseFile.MANIFEST):
            assert server.read_file(file) == edge.read_file(file)
        words, ours = TermDictionary.of(server), TermDictionary.of(edge)
        assert len(words) > 100
        assert words.completions("a") == ours.completions("a")
        assert words.at(words.correctable) == ours.at(ours.correctable) != []
        for ours, theirs in zip(edge.query(queries), server.query(queries), strict=True):
            assert [(hit.id, hit.payload) for hit in theirs] == [(h.id, h.payload) for h in ours]
            assert [hit.score for hit in theirs] == pytest.approx(
                [hit.score for hit in ours], abs=2e-3
            )


def test_a_switch_moves_every_alias_and_keeps_one_release_to_go_back_to(
    releases: tuple[LakePaths, list[str]], client: QdrantClient
) -> None:
    lake, (a, b, c) = releases
    client.create_collection("somebody_elses", vectors_config={})
    upload_release(lake, a, client)
    on_a = ServerStore(client)
    assert upload_release(lake, b, client)["previous"] == a
    aliases = {found.alias_name: found.collection_name for found in client.get_aliases().aliases}
    assert aliases == {f"embeat_{name}": f"embeat_{b}_{name}" for name in (*Collection.ALL, "meta")}
    # A store opened before goes on with its own release.
    assert on_a.count(Collection.TRACKS) == 600
    assert upload_release(lake, b, client) == {"release": b, "previous": None, "points": 0}
    assert upload_release(lake, a, client) == {"release": a, "previous": b, "points": 0}
    upload_release(lake, c, client)
    kept = {name for name in collections(client) if name.startswith("embeat_")}
    assert {name.split("_")[1] for name in kept} == {a, c}
    assert "somebody_elses" in collections(client)
    assert ServerStore(client).release == c


def test_an_upload_that_broke_off_serves_nothing_and_is_done_again(
    releases: tuple[LakePaths, list[str]], client: QdrantClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake, (a, b, _) = releases
    upload_release(lake, a, client)
    upsert, requests = client.upsert, []

    def break_off(name: str, *arguments: object) -> object:
        requests.append(name)
        if len(requests) >= 3:
            raise ConnectionError("connection reset")
        return upsert(name, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(client, "upsert", break_off)
    options = UploadOptions(retry=RetryPolicy(sleep=lambda _: None))
    with pytest.raises(StoreUnreachable, match="somewhere does not answer"):
        upload_release(lake, b, client, address="somewhere", options=options)
    monkeypatch.undo()
    assert ServerStore(client).release == a
    # What arrived is not sent again.
    assert upload_release(lake, b, client)["points"] == 120
    assert ServerStore(client).count(Collection.TRACKS) == 600


def test_a_release_that_cannot_be_read_is_not_uploaded(
    tmp_path: Path, client: QdrantClient
) -> None:
    with pytest.raises(BrokenRelease):
        upload_release(LakePaths(tmp_path), "0" * 12, client)
    assert collections(client) == set()


live = pytest.mark.skipif(not LIVE_URL, reason="no server (set EMBEAT_TEST_QDRANT_URL)")


@live
def test_a_real_server_answers_as_the_lake_does(
    built: tuple[LakePaths, str], tmp_path: Path
) -> None:
    lake, release = built
    names = [f"test{os.getpid()}{letter}" for letter in "ab"]
    copies = LakePaths(tmp_path)
    client = connect(Settings.from_environment({"EMBEAT_QDRANT_URL": LIVE_URL}))
    try:
        for name in names:
            shutil.copytree(lake.release(release), copies.release(name), copy_function=os.link)
            (copies.release(name) / "manifest.json").unlink()
            replace(Manifest.read(lake.release(release)), release=name).write(copies.release(name))
            options = UploadOptions(ClusterLayout(shards=2))
            upload_release(copies, name, client, address=LIVE_URL, options=options)
        random = np.random.default_rng(0)
        vectors = random.standard_normal((20, 64)).astype(np.float32)
        queries = [Query(name, 20, vector) for name in Collection.ALL for vector in vectors]
        store = ServerStore(client, LIVE_URL)
        assert store.release == names[-1]
        with EdgeStore(lake.release(release)) as edge:
            for ours, theirs in zip(edge.query(queries), store.query(queries), strict=True):
                assert [hit.score for hit in theirs] == pytest.approx(
                    [hit.score for hit in ours], abs=2e-3
                )
    finally:
        for found in client.get_collections().collections:
            if release_of(found.name) in names:
                client.delete_collection(found.name)
        client.close()
