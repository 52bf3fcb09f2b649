"""Copy a release of the lake to a Qdrant server and switch the server to it."""

import base64
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import qdrant_edge as edge
from qdrant_client import QdrantClient, models

from embeat_pipeline.common.progress import Advance, progress
from embeat_pipeline.index.qdrant_aliases import remove_other_releases, switch_aliases
from embeat_pipeline.index.qdrant_collections import (
    ONE_NODE,
    ClusterLayout,
    prepare_collection,
    wait_until_indexed,
)
from embeat_pipeline.index.qdrant_retry import DEFAULT_RETRY, RetryPolicy
from embeat_pipeline.settings import PipelineSettings
from embeat_serve.contract.lake import LakePaths
from embeat_serve.contract.manifest import ReleaseFile
from embeat_serve.contract.schema import Collection
from embeat_serve.settings import Settings
from embeat_serve.stores.factory import read_manifest
from embeat_serve.stores.qdrant_connection import (
    META,
    address_of,
    answering,
    connect,
    server_collection,
)
from embeat_serve.text_index import term_dictionary

FILES = (
    ReleaseFile.ENCODER,
    ReleaseFile.RANKING_MODEL,
    ReleaseFile.TITLE_MODEL,
    ReleaseFile.GENRES,
    *term_dictionary.FILES,
    ReleaseFile.MANIFEST,
)
"""Files of a release that the server keeps."""


@dataclass(frozen=True)
class UploadOptions:
    """Settings of an upload; none of them changes what the server holds in the end."""

    layout: ClusterLayout = ONE_NODE
    """Shards and replicas of new collections."""
    batch_points: int = 1_000
    """Points per request: about 1 MB."""
    timeout: int = 60
    """Seconds until an unanswered request is sent again."""
    retry: RetryPolicy = DEFAULT_RETRY
    """How failed requests are repeated."""

    @classmethod
    def of(cls, settings: PipelineSettings) -> Self:
        """The options with the shards and replicas that the settings name."""
        return cls(layout=ClusterLayout(settings.qdrant_shards, settings.qdrant_replicas))


DEFAULT_UPLOAD = UploadOptions()


def upload_to_server(
    lake: LakePaths, release: str, settings: Settings, *, options: UploadOptions = DEFAULT_UPLOAD
) -> dict[str, Any]:
    """Call ``upload_release`` for the server that ``settings`` name."""
    client = connect(settings, options.timeout)
    try:
        return upload_release(
            lake,
            release,
            client,
            address=address_of(settings.qdrant_url or ""),
            options=options,
        )
    finally:
        client.close()


def upload_release(
    lake: LakePaths,
    release: str,
    client: QdrantClient,
    *,
    address: str = "the Qdrant server",
    options: UploadOptions = DEFAULT_UPLOAD,
) -> dict[str, Any]:
    """Copy a release to the server, then move all aliases to it in one request.

    A complete release is only switched to, and a partial one is completed. One batch is sent at
    a time, and the server has stored it when it answers; this bounds the server's memory. Of the
    other releases only the one served until now is kept, for a rollback.

    Args:
        lake: lake that holds the release.
        release: name of the release.
        client: connection to the server.
        address: the server's name in error messages.
        options: layout, batch size and retries.

    Returns:
        ``release``, ``previous`` (None where nothing else was served) and ``points`` copied.

    Raises:
        BrokenRelease: the release cannot be read.
        StoreUnreachable: the server does not answer, or refuses, in every attempt.
    """
    manifest = read_manifest(lake, release)
    retry = options.retry
    with answering(address):
        points = 0
        # The files go last: a server that has them has all of the release.
        if not _has_files(client, release, retry):
            with progress("upload", sum(manifest.counts.values()), "points") as advance:
                for collection in Collection.ALL:
                    folder = lake.release(release) / collection
                    name = server_collection(release, collection)
                    existed = prepare_collection(
                        client, name, collection, layout=options.layout, retry=retry
                    )
                    uploader = _PointUploader(client, name, options, may_exist=existed)
                    points += uploader.copy(folder, collection, advance)
                    expected = manifest.counts[collection]
                    wait_until_indexed(client, name, expected, address=address, retry=retry)
            _copy_files(lake.release(release), release, client, options)
        previous = retry.call(switch_aliases, client, release)
        if previous is not None:
            retry.call(remove_other_releases, client, {release, previous})
    return {"release": release, "previous": previous, "points": points}


@dataclass(frozen=True)
class _PointUploader:
    """Sends the points of one collection that the server does not have yet."""

    client: QdrantClient
    name: str
    options: UploadOptions
    may_exist: bool

    def copy(self, folder: Path, collection: str, advance: Advance) -> int:
        copied = 0
        for points in read_points(folder, self.options.batch_points):
            if not (self.may_exist and self.options.retry.call(self._has_all, points)):
                self.options.retry.call(self.client.upsert, self.name, points)
                copied += len(points)
            advance(len(points), collection)
        return copied

    def _has_all(self, points: Sequence[models.PointStruct]) -> bool:
        ids = models.HasIdCondition(has_id=[point.id for point in points])
        count = self.client.count(self.name, models.Filter(must=[ids]), exact=True).count
        return count == len(points)


def read_points(folder: Path, batch_points: int) -> Iterator[list[models.PointStruct]]:
    """Yield the points of a shard, ``batch_points`` at a time, vectors and payload included."""
    shard = edge.EdgeShard.load(str(folder))
    offset = None
    try:
        while True:
            request = edge.ScrollRequest(
                offset=offset, limit=batch_points, with_payload=True, with_vector=True
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


def _has_files(client: QdrantClient, release: str, retry: RetryPolicy) -> bool:
    name = server_collection(release, META)
    if not retry.call(client.collection_exists, name):
        return False
    return retry.call(client.count, name, exact=True).count == len(FILES)


def _copy_files(folder: Path, release: str, client: QdrantClient, options: UploadOptions) -> None:
    name = server_collection(release, META)

    def create_if_missing() -> None:
        if not client.collection_exists(name):
            replicas = options.layout.replicas
            client.create_collection(
                name, vectors_config={}, shard_number=1, replication_factor=replicas
            )

    options.retry.call(create_if_missing)
    # One at a time: together they are more than a server accepts in a request (32 MB).
    for number, file in enumerate(FILES):
        content = base64.b64encode((folder / file).read_bytes()).decode("ascii")
        payload = {"file": file, "content": content}
        point = models.PointStruct(id=number, vector={}, payload=payload)
        options.retry.call(client.upsert, name, [point])
