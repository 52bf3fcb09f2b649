"""Neighbour lists: for every track in a playlist, and every artist, the tracks played with it.

Several sources are weighed into one score (``sources.py``), and the best are kept as they are: an
exact list of top-N instead of a search. That is done twice, with weights for a single seed and
with weights for many, and a list holds the best of both with two strengths each. A track in few
playlists has little of its own, so most of its list is what its artist says; the list of an artist
stands in for tracks in no playlist; artists that sound like it help out where it is in few
playlists itself (``sound.py``).
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import torch
from numpy.typing import NDArray

from embeat_pipeline.common.fingerprint import stage_key
from embeat_pipeline.common.parquet import write_table
from embeat_pipeline.common.progress import progress
from embeat_pipeline.common.schemas import ARTIST_NEIGHBOURS, TRACK_NEIGHBOURS
from embeat_pipeline.common.stage_cache import is_current, made_metadata, mark_current
from embeat_pipeline.playlists.config import NEIGHBOUR_INPUTS, NeighbourConfig, SourceWeights
from embeat_pipeline.playlists.neighbours.ease import RegressionSource
from embeat_pipeline.playlists.neighbours.inputs import read_material
from embeat_pipeline.playlists.neighbours.item_knn import (
    AlbumSource,
    ArtistSource,
    Candidates,
    NeighbourInputs,
    ScoreAccumulator,
    Source,
    TrackSource,
    VectorSource,
)
from embeat_pipeline.playlists.neighbours.shared_counts import SharedPlaylists
from embeat_serve.contract.lake import LakePaths
from embeat_serve.contract.schema import STRENGTH_LEVELS

BLOCK_SCORES = 1 << 24
"""Scores held at a time: 64 MB, and a few copies of it."""

ROWS_AT_ONCE = 20_000
"""Lists written at a time: 30 MB."""

DEFAULTS = NeighbourConfig()


class Lists(NamedTuple):
    """Neighbour lists of b rows: the best of either blend, those of a single seed first.

    A column with strength 0 in both is no neighbour.
    """

    columns: NDArray[np.intp]
    """(b, n) positions among the candidates."""
    strengths: NDArray[np.uint8]
    """(b, n) ``STRENGTH_LEVELS`` is the best of a list that counts in full; for a single seed."""
    several: NDArray[np.uint8]
    """(b, n) the same for several seeds."""


class NeighbourModel:
    """All sources weighed into one score."""

    def __init__(self, material: NeighbourInputs, config: NeighbourConfig):
        self.material, self.config = material, config
        self.candidates = Candidates.most_frequent(material, config.max_candidates)
        self.columns = self.candidates.columns
        """(c,) words that can be neighbours."""
        self._column_of = np.full(len(material.track_codes), -1)
        self._column_of[self.columns] = np.arange(len(self.columns))
        self._own: list[Source] = [
            source(material, self.candidates, config)
            for source in (TrackSource, VectorSource, AlbumSource)
        ]
        if any(blend.regression_weight for blend in self._blends):
            self._own.append(RegressionSource(material, self.candidates, config))
        self.artists = ArtistSource(material, self.candidates, config)

    @property
    def _blends(self) -> tuple[SourceWeights, SourceWeights]:
        return self.config.single, self.config.several

    @property
    def block(self) -> int:
        """Rows to be answered at a time."""
        return max(1, BLOCK_SCORES // max(len(self.columns), 1))

    def of_tracks(self, words: NDArray[np.intp]) -> Lists:
        """Lists of tracks (b,)."""
        artists = self.artists.scores(self.material.artists[words], self._blends)
        doubt = 1 - self.confidence(words)[:, None]
        sinks = [
            ScoreAccumulator(blend, scores * doubt)
            for blend, scores in zip(self._blends, artists, strict=True)
        ]
        for source in self._own:
            source.add_to(sinks, words)
        own = self._column_of[words]
        listed = np.flatnonzero(own >= 0)
        for _, scores in sinks:
            scores[listed, own[listed]] = 0
        return best(sinks, self.config)

    def confidence(self, words: NDArray[np.intp]) -> NDArray[np.float32]:
        """(b,) how much of what is said of each track is known from its own playlists.

        c / (c + confidence_shift) of a track in c playlists; its artist says the rest.
        """
        counts = self.material.counts[words]
        return np.asarray(counts / (counts + self.config.confidence_shift), np.float32)

    def of_artists(self, artists: NDArray[np.int64]) -> Lists:
        """Lists of artists (b,)."""
        scores = self.artists.scores(artists, self._blends, by_sound=True)
        return best(
            [ScoreAccumulator(*pair) for pair in zip(self._blends, scores, strict=True)],
            self.config,
        )


def best(sinks: Sequence[ScoreAccumulator], config: NeighbourConfig) -> Lists:
    """The highest of each row (b, c) under either blend, with the strengths under both."""
    (columns, strengths), (others, several) = (top(sink, config) for sink in sinks)
    row = np.arange(len(columns))[:, None]
    place = np.full(sinks[0].scores.shape, -1, np.int32)
    place[row, columns] = np.arange(columns.shape[1], dtype=np.int32)
    found = place[row, others]
    in_both = found >= 0
    both = np.zeros_like(strengths)
    both[np.nonzero(in_both)[0], found[in_both]] = several[in_both]
    more = np.where(in_both, 0, several)
    return Lists(
        np.concatenate([columns, others], axis=1),
        np.concatenate([strengths, np.zeros_like(several)], axis=1),
        np.concatenate([both, more], axis=1),
    )


def top(
    sink: ScoreAccumulator, config: NeighbourConfig
) -> tuple[NDArray[np.intp], NDArray[np.uint8]]:
    """Columns of the highest of each row (b, c), ties by column, and their strengths."""
    scores = sink.scores
    number = min(config.neighbours, scores.shape[1])
    if number == 0:
        return np.zeros((len(scores), 0), np.intp), np.zeros((len(scores), 0), np.uint8)
    # Rows of many equal values take numpy's partition seventy times as long.
    columns = np.sort(torch.topk(torch.from_numpy(scores), number, dim=1).indices.numpy(), axis=1)
    values = np.take_along_axis(scores, columns, axis=1)
    order = np.argsort(-values, axis=1, kind="stable")
    columns, values = np.take_along_axis(columns, order, 1), np.take_along_axis(values, order, 1)
    # A list with fewer than it may hold is complete: what is not on it has nothing.
    base = np.float32(config.floor) * np.maximum(values[:, -1:], 0)
    relative = (values - base) / np.maximum(values[:, :1] - base, 1e-12)
    first = np.maximum(values[:, :1], 0) / np.float32(sink.blend.full_score)
    weight = np.minimum(first, 1) ** config.score_exponent
    strengths = np.where(values > 0, np.ceil(relative * weight * STRENGTH_LEVELS), 0)
    return columns, strengths.clip(0, STRENGTH_LEVELS).astype(np.uint8)


Answer = tuple[Lists, NDArray[np.uint16], dict[str, Any]]
"""Lists of b rows, (b, n) playlists shared with each neighbour, and further columns."""


@dataclass(frozen=True)
class Rows:
    """Rows of one of the tables, answered block by block."""

    schema: pa.Schema
    codes: NDArray[np.uint32]
    answer: Callable[[slice], Answer]
    """Lists of some of ``codes``."""


def write_neighbours(
    lake: LakePaths, config: NeighbourConfig = DEFAULTS
) -> dict[str, dict[str, Any]]:
    """Write ``track_neighbours`` and ``artist_neighbours``, from one model.

    They have a list for every track that is in a playlist, and for every artist of whom playlists,
    genres or sound say anything.

    Returns:
        Table name -> lists, candidates and parameters.
    """
    outputs = {name: lake.table(name) for name in TABLES}
    key = stage_key([lake.table(table) for table in NEIGHBOUR_INPUTS], asdict(config))
    if is_current(outputs.values(), key):
        return {name: {**made_metadata(outputs[name]), "unchanged": True} for name in TABLES}
    model = NeighbourModel(read_material(lake, config), config)
    told = {"candidates": len(model.columns), "parameters": asdict(config)}
    made = {}
    for name, rows_of in TABLES.items():
        made[name] = {"lists": _write(outputs[name], rows_of(model), model), **told}
        mark_current([outputs[name]], key, made[name])
    return made


def _tracks(model: NeighbourModel) -> Rows:
    words = np.arange(len(model.material.track_codes))
    shared = SharedPlaylists(model.material, model.candidates, model.artists)

    def answer(chosen: slice) -> Answer:
        lists = model.of_tracks(words[chosen])
        confidence = {"confidence": model.confidence(words[chosen])}
        return lists, shared.of_tracks(words[chosen], lists.columns), confidence

    return Rows(TRACK_NEIGHBOURS, model.material.track_codes, answer)


def _artists(model: NeighbourModel) -> Rows:
    artists = np.arange(model.material.genres.shape[0])
    artists = artists[model.artists.has_evidence(artists)]
    shared = SharedPlaylists(model.material, model.candidates, model.artists)

    def answer(chosen: slice) -> Answer:
        lists = model.of_artists(artists[chosen])
        return lists, shared.of_artists(artists[chosen], lists.columns), {}

    return Rows(ARTIST_NEIGHBOURS, artists.astype(np.uint32), answer)


TABLES: dict[str, Callable[[NeighbourModel], Rows]] = {
    "track_neighbours": _tracks,
    "artist_neighbours": _artists,
}


def _write(output: Path, rows: Rows, model: NeighbourModel) -> int:
    wanted = len(rows.codes) if model.config.neighbours else 0
    with progress(output.stem.replace("_", " "), wanted, "lists") as advance:
        batches = (
            table
            for table in _batches(rows, wanted, model)
            if advance(table.num_rows) is None  # counted as it passes
        )
        return write_table(output, rows.schema, batches, dictionaries=())


def _batches(rows: Rows, wanted: int, model: NeighbourModel) -> Iterator[pa.Table]:
    codes_of = model.material.track_codes[model.columns]
    waiting: list[pa.Table] = []
    for start in range(0, wanted, model.block):
        chosen = slice(start, start + model.block)
        answer = rows.answer(chosen)
        waiting.append(_table(rows.codes[chosen], answer, codes_of, rows.schema))
        if sum(table.num_rows for table in waiting) >= ROWS_AT_ONCE:
            yield pa.concat_tables(waiting)
            waiting = []
    if waiting:
        yield pa.concat_tables(waiting)


def _table(
    codes: NDArray[np.uint32],
    answer: Answer,
    codes_of: NDArray[np.uint32],
    schema: pa.Schema,
) -> pa.Table:
    lists, shared, more = answer
    kept = (lists.strengths > 0) | (lists.several > 0)
    offsets = pa.array(np.concatenate([[0], np.cumsum(kept.sum(axis=1))]).astype(np.int32))
    columns = {
        schema.names[0]: codes,
        "neighbour_codes": pa.ListArray.from_arrays(offsets, codes_of[lists.columns[kept]]),
        "strengths": pa.ListArray.from_arrays(offsets, lists.strengths[kept]),
        "several_strengths": pa.ListArray.from_arrays(offsets, lists.several[kept]),
        "shared_playlists": pa.ListArray.from_arrays(offsets, shared[kept]),
        **more,
    }
    return pa.table({name: columns[name] for name in schema.names}, schema=schema)
