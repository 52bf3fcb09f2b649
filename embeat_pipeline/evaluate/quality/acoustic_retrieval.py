"""Acoustic quality: do the vectors bring together what people put together?

Queries are tracks of artists the encoder never trained on. The whole catalogue is ranked by
cosine; relevant are the other tracks of the query's album, of its artist, and of the playlists
it is in. Re-releases of the query's recording are left out, since their features are the same.
"""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, NamedTuple

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray
from scipy import sparse

from embeat_pipeline.acoustic.track_reader import codes, first_codes
from embeat_pipeline.evaluate.metrics import bootstrap
from embeat_pipeline.evaluate.systems.item_knn import BLOCK_SCORES, top_columns
from embeat_pipeline.interactions.playlists import Playlists, mix
from embeat_pipeline.interactions.ranking_metrics import PADDING, find_hits, ranking_metrics
from embeat_serve.contract.lake import LakePaths

RELATIONS = ("album", "artist", "playlist")
METRICS = ("ndcg@20", "hit@10", "recall@100", "mrr")
RAW = "raw audio features"
MAX_QUERIES = 2_500
"""Queries asked for each relation."""
MAX_DRAWN = 20_000
"""Tracks looked at to find them."""
DEPTH = 100


def evaluate_sound(
    lake: LakePaths,
    playlists: Playlists,
    spaces: Mapping[str, NDArray[np.float32]],
    unseen: NDArray[np.bool_],
    seed: int = 0,
    asked_as: Mapping[str, NDArray[np.float32]] | None = None,
) -> dict[str, Any]:
    """Retrieval in each space, and its difference to the raw features.

    Args:
        lake: for the ``tracks`` table.
        playlists: all of them; those of the queries were not trained on either way.
        spaces: name -> (n, d) vectors, zero where a track has none; one of them is ``RAW``.
        unseen: (n,) tracks of artists that no encoder was trained on.
        seed: of the choice of queries and of the bootstrap.
        asked_as: name of a space -> (n, d) vectors that its queries have, where they are not
            those of the catalogue.

    Returns:
        ``queries`` and ``asked`` (relation -> number of them), ``artists``, ``spaces`` (names in
        order), ``table`` (space -> relation -> metric -> interval), ``differences`` (space ->
        relation -> interval of nDCG@20 minus the raw features') and ``ratios`` (space -> relation
        -> metric -> interval of what it is times the raw features'). Intervals are over artists:
        an artist's queries are averaged first.
    """
    heard = np.logical_and.reduce([(space != 0).any(axis=1) for space in spaces.values()])
    questions = pose(lake, playlists, unseen & heard, seed)
    values = {
        space: answer(questions, vectors, (asked_as or {}).get(space))
        for space, vectors in spaces.items()
    }
    return {
        "queries": len(questions.queries),
        "asked": {name: len(rows) for name, rows in questions.asked.items()},
        "artists": len(np.unique(questions.artist)),
        "spaces": list(spaces),
        **_summary(values, questions, seed),
    }


