"""Create, load and join shards of the embedded Qdrant engine."""

import shutil
from collections.abc import Sequence
from pathlib import Path

import qdrant_edge as edge

from embeat_pipeline.index.config import BuildOptions
from embeat_serve.contract.schema import (
    GRAPH_FIELDS,
    PAYLOAD_INDEXES,
    VECTOR_SIZE,
    TrackField,
    VectorName,
)

STORAGE = {
    "float16": edge.VectorStorageDatatype.Float16,
    "turbo8": edge.VectorStorageDatatype.Turbo8,
}

EXTRA_SEGMENTS = 4
"""Most segments of changed points in addition to those of the build. Each segment is searched by
itself, which costs a fraction of a millisecond."""

PINNED_FIELDS = {TrackField.POPULARITY_RANK}
"""Fields whose index every process holds in memory. Nearly every query checks them point by point,
which is then twice as fast. All other indexes are read through the page cache: loading a release
is four times as fast and other queries are no slower."""


def create_shard(folder: Path, collection: str, options: BuildOptions) -> edge.EdgeShard:
    """Create an empty shard for ``collection``, payload indexes included.

    The indexes must exist before any point: a graph built without them has less recall under
    filters.
    """
    shard = edge.EdgeShard.create(str(folder), _config(collection, options, segments=1))
    for field, kind in PAYLOAD_INDEXES[collection].items():
        schema = field_index(field, kind)
        shard.update(edge.UpdateOperation.create_field_index(field, schema))
    return shard


def load_shard(folder: Path, collection: str, options: BuildOptions) -> edge.EdgeShard:
    """Open a finished shard to change its points.

    Changed points go to new segments. Beyond ``EXTRA_SEGMENTS`` of them, ``optimize`` merges the
    smallest; it also rebuilds segments of which a fifth is deleted.
    """
    shard = edge.EdgeShard.load(str(folder))
    parts = options.part_count(shard.count(edge.CountRequest(exact=True)))
    shard.close()
    return edge.EdgeShard.load(str(folder), _config(collection, options, parts + EXTRA_SEGMENTS))


def _config(collection: str, options: BuildOptions, segments: int) -> edge.EdgeConfig:
    weighted = collection in VectorName.WEIGHTED
    distance = edge.Distance.Dot if weighted else edge.Distance.Cosine
    vectors = {
        VectorName.OF_COLLECTION[collection]: edge.EdgeVectorParams(
            VECTOR_SIZE, distance, datatype=STORAGE[options.storage]
        )
    }
    # Weighted collections are scanned (stores/base.py), so they need no graph.
    links = 0 if weighted else options.graph_links
    return edge.EdgeConfig(
        vectors=vectors,
        hnsw_config=edge.HnswIndexConfig(
            m=links,
            payload_m=links,
            ef_construct=options.graph_candidates,
            full_scan_threshold=options.full_scan_kilobytes,
        ),
        optimizers=edge.EdgeOptimizersConfig(
            default_segment_number=segments,
            max_segment_size=1 << 32,
            # Also small segments become read-only and memory-mapped, so they load at once.
            indexing_threshold=1,
        ),
        # Nothing is written after the build, and a log would exclude a second reader.
        wal_enabled=False,
    )


def segments_of(shard: Path) -> list[Path]:
    """Return the folders of a shard's segments."""
    return sorted((shard / "segments").iterdir())


def field_index(
    field: str, kind: str
) -> (
    edge.KeywordIndexParams | edge.IntegerIndexParams | edge.FloatIndexParams | edge.TextIndexParams
):
    """Return the engine's parameters of a payload index; ``kind`` as in ``PAYLOAD_INDEXES``.

    Raises:
        ValueError: there is no such kind.
    """
    in_graph = field in GRAPH_FIELDS
    memory = edge.Memory.Pinned if field in PINNED_FIELDS else edge.Memory.Cold
    match kind:
        case "keyword":
            return edge.KeywordIndexParams(enable_hnsw=in_graph, memory=memory)
        case "integer":
            is_code = field.endswith("_codes")
            return edge.IntegerIndexParams(
                lookup=is_code, range=not is_code, enable_hnsw=in_graph, memory=memory
            )
        case "float":
            return edge.FloatIndexParams(enable_hnsw=in_graph, memory=memory)
        case "text":
            return edge.TextIndexParams(
                tokenizer=edge.TokenizerType.Whitespace,
                # Text is normalised before it gets here.
                lowercase=False,
                enable_hnsw=in_graph,
                memory=memory,
            )
        case _:
            raise ValueError(f"unknown kind of payload index {kind!r} for {field}")


def join_shards(parts: Sequence[Path], target: Path) -> None:
    """Join shards with disjoint ids into one by moving their segments; ``parts`` are removed.

    A segment is a folder with a unique name, and a shard consists of the folders in ``segments``.
    ``release_checks`` counts the points of the result.
    """
    first, *others = parts
    first.replace(target)
    for part in others:
        for segment in segments_of(part):
            # Every shard has an empty segment for writes; one is enough.
            if any(segment.glob("*id_tracker.mappings")):
                segment.replace(target / "segments" / segment.name)
        shutil.rmtree(part)
