"""How vectors are stored and linked: size, build time, query time and recall of each choice.

    python benchmarks/index_storage.py --lake LAKE [--vectors 150000] [--queries 200]

The acoustic vectors of tracks of LAKE, drawn at random, go into one shard after another by the same
engine; LAKE is only read. First the storage types at the settings that are built with, then other
links per node and candidates while linking. Every graph is asked with several ``ef``. Recall@100 is
against a full scan in single precision by NumPy, of tracks that are in the shard, themselves left
out. Seconds are of the processor, bytes are blocks on disk. The row built with is marked.
"""

import argparse
import json
import tempfile
import time
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import qdrant_edge as edge
from numpy.typing import NDArray

from embeat_pipeline.common.progress import progress
from embeat_pipeline.index.config import DEFAULT_OPTIONS
from embeat_pipeline.index.payload import UPSERT
from embeat_pipeline.index.shards import STORAGE, segments_of
from embeat_pipeline.index.vectors import as_matrix
from embeat_serve.contract.lake import LakePaths
from embeat_serve.contract.schema import VECTOR_SIZE, VectorName
from embeat_serve.stores.query_plan import SEARCH_EF

RESULTS = Path(__file__).parent / "results" / "index_storage.json"
LIST = 100
EFS = (64, 128, 256, SEARCH_EF)
TYPES = {
    "float32": edge.VectorStorageDatatype.Float32,
    **STORAGE,
    "turbo16": edge.VectorStorageDatatype.Turbo16,
}


@dataclass(frozen=True)
class Choice:
    """How one shard is built."""

    storage: str = DEFAULT_OPTIONS.storage
    links: int = DEFAULT_OPTIONS.graph_links
    candidates: int = DEFAULT_OPTIONS.graph_candidates


CHOICES = tuple(
    dict.fromkeys(
        [
            *(Choice(storage=storage) for storage in TYPES),
            *(Choice(links=links) for links in (8, 32)),
            *(Choice(candidates=candidates) for candidates in (50, 200)),
        ]
    )
)


@dataclass(frozen=True)
class Measured:
    """What a choice comes to with one ``ef``."""

    ef: int
    vector_bytes: float
    graph_bytes: float
    build_seconds: float
    query_milliseconds: float
    """Median."""
    recall: float
    worst: float


