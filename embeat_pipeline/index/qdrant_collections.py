"""Create the collections of a release on a Qdrant server, and wait until they are indexed."""

import time
from dataclasses import dataclass

from qdrant_client import QdrantClient, models

from embeat_pipeline.index.config import DEFAULT_OPTIONS
from embeat_pipeline.index.qdrant_retry import RetryPolicy
from embeat_serve.contract.schema import GRAPH_FIELDS, PAYLOAD_INDEXES, VECTOR_SIZE, VectorName
from embeat_serve.errors import StoreUnreachable

INDEXING_SECONDS = 12 * 3_600
"""Longest wait for a server that indexes the points it got."""

POLL_SECONDS = 2.0
"""Seconds between two checks of whether the server has finished indexing."""

FieldIndex = (
    models.KeywordIndexParams
    | models.IntegerIndexParams
    | models.FloatIndexParams
    | models.TextIndexParams
)


@dataclass(frozen=True)
class ClusterLayout:
    """How collections are spread over the nodes of a cluster."""

    shards: int = 1
    """Pieces of a collection, each on a node of its own as far as there are nodes."""
    replicas: int = 1
    """Copies of each piece; with two of them the cluster survives the loss of a node."""


ONE_NODE = ClusterLayout()


def prepare_collection(
    client: QdrantClient, name: str, collection: str, *, layout: ClusterLayout, retry: RetryPolicy
) -> bool:
    """Create a collection with its payload indexes, and return whether it existed before.

    Args:
        client: connection to the server.
        name: name of the collection on the server.
        collection: one of ``Collection.ALL``.
        layout: shards and replicas of a new collection.
        retry: how failed requests are repeated.
    """
    existed = retry.call(_create_if_missing, client, name, collection, layout)
    for field, kind in PAYLOAD_INDEXES[collection].items():
        retry.call(client.create_payload_index, name, field, field_index(field, kind))
    return existed


def _create_if_missing(
    client: QdrantClient, name: str, collection: str, layout: ClusterLayout
) -> bool:
    # Checked in every attempt: the answer to an earlier creation may have been lost.
    if client.collection_exists(name):
        return True
    is_weighted = collection in VectorName.WEIGHTED
    # Weighted collections are scanned (stores/base.py), so they need no graph.
    links = 0 if is_weighted else DEFAULT_OPTIONS.graph_links
    vectors = models.VectorParams(
        size=VECTOR_SIZE,
        distance=models.Distance.DOT if is_weighted else models.Distance.COSINE,
        datatype=models.Datatype.FLOAT16,
    )
    client.create_collection(
        name,
        vectors_config={VectorName.OF_COLLECTION[collection]: vectors},
        hnsw_config=models.HnswConfigDiff(
            m=links, payload_m=links, ef_construct=DEFAULT_OPTIONS.graph_candidates
        ),
        shard_number=layout.shards,
        replication_factor=layout.replicas,
        # The server answers when a batch is on all replicas, so none lags at the switch.
        write_consistency_factor=layout.replicas,
    )
    return False


def field_index(field: str, kind: str) -> FieldIndex:
    """Return the server's parameters for a payload index of ``contract.PAYLOAD_INDEXES``."""
    in_graph = field in GRAPH_FIELDS
    match kind:
        case "keyword":
            return models.KeywordIndexParams(
                type=models.KeywordIndexType.KEYWORD, enable_hnsw=in_graph
            )
        case "integer":
            is_code = field.endswith("_codes")
            return models.IntegerIndexParams(
                type=models.IntegerIndexType.INTEGER,
                lookup=is_code,
                range=not is_code,
                enable_hnsw=in_graph,
            )
        case "float":
            return models.FloatIndexParams(type=models.FloatIndexType.FLOAT, enable_hnsw=in_graph)
        case _:
            return models.TextIndexParams(
                type=models.TextIndexType.TEXT,
                tokenizer=models.TokenizerType.WHITESPACE,
                lowercase=False,
                enable_hnsw=in_graph,
            )


def wait_until_indexed(
    client: QdrantClient, name: str, points: int, *, address: str, retry: RetryPolicy
) -> None:
    """Return when the server has indexed a collection and counts ``points`` in it.

    Raises:
        StoreUnreachable: indexing fails or takes too long, or the count differs.
    """
    deadline = time.monotonic() + INDEXING_SECONDS
    while True:
        status = retry.call(client.get_collection, name).status
        if status == models.CollectionStatus.GREEN:
            break
        if status == models.CollectionStatus.RED or time.monotonic() > deadline:
            raise StoreUnreachable(
                f"the Qdrant server at {address} does not finish {name} (status {status.value}); "
                f"look into its log, then run this again: what it has is not sent twice"
            )
        time.sleep(POLL_SECONDS)
    count = retry.call(client.count, name, exact=True).count
    if count != points:
        raise StoreUnreachable(
            f"the Qdrant server at {address} holds {count} points in {name}, expected {points}; "
            f"remove that collection and run this again"
        )
