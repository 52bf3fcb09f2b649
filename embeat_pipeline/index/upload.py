"""Copies a release of the lake to a Qdrant server and makes it the one served there."""

import base64
import time
from collections.abc import Container, Iterator
from pathlib import Path
from typing import Any

import qdrant_edge as edge
from qdrant_client import QdrantClient, models

from embeat_pipeline.index.config import DEFAULT_OPTIONS
from embeat_pipeline.progress import Advance, progress
from embeat_serve.contract import (
    GRAPH_FIELDS,
    PAYLOAD_INDEXES,
    VECTOR_SIZE,
    Collection,
    LakePaths,
    ReleaseFile,
    VectorName,
)
from embeat_serve.settings import Settings
from embeat_serve.stores.opening import read_manifest
from embeat_serve.stores.server import (
    META,
    address_of,
    alias_of,
    answering,
    connect,
    release_of,
    server_collection,
)

BATCH = 1_000
"""Points per request: about 1 MB."""

POLL_SECONDS = 2.0
"""Between two looks at whether the server has indexed what it got."""


def upload_release(
    lake: LakePaths, release: str, client: QdrantClient, address: str = "the Qdrant server"
) -> dict[str, Any]:
    """Copy a release to the server, then move all its aliases there in one request.

    A release that is there already is only switched to. Of the others, the one served until
    now is kept, for going back; older ones are removed.

    Args:
        lake: where the release is.
        release: its name.
        client: of the server.
        address: how to name the server in messages.

    Returns:
        ``release``, ``previous`` (None where nothing else was served) and ``points`` copied.

    Raises:
        BrokenRelease: the release cannot be read.
        StoreUnreachable: the server does not answer, or refuses.
    """
    manifest = read_manifest(lake, release)
    with answering(address):
        points = 0
        # The files go last: a server that has them has all of the release.
        if not client.collection_exists(server_collection(release, META)):
            with progress("upload", sum(manifest.counts.values()), "points") as advance:
                for collection in Collection.ALL:
                    _copy(lake.release(release), release, collection, client, advance)
            points = sum(manifest.counts.values())
            _copy_files(lake.release(release), release, client)
        previous = _switch(client, release)
        if previous is not None:
            _remove_others(client, {release, previous})
    return {"release": release, "previous": previous, "points": points}


def upload_to_server(lake: LakePaths, release: str, settings: Settings) -> dict[str, Any]:
    """``upload_release`` to the server that ``settings`` name."""
    url = settings.qdrant_url or ""
    client = connect(url, settings.qdrant_api_key)
    try:
        return upload_release(lake, release, client, address_of(url))
    finally:
        client.close()


def _copy(
    folder: Path, release: str, collection: str, client: QdrantClient, advance: Advance
) -> None:
    name, options = server_collection(release, collection), DEFAULT_OPTIONS
    client.delete_collection(name)
    weighted = collection in VectorName.WEIGHTED
    distance = models.Distance.DOT if weighted else models.Distance.COSINE
    vectors = models.VectorParams(
        size=VECTOR_SIZE, distance=distance, datatype=models.Datatype.FLOAT16
    )
    client.create_collection(
        name,
        vectors_config={VectorName.OF_COLLECTION[collection]: vectors},
        hnsw_config=models.HnswConfigDiff(
            m=options.graph_links,
            payload_m=options.graph_links,
            ef_construct=options.graph_candidates,
        ),
    )
    for field, kind in PAYLOAD_INDEXES[collection].items():
        client.create_payload_index(name, field, _field_index(field, kind))
    for points in _points(folder / collection):
        client.upsert(name, points)
        advance(len(points), collection)
    while client.get_collection(name).status != models.CollectionStatus.GREEN:
        time.sleep(POLL_SECONDS)


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


def _copy_files(folder: Path, release: str, client: QdrantClient) -> None:
    name = server_collection(release, META)
    client.create_collection(name, vectors_config={})
    files = (ReleaseFile.ENCODER, ReleaseFile.GENRES, ReleaseFile.MANIFEST)
    points = [
        models.PointStruct(
            id=number,
            vector={},
            payload={
                "file": file,
                "content": base64.b64encode((folder / file).read_bytes()).decode("ascii"),
            },
        )
        for number, file in enumerate(files)
    ]
    client.upsert(name, points)


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
