"""Engine side of a build: an empty shard, and several shards joined into one."""

import shutil
from collections.abc import Sequence
from pathlib import Path

import qdrant_edge as edge

from embeat_pipeline.index.config import BuildOptions
from embeat_serve.contract import (
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

PINNED_FIELDS = {TrackField.POPULARITY_RANK}
"""Fields whose index is held in memory by every process: nearly every query checks it point by
point, twice as fast. All others are read through the page cache, which makes loading a release
four times as fast and other queries no slower."""


def create_shard(folder: Path, collection: str, options: BuildOptions) -> edge.EdgeShard:
    """Create an empty shard for ``collection``, payload indexes included.

    Indexes come before any point: a graph built without them costs recall under filters.
    """
    weighted = collection in VectorName.WEIGHTED
    distance = edge.Distance.Dot if weighted else edge.Distance.Cosine
    vectors = {
        VectorName.OF_COLLECTION[collection]: edge.EdgeVectorParams(
            VECTOR_SIZE, distance, datatype=STORAGE[options.storage]
        )
    }
    # Weighted collections are scanned (stores/base.py), so they need no graph.
    links = 0 if weighted else options.graph_links
    config = edge.EdgeConfig(
        vectors=vectors,
        hnsw_config=edge.HnswIndexConfig(
            m=links,
            payload_m=links,
            ef_construct=options.graph_candidates,
            full_scan_threshold=options.full_scan_kilobytes,
        ),
        optimizers=edge.EdgeOptimizersConfig(
            default_segment_number=1,
            max_segment_size=1 << 32,
            # Even a small segment becomes read-only and memory-mapped, and loads at once.
            indexing_threshold=1,
        ),
        # Nothing is written after the build, and a log would lock out a second reader.
        wal_enabled=False,
    )
    shard = edge.EdgeShard.create(str(folder), config)
    for field, kind in PAYLOAD_INDEXES[collection].items():
        schema = field_index(field, kind)
        shard.update(edge.UpdateOperation.create_field_index(field, schema))
    return shard


def field_index(
    field: str, kind: str
) -> (
    edge.KeywordIndexParams | edge.IntegerIndexParams | edge.FloatIndexParams | edge.TextIndexParams
):
    """Engine parameters of a payload index; ``kind`` as in ``contract.PAYLOAD_INDEXES``."""
    graph = field in GRAPH_FIELDS
    memory = edge.Memory.Pinned if field in PINNED_FIELDS else edge.Memory.Cold
    match kind:
        case "keyword":
            return edge.KeywordIndexParams(enable_hnsw=graph, memory=memory)
        case "integer":
            coded = field.endswith("_codes")
            return edge.IntegerIndexParams(
                lookup=coded, range=not coded, enable_hnsw=graph, memory=memory
            )
        case "float":
            return edge.FloatIndexParams(enable_hnsw=graph, memory=memory)
        case "text":
            return edge.TextIndexParams(
                tokenizer=edge.TokenizerType.Whitespace,
                # Tokens are folded before they get here.
                lowercase=False,
                enable_hnsw=graph,
                memory=memory,
            )
        case _:
            raise ValueError(f"unknown kind of payload index {kind!r} for {field}")


def join_shards(parts: Sequence[Path], target: Path) -> None:
    """Make one shard of several with disjoint ids, by moving their segments; ``parts`` vanish.

    A segment is a folder of its own under a unique name, and a shard is whatever lies in
    ``segments``. ``verify_release`` counts what came out.
    """
    first, *others = parts
    first.replace(target)
    for part in others:
        for segment in sorted((part / "segments").iterdir()):
            # Every shard has an empty segment, ready for writes; one is enough.
            if any(segment.glob("*id_tracker.mappings")):
                segment.replace(target / "segments" / segment.name)
        shutil.rmtree(part)
