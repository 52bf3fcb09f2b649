"""Copies a release of the lake to a Qdrant server and makes it the one served there."""

import base64
import time
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import qdrant_edge as edge
from qdrant_client import QdrantClient, models

from embeat_pipeline.common.progress import Advance, progress
from embeat_pipeline.index.config import DEFAULT_OPTIONS
from embeat_pipeline.index.patience import patiently
from embeat_serve.contract.lake import LakePaths
from embeat_serve.contract.manifest import ReleaseFile
from embeat_serve.contract.schema import (
    GRAPH_FIELDS,
    PAYLOAD_INDEXES,
    VECTOR_SIZE,
    Collection,
    VectorName,
)
from embeat_serve.errors import StoreUnreachable
from embeat_serve.settings import Settings
from embeat_serve.stores.factory import read_manifest
from embeat_serve.stores.qdrant_server import (
    META,
    address_of,
    alias_of,
    answering,
    connect,
    release_of,
    server_collection,
)
from embeat_serve.text_index import term_dictionary as words

BATCH = 1_000
"""Points per request: about 1 MB."""

FILES = (
    ReleaseFile.ENCODER,
    ReleaseFile.GENRES,
    *words.FILES,
    ReleaseFile.MANIFEST,
)
"""Files that a server keeps of a release."""

UPLOAD_TIMEOUT = 60
"""Seconds until a request that is not answered is sent again."""

INDEXING_SECONDS = 12 * 3_600
"""Longest wait for a server that indexes what it got."""

POLL_SECONDS = 2.0
"""Between two looks at whether the server has indexed what it got."""


@dataclass(frozen=True)
class Layout:
    """How collections are spread over a cluster."""

    shards: int = 1
    """Pieces of a collection, each on a node of its own as far as there are nodes."""
    replicas: int = 1
    """Copies of each; with two a node can be lost."""


ONE_NODE = Layout()


def upload_release(
    lake: LakePaths,
    release: str,
    client: QdrantClient,
    address: str = "the Qdrant server",
    layout: Layout = ONE_NODE,
) -> dict[str, Any]:
    """Copy a release to the server, then move all its aliases there in one request.

    A release that is there already is only switched to, and one that is there in part is
    completed. One batch is on its way at a time, and the server has it when it answers: that is
    all it ever has to hold. Of the other releases the one served until now is kept, for going
    back; older ones are removed.

    Args:
        lake: where the release is.
        release: its name.
        client: of the server.
        address: how to name the server in messages.
        layout: shards and replicas of new collections.

    Returns:
        ``release``, ``previous`` (None where nothing else was served) and ``points`` copied.

    Raises:
        BrokenRelease: the release cannot be read.
        StoreUnreachable: the server does not answer, or refuses, however often it is asked.
    """
    manifest = read_manifest(lake, release)
    with answering(address):
        points = 0
        # The files go last: a server that has them has all of the release.
        if not _has_files(client, release):
            with progress("upload", sum(manifest.counts.values()), "points") as advance:
                for collection in Collection.ALL:
                    folder = lake.release(release) / collection
                    name = server_collection(release, collection)
                    points += _copy(folder, name, collection, client, layout, advance)
                    _wait_until_indexed(client, name, manifest.counts[collection], address)
            _copy_files(lake.release(release), release, client, layout)
        previous = patiently(_switch, client, release)
        if previous is not None:
            patiently(_remove_others, client, {release, previous})
    return {"release": release, "previous": previous, "points": points}


def upload_to_server(lake: LakePaths, release: str, settings: Settings) -> dict[str, Any]:
    """``upload_release`` to the server that ``settings`` name."""
    client = connect(settings, UPLOAD_TIMEOUT)
    layout = Layout(settings.qdrant_shards, settings.qdrant_replicas)
    try:
        address = address_of(settings.qdrant_url or "")
        return upload_release(lake, release, client, address, layout)
    finally:
        client.close()


def _has_files(client: QdrantClient, release: str) -> bool:
    name = server_collection(release, META)
    if not patiently(client.collection_exists, name):
        return False
    return patiently(client.count, name, exact=True).count == len(FILES)


def _copy(
    folder: Path,
    name: str,
    collection: str,
    client: QdrantClient,
    layout: Layout,
    advance: Advance,
) -> int:
    there = patiently(_ensure, client, name, collection, layout)
    for field, kind in PAYLOAD_INDEXES[collection].items():
        patiently(client.create_payload_index, name, field, _field_index(field, kind))
    copied = 0
    for points in _points(folder):
        if not (there and patiently(_holds, client, name, points)):
            patiently(client.upsert, name, points)
            copied += len(points)
        advance(len(points), collection)
    return copied