def main() -> None:
    """Measure all choices, print a table, write JSON."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--lake", type=Path, required=True)
    parser.add_argument("--vectors", type=int, default=150_000, metavar="N")
    parser.add_argument("--queries", type=int, default=200)
    arguments = parser.parse_args()
    matrix = vectors_of(LakePaths(arguments.lake), arguments.vectors)
    asked = np.random.default_rng(1).permutation(len(matrix))[: arguments.queries]
    true = nearest(matrix, asked)
    measured: list[tuple[Choice, Measured]] = []
    with progress("storage", len(CHOICES), "choices") as advance:
        for choice in CHOICES:
            measured += [(choice, found) for found in measure(choice, matrix, asked, true)]
            advance(1)
    show(measured)
    RESULTS.parent.mkdir(exist_ok=True)
    content = {
        "vectors": len(matrix),
        "rows": [asdict(choice) | asdict(found) for choice, found in measured],
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    RESULTS.write_text(json.dumps(content, indent=2) + "\n")


def vectors_of(lake: LakePaths, count: int) -> NDArray[np.float32]:
    """Acoustic vectors (n, 64) of length 1 of ``count`` tracks, or of all where there are fewer."""
    table = pq.read_table(lake.table("track_vectors"), columns=[VectorName.ACOUSTIC])
    matrix, usable = as_matrix(table.column(0))
    codes = np.random.default_rng(0).permutation(np.flatnonzero(usable))[:count]
    chosen = matrix[codes]
    return chosen / np.linalg.norm(chosen, axis=1, keepdims=True)


def nearest(matrix: NDArray[np.float32], asked: NDArray[np.intp]) -> NDArray[np.float32]:
    """(queries,) similarity of the last of the ``LIST`` nearest others of each row asked about."""
    scores = matrix[asked] @ matrix.T
    scores[np.arange(len(asked)), asked] = -np.inf
    return np.partition(scores, -LIST, axis=1)[:, -LIST]


def measure(
    choice: Choice,
    matrix: NDArray[np.float32],
    asked: NDArray[np.intp],
    true: NDArray[np.float32],
) -> list[Measured]:
    """Build one shard and ask it with every ``ef``."""
    with tempfile.TemporaryDirectory() as folder:
        started = time.process_time()
        shard = edge.EdgeShard.create(folder, config(choice))
        for start in range(0, len(matrix), UPSERT):
            vectors = matrix[start : start + UPSERT].tolist()
            points = [
                edge.Point(start + place, {VectorName.ACOUSTIC: vector})
                for place, vector in enumerate(vectors)
            ]
            shard.update(edge.UpdateOperation.upsert_points(points))
        shard.flush()
        shard.optimize()
        shard.flush()
        seconds = time.process_time() - started
        vector_bytes = blocks(Path(folder), "vector_storage*") / len(matrix)
        graph_bytes = blocks(Path(folder), "vector_index*") / len(matrix)
        found = []
        for ef in EFS:
            taken, recalls = ask(shard, matrix, asked, true, ef)
            median = 1000 * float(np.median(taken))
            recall, worst = float(np.mean(recalls)), min(recalls)
            found.append(Measured(ef, vector_bytes, graph_bytes, seconds, median, recall, worst))
        shard.close()
    return found


def config(choice: Choice) -> edge.EdgeConfig:
    """As a collection of tracks is built, without payload."""
    vectors = edge.EdgeVectorParams(
        VECTOR_SIZE, edge.Distance.Cosine, datatype=TYPES[choice.storage]
    )
    return edge.EdgeConfig(
        vectors={VectorName.ACOUSTIC: vectors},
        hnsw_config=edge.HnswIndexConfig(
            m=choice.links,
            payload_m=0,
            ef_construct=choice.candidates,
            full_scan_threshold=DEFAULT_OPTIONS.full_scan_kilobytes,
        ),
        optimizers=edge.EdgeOptimizersConfig(
            default_segment_number=1, max_segment_size=1 << 32, indexing_threshold=1
        ),
        max_search_threads=1,
        wal_enabled=False,
    )


def blocks(shard: Path, name: str) -> int:
    """Bytes on disk of what is in folders of that name, holes left out."""
    files = (path for segment in segments_of(shard) for path in segment.glob(f"{name}/**/*"))
    return sum(path.stat().st_blocks * 512 for path in files if path.is_file())


def ask(
    shard: edge.EdgeShard,
    matrix: NDArray[np.float32],
    asked: NDArray[np.intp],
    true: NDArray[np.float32],
    ef: int,
) -> tuple[list[float], list[float]]:
    """Processor seconds and recall of every query."""
    taken, recalls = [], []
    for place, least in zip(asked.tolist(), true, strict=True):
        query = edge.Query.Nearest(matrix[place].tolist(), using=VectorName.ACOUSTIC)
        request = edge.QueryRequest(
            limit=LIST + 1, query=query, params=edge.SearchParams(hnsw_ef=ef)
        )
        started = time.process_time()
        hits = shard.query(request)
        taken.append(time.process_time() - started)
        others = np.array([hit.id for hit in hits if hit.id != place][:LIST])
        # By similarity in single precision: which of two equal tracks is listed does not matter.
        reached = matrix[others] @ matrix[place] >= least - 1e-6
        recalls.append(float(np.count_nonzero(reached)) / LIST)
    return taken, recalls


def show(measured: list[tuple[Choice, Measured]]) -> None:
    """Print one row per choice and ``ef``."""
    print(
        "|  | storage | m | ef_construct | ef | vector | graph | build | query | recall | worst |"
    )
    print("|---|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|")
    for choice, of in measured:
        chosen = "**" if choice == Choice() and of.ef == SEARCH_EF else ""
        print(
            f"| {chosen} | {choice.storage} | {choice.links} | {choice.candidates} | {of.ef} "
            f"| {of.vector_bytes:.0f} B | {of.graph_bytes:.0f} B | {of.build_seconds:.0f} s "
            f"| {of.query_milliseconds:.2f} ms | {of.recall:.4f} | {of.worst:.2f} |"
        )


if __name__ == "__main__":
    main()
