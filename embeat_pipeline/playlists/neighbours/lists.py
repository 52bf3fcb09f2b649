"""Write the neighbour lists of tracks in playlists, a million at most, and of artists."""

from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from embeat_pipeline.common.fingerprint import fingerprint
from embeat_pipeline.common.parquet import write_table
from embeat_pipeline.common.progress import progress
from embeat_pipeline.common.schemas import ARTIST_NEIGHBOURS, TRACK_NEIGHBOURS
from embeat_pipeline.common.stage_cache import is_current, made_metadata, mark_current
from embeat_pipeline.common.thread_map import thread_map
from embeat_pipeline.playlists.config import NEIGHBOUR_INPUTS, NeighbourConfig
from embeat_pipeline.playlists.neighbours.inputs import read_inputs
from embeat_pipeline.playlists.neighbours.model import NeighbourLists, NeighbourModel
from embeat_pipeline.playlists.neighbours.pair_facts import PairFacts, PairFactSource
from embeat_serve.contract.lake import LakePaths

ROWS_AT_ONCE = 20_000
"""Lists written at a time: 30 MB."""

BLOCKS_AT_ONCE = 4
"""Most blocks of lists computed side by side: each takes a few times 64 MB."""

DEFAULTS = NeighbourConfig()


class Block(NamedTuple):
    """Some consecutive rows of a table of neighbour lists."""

    lists: NeighbourLists
    facts: PairFacts
    """Of each neighbour."""
    columns: dict[str, NDArray[Any]]
    """Further columns of the table, (b,) each."""

    @property
    def is_neighbour(self) -> NDArray[np.bool_]:
        """(b, n) whether a column is a neighbour under any set of weights."""
        return (self.lists.single_seed > 0) | (self.lists.multi_seed > 0)


@dataclass(frozen=True)
class ListTable:
    """One of the two tables, computed block by block."""

    schema: pa.Schema
    codes: NDArray[np.uint32]
    """(n,) tracks or artists that have a list."""
    compute: Callable[[slice | NDArray[np.intp]], Block]
    """Lists of some of ``codes``: those of a slice, or of positions."""


def write_neighbours(
    lake: LakePaths, config: NeighbourConfig = DEFAULTS
) -> dict[str, dict[str, Any]]:
    """Write ``track_neighbours`` and ``artist_neighbours``, from one model.

    Every track in a playlist gets a list, up to ``max_tracks`` of them, and every artist of whom
    playlists, genres or acoustic vectors say anything.

    Returns:
        Table name -> number of lists and candidates, and parameters.
    """
    outputs = {name: lake.table(name) for name in TABLES}
    inputs = [lake.table(table) for table in NEIGHBOUR_INPUTS]
    key = fingerprint(__name__, settings=asdict(config), inputs=inputs)
    if is_current(outputs.values(), key):
        return {name: {**made_metadata(outputs[name]), "unchanged": True} for name in TABLES}
    model = NeighbourModel(read_inputs(lake, config), config)
    facts = PairFactSource(model)
    shared_metadata = {"candidates": len(model.columns), "parameters": asdict(config)}
    metadata = {}
    for name, table_of in TABLES.items():
        lists = _write(outputs[name], table_of(model, facts), model)
        metadata[name] = {"lists": lists, **shared_metadata}
        mark_current([outputs[name]], key, metadata[name])
    return metadata


def track_table(model: NeighbourModel, facts: PairFactSource) -> ListTable:
    """Return the table of the lists of tracks."""
    words = np.arange(len(model.inputs.track_codes))

    def compute(rows: slice | NDArray[np.intp]) -> Block:
        lists = model.of_tracks(words[rows])
        columns = {"confidence": model.confidence(words[rows])}
        return Block(lists, facts.of_tracks(words[rows], lists.columns), columns)

    return ListTable(TRACK_NEIGHBOURS, model.inputs.track_codes, compute)


def artist_table(model: NeighbourModel, facts: PairFactSource) -> ListTable:
    """Return the table of the lists of artists."""
    artists = np.arange(model.inputs.genres.shape[0])
    artists = artists[model.artists.has_evidence(artists)]

    def compute(rows: slice | NDArray[np.intp]) -> Block:
        lists = model.of_artists(artists[rows])
        return Block(lists, facts.of_artists(artists[rows], lists.columns), {})

    return ListTable(ARTIST_NEIGHBOURS, artists.astype(np.uint32), compute)


TABLES: dict[str, Callable[[NeighbourModel, PairFactSource], ListTable]] = {
    "track_neighbours": track_table,
    "artist_neighbours": artist_table,
}
"""Name of a table -> function that makes it from a model and its facts."""


def _write(output: Path, table: ListTable, model: NeighbourModel) -> int:
    total = len(table.codes) if model.config.neighbours else 0
    with progress(output.stem.replace("_", " "), total, "lists") as advance:
        batches = (
            batch
            for batch in _batches(table, total, model)
            if advance(batch.num_rows) is None  # counted as it passes
        )
        return write_table(output, table.schema, batches, dictionaries=())


def _batches(table: ListTable, total: int, model: NeighbourModel) -> Iterator[pa.Table]:
    candidate_codes = model.inputs.track_codes[model.columns]
    waiting: list[pa.Table] = []

    def compute(rows: slice) -> pa.Table:
        return _to_arrow(table.codes[rows], table.compute(rows), candidate_codes, table.schema)

    blocks = (slice(start, start + model.block) for start in range(0, total, model.block))
    for batch in thread_map(compute, blocks, BLOCKS_AT_ONCE):
        waiting.append(batch)
        if sum(batch.num_rows for batch in waiting) >= ROWS_AT_ONCE:
            yield pa.concat_tables(waiting)
            waiting = []
    if waiting:
        yield pa.concat_tables(waiting)


def _to_arrow(
    codes: NDArray[np.uint32],
    block: Block,
    candidate_codes: NDArray[np.uint32],
    schema: pa.Schema,
) -> pa.Table:
    lists, kept = block.lists, block.is_neighbour
    offsets = pa.array(np.concatenate([[0], np.cumsum(kept.sum(axis=1))]).astype(np.int32))
    columns = {
        schema.names[0]: codes,
        "neighbour_codes": pa.ListArray.from_arrays(offsets, candidate_codes[lists.columns[kept]]),
        "strengths": pa.ListArray.from_arrays(offsets, lists.single_seed[kept]),
        "several_strengths": pa.ListArray.from_arrays(offsets, lists.multi_seed[kept]),
        "shared_playlists": pa.ListArray.from_arrays(offsets, block.facts.shared[kept]),
        "als_strengths": pa.ListArray.from_arrays(offsets, block.facts.als[kept]),
        "count_levels": pa.ListArray.from_arrays(offsets, block.facts.counts[kept]),
        **block.columns,
    }
    return pa.table({name: columns[name] for name in schema.names}, schema=schema)