class Questions(NamedTuple):
    """Queries, and what they should find."""

    queries: NDArray[np.intp]
    """(q,) tracks."""
    artist: NDArray[np.int64]
    """(q,) their main artists."""
    recording: NDArray[np.int64]
    """(n,) of every track."""
    relevant: dict[str, sparse.csr_array]
    """Relation -> (q, n)."""
    asked: dict[str, NDArray[np.intp]]
    """Relation -> places in ``queries`` of those that are asked for it."""

    def by_artist(self, relation: str, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Means of ``values``, one a query of the relation, over each artist's queries."""
        _, place = np.unique(self.artist[self.asked[relation]], return_inverse=True)
        return np.bincount(place, values) / np.bincount(place)


Answers = dict[str, dict[str, NDArray[np.float64]]]
"""Relation -> metric -> value of each of its queries."""


def pose(
    lake: LakePaths, playlists: Playlists, among: NDArray[np.bool_], seed: int = 0
) -> Questions:
    """Choose queries among the tracks ``among`` (n,) names, see ``evaluate_sound``."""
    columns = pq.read_table(
        lake.table("tracks"), columns=["artist_codes", "album_code", "recording_code"]
    )
    artist = first_codes(columns["artist_codes"].combine_chunks())
    album = codes(columns["album_code"].combine_chunks())
    recording = codes(columns["recording_code"].combine_chunks())
    queries = np.flatnonzero(among & (artist >= 0))
    lots = mix(queries.astype(np.uint64), seed)
    queries = queries[np.argsort(lots)[:MAX_DRAWN]]
    relevant = {
        "album": _same(album, queries),
        "artist": _same(artist, queries),
        "playlist": _together(playlists, queries),
    }
    relevant = {name: _without(found, recording, queries) for name, found in relevant.items()}
    answerable = {name: np.flatnonzero(np.diff(found.indptr)) for name, found in relevant.items()}
    asked = {name: rows[:MAX_QUERIES] for name, rows in answerable.items()}
    wanted = np.unique(np.concatenate(list(asked.values())))
    queries = queries[wanted]
    relevant = {name: found[wanted] for name, found in relevant.items()}
    asked = {name: np.searchsorted(wanted, rows) for name, rows in asked.items()}
    return Questions(queries, artist[queries], recording, relevant, asked)


def answer(
    questions: Questions,
    vectors: NDArray[np.float32],
    asked_as: NDArray[np.float32] | None = None,
) -> Answers:
    """Ask one space, see ``evaluate_sound``."""
    ranked = nearest(vectors, questions.queries, questions.recording, asked_as)
    return {
        name: _metrics(ranked[rows], sparse.csr_array(questions.relevant[name][rows]))
        for name, rows in questions.asked.items()
        if len(rows)
    }


def _metrics(
    ranked: NDArray[np.int64], targets: sparse.csr_array
) -> dict[str, NDArray[np.float64]]:
    among_ten = find_hits(ranked[:, :10], targets).any(axis=1)
    return {**ranking_metrics(ranked, targets), "hit@10": np.asarray(among_ten, np.float64)}


def nearest(
    vectors: NDArray[np.float32],
    queries: NDArray[np.intp],
    recording: NDArray[np.int64],
    asked_as: NDArray[np.float32] | None = None,
) -> NDArray[np.int64]:
    """(q, ``DEPTH``) tracks nearest to each query by cosine, without its own recording.

    ``asked_as`` has the queries' vectors, of unit length, where they are others than ``vectors``.
    """
    norm = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit = (vectors / np.where(norm > 0, norm, 1)).astype(np.float32)
    asked = unit if asked_as is None else asked_as
    silent = norm[:, 0] == 0
    ranked = np.full((len(queries), DEPTH), PADDING, np.int64)
    block = max(1, BLOCK_SCORES // len(vectors))
    for start in range(0, len(queries), block):
        rows = queries[start : start + block]
        scores = asked[rows] @ unit.T
        scores[:, silent] = -np.inf
        scores[recording[rows, None] == recording] = -np.inf
        top = top_columns(scores, DEPTH)
        found = np.take_along_axis(scores, top, axis=1) > -np.inf
        ranked[start : start + block, : top.shape[1]] = np.where(found, top, PADDING)
    return ranked


def _same(codes: NDArray[np.int64], queries: NDArray[np.intp]) -> sparse.csr_array:
    """(q, n) tracks with each query's code; none where it is unknown (-1)."""
    known = np.flatnonzero(codes >= 0)
    ones = np.ones(len(known), np.float32)
    groups = sparse.csr_array((ones, (known, codes[known])), shape=(len(codes), codes.max() + 1))
    return sparse.csr_array(groups[queries] @ groups.T)


def _together(playlists: Playlists, queries: NDArray[np.intp]) -> sparse.csr_array:
    """(q, n) tracks that share a playlist with each query."""
    return sparse.csr_array(playlists.tracks[:, queries].T @ playlists.tracks)


def _without(
    found: sparse.csr_array, recording: NDArray[np.int64], queries: NDArray[np.intp]
) -> sparse.csr_array:
    pairs = found.tocoo()
    other = recording[queries[pairs.row]] != recording[pairs.col]
    ones = np.ones(int(other.sum()), np.float32)
    kept = sparse.csr_array((ones, (pairs.row[other], pairs.col[other])), shape=found.shape)
    kept.sort_indices()
    return kept


def _summary(values: Mapping[str, Answers], questions: Questions, seed: int) -> dict[str, Any]:
    table: dict[str, Any] = {space: {} for space in values}
    differences: dict[str, Any] = {space: {} for space in values if space != RAW}
    ratios: dict[str, Any] = {space: {} for space in values if space != RAW}
    for relation in values[RAW]:
        means = {
            space: {name: questions.by_artist(relation, found[relation][name]) for name in METRICS}
            for space, found in values.items()
        }
        matrix = np.stack([means[space][name] for space in means for name in METRICS])
        intervals = iter(bootstrap.intervals(matrix, seed))
        for space in means:
            table[space][relation] = {name: asdict(next(intervals)) for name in METRICS}
        for space in differences:
            gain = bootstrap.difference(means[space]["ndcg@20"], means[RAW]["ndcg@20"], seed)
            differences[space][relation] = asdict(gain)
            ratios[space][relation] = {
                name: asdict(bootstrap.ratio(means[space][name], means[RAW][name], seed))
                for name in METRICS
                if means[RAW][name].any()
            }
    return {"table": table, "differences": differences, "ratios": ratios}