def _ensure(client: QdrantClient, name: str, collection: str, layout: Layout) -> bool:
    # Whether it was there. Asked within each attempt: the answer to a creation may be lost.
    if client.collection_exists(name):
        return True
    options, weighted = DEFAULT_OPTIONS, collection in VectorName.WEIGHTED
    # Weighted collections are scanned (stores/base.py), so they need no graph.
    links = 0 if weighted else options.graph_links
    vectors = models.VectorParams(
        size=VECTOR_SIZE,
        distance=models.Distance.DOT if weighted else models.Distance.COSINE,
        datatype=models.Datatype.FLOAT16,
    )
    client.create_collection(
        name,
        vectors_config={VectorName.OF_COLLECTION[collection]: vectors},
        hnsw_config=models.HnswConfigDiff(
            m=links, payload_m=links, ef_construct=options.graph_candidates
        ),
        shard_number=layout.shards,
        replication_factor=layout.replicas,
        # A batch is on all replicas when the server answers: none is behind at the switch.
        write_consistency_factor=layout.replicas,
    )
    return False


def _holds(client: QdrantClient, name: str, points: Sequence[models.PointStruct]) -> bool:
    among = models.Filter(must=[models.HasIdCondition(has_id=[point.id for point in points])])
    return client.count(name, among, exact=True).count == len(points)


def _wait_until_indexed(client: QdrantClient, name: str, points: int, address: str) -> None:
    deadline = time.monotonic() + INDEXING_SECONDS
    while True:
        status = patiently(client.get_collection, name).status
        if status == models.CollectionStatus.GREEN:
            break
        if status == models.CollectionStatus.RED or time.monotonic() > deadline:
            raise StoreUnreachable(
                f"the Qdrant server at {address} does not finish {name} (status {status.value}); "
                f"look into its log, then run this again: what it has is not sent twice"
            )
        time.sleep(POLL_SECONDS)
    found = patiently(client.count, name, exact=True).count
    if found != points:
        raise StoreUnreachable(
            f"the Qdrant server at {address} holds {found} points in {name}, expected {points}; "
            f"remove that collection and run this again"
        )


def _points(folder: Path) -> Iterator[list[models.PointStruct]]:
    shard = edge.EdgeShard.load(str(folder))
    offset = None
    try:
        while True:
            request = edge.ScrollRequest(
                offset=offset, limit=BATCH, with_payload=True, with_vector=True
            )
            records, offset = shard.scroll(request)
            if records:
                yield [
                    models.PointStruct.model_construct(
                        id=record.id, vector=record.vector, payload=record.payload
                    )
                    for record in records
                ]
            if offset is None:
                return
    finally:
        shard.close()


def _field_index(
    field: str, kind: str
) -> (
    models.KeywordIndexParams
    | models.IntegerIndexParams
    | models.FloatIndexParams
    | models.TextIndexParams
):
    graph = field in GRAPH_FIELDS
    match kind:
        case "keyword":
            return models.KeywordIndexParams(
                type=models.KeywordIndexType.KEYWORD, enable_hnsw=graph
            )
        case "integer":
            coded = field.endswith("_codes")
            return models.IntegerIndexParams(
                type=models.IntegerIndexType.INTEGER,
                lookup=coded,
                range=not coded,
                enable_hnsw=graph,
            )
        case "float":
            return models.FloatIndexParams(type=models.FloatIndexType.FLOAT, enable_hnsw=graph)
        case _:
            return models.TextIndexParams(
                type=models.TextIndexType.TEXT,
                tokenizer=models.TokenizerType.WHITESPACE,
                lowercase=False,
                enable_hnsw=graph,
            )


def _copy_files(folder: Path, release: str, client: QdrantClient, layout: Layout) -> None:
    name = server_collection(release, META)

    def ensure() -> None:
        if not client.collection_exists(name):
            client.create_collection(
                name, vectors_config={}, shard_number=1, replication_factor=layout.replicas
            )

    patiently(ensure)
    # One at a time: together they are more than a server takes in a request (32 MB).
    for number, file in enumerate(FILES):
        content = base64.b64encode((folder / file).read_bytes()).decode("ascii")
        payload = {"file": file, "content": content}
        patiently(client.upsert, name, [models.PointStruct(id=number, vector={}, payload=payload)])


def _switch(client: QdrantClient, release: str) -> str | None:
    targets = {
        alias_of(collection): server_collection(release, collection)
        for collection in (*Collection.ALL, META)
    }
    served = {alias.alias_name: alias.collection_name for alias in client.get_aliases().aliases}
    old = release_of(served.get(alias_of(META), ""))
    if old == release:
        return None
    moves: list[models.DeleteAliasOperation | models.CreateAliasOperation] = []
    for alias, target in targets.items():
        if alias in served:
            gone = models.DeleteAlias(alias_name=alias)
            moves.append(models.DeleteAliasOperation(delete_alias=gone))
        made = models.CreateAlias(collection_name=target, alias_name=alias)
        moves.append(models.CreateAliasOperation(create_alias=made))
    client.update_collection_aliases(moves)
    return old


def _remove_others(client: QdrantClient, kept: Container[str | None]) -> None:
    for found in client.get_collections().collections:
        release = release_of(found.name)
        if release is not None and release not in kept:
            client.delete_collection(found.name)
