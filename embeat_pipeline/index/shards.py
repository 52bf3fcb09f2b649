"""Engine side of a build: an empty shard, and several shards joined into one."""

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
"""Segments of changed points that a collection may have on top of those it was built in: each is
searched by itself, which costs a fraction of a millisecond."""

PINNED_FIELDS = {TrackField.POPULARITY_RANK}
"""Fields whose index is held in memory by every process: nearly every query checks it point by
point, twice as fast. All others are read through the page cache, which makes loading a release
four times as fast and other queries no slower."""


def create_shard(folder: Path, collection: str, options: BuildOptions) -> edge.EdgeShard:
    """Create an empty shard for ``collection``, payload indexes included.

    Indexes come before any point: a graph built without them costs recall under filters.
    """
    shard = edge.EdgeShard.create(str(folder), _config(collection, options, segments=1))
    for field, kind in PAYLOAD_INDEXES[collection].items():
        schema = field_index(field, kind)
        shard.update(edge.UpdateOperation.create_field_index(field, schema))
    return shard


def load_shard(folder: Path, collection: str, options: BuildOptions) -> edge.EdgeShard:
    """Open a finished shard to change points of it.

    What changes goes to a segment of its own. Beyond ``EXTRA_SEGMENTS`` of them ``optimize``
    makes one of the smallest, and it makes those again of which a fifth is gone.
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
            # Even a small segment becomes read-only and memory-mapped, and loads at once.
            indexing_threshold=1,
        ),
        # Nothing is written after the build, and a log would lock out a second reader.
        wal_enabled=False,
    )


def segments_of(shard: Path) -> list[Path]:
    """Folders of a shard's segments."""
    return sorted((shard / "segments").iterdir())


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
        for segment in segments_of(part):
            # Every shard has an empty segment, ready for writes; one is enough.
            if any(segment.glob("*id_tracker.mappings")):
                segment.replace(target / "segments" / segment.name)
        shutil.rmtree(part)
