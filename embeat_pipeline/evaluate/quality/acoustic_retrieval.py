"""Measure whether acoustic vectors bring together the tracks that people put together.

Queries are tracks of artists that no encoder was trained on. The whole catalogue is ranked by
cosine. Relevant are the other tracks of the query's album, of its artist, and of its playlists.
Tracks of the query's own recording are left out, since their features are the same.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray
from scipy import sparse

from embeat_pipeline.acoustic.track_reader import codes, first_codes
from embeat_pipeline.evaluate.systems.base import BLOCK_SCORES, top_columns
from embeat_pipeline.interactions import bootstrap
from embeat_pipeline.interactions.playlists import Playlists, mix
from embeat_pipeline.interactions.ranking_metrics import PADDING, find_hits, ranking_metrics
from embeat_serve.contract.lake import LakePaths

RELATIONS = ("album", "artist", "playlist")
"""What makes a track relevant to a query: it shares this with it."""
METRICS = ("ndcg@20", "hit@10", "recall@100", "mrr")
RAW = "raw audio features"
"""Name of the space that the others are compared with."""
MAX_QUERIES = 2_500
"""Largest number of queries for each relation."""
MAX_DRAWN = 20_000
"""Tracks that queries are chosen from."""
DEPTH = 100
"""Length of the ranked lists."""

SpaceMetrics = dict[str, dict[str, NDArray[np.float64]]]
"""Relation -> metric -> one value for each of its queries."""


@dataclass(frozen=True)
class RetrievalQueries:
    """Tracks as queries, and the tracks that are relevant to each."""

    queries: NDArray[np.intp]
    """(q,) track codes."""
    artist: NDArray[np.int64]
    """(q,) main artist of each query."""
    recording: NDArray[np.int64]
    """(n,) recording of every track of the catalogue."""
    relevant: dict[str, sparse.csr_array]
    """Relation -> (q, n) binary."""
    rows: dict[str, NDArray[np.intp]]
    """Relation -> positions in ``queries`` of the queries that are scored for it."""

    def by_artist(self, relation: str, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Mean over each artist's queries of values of a relation, one for each of its rows."""
        _, place = np.unique(self.artist[self.rows[relation]], return_inverse=True)
        return np.bincount(place, values) / np.bincount(place)


def evaluate_acoustic_spaces(
    lake: LakePaths,
    playlists: Playlists,
    spaces: Mapping[str, NDArray[np.float32]],
    unseen: NDArray[np.bool_],
    *,
    seed: int = 0,
) -> dict[str, Any]:
    """Measure retrieval in each space, and the difference to the raw features.

    Args:
        lake: for the ``tracks`` table.
        playlists: all of them; no encoder was trained on the artists of the queries.
        spaces: name -> (n, d) vectors, zero where a track has none; one of them is ``RAW``.
        unseen: (n,) tracks of artists that no encoder was trained on.
        seed: of the choice of queries and of the bootstrap.

    Returns:
        ``queries`` (their number), ``asked`` (relation -> number), ``artists``, ``spaces`` (names
        in order), ``table`` (space -> relation -> metric -> interval), ``differences`` (space ->
        relation -> interval of nDCG@20 minus that of the raw features) and ``ratios`` (space ->
        relation -> metric -> interval of the ratio to the raw features). Intervals are over
        artists: an artist's queries are averaged first.
    """
    has_vectors = np.logical_and.reduce([(space != 0).any(axis=1) for space in spaces.values()])
    queries = draw_retrieval_queries(lake, playlists, unseen & has_vectors, seed)
    values = {space: evaluate_space(queries, vectors) for space, vectors in spaces.items()}
    return {
        "queries": len(queries.queries),
        "asked": {name: len(rows) for name, rows in queries.rows.items()},
        "artists": len(np.unique(queries.artist)),
        "spaces": list(spaces),
        **_summary(values, queries, seed),
    }


def draw_retrieval_queries(
    lake: LakePaths, playlists: Playlists, among: NDArray[np.bool_], seed: int = 0
) -> RetrievalQueries:
    """Choose queries among the tracks of a (n,) mask.

    Args:
        lake: for the ``tracks`` table.
        playlists: of that lake.
        among: tracks that may be queries.
        seed: of the choice.
    """
    columns = pq.read_table(
        lake.table("tracks"), columns=["artist_codes", "album_code", "recording_code"]
    )
    artist = first_codes(columns["artist_codes"].combine_chunks())
    album = codes(columns["album_code"].combine_chunks())
    recording = codes(columns["recording_code"].combine_chunks())
    queries = np.flatnonzero(among & (artist >= 0))
    lots = mix(queries.astype(np.uint64), seed)
    queries = queries[np.argsort(lots)[:MAX_DRAWN]]
    related = {
        "album": _same_code(album, queries),
        "artist": _same_code(artist, queries),
        "playlist": _same_playlist(playlists, queries),
    }
    relevant = {name: _without_copies(pairs, recording, queries) for name, pairs in related.items()}
    rows = {
        name: np.flatnonzero(np.diff(pairs.indptr))[:MAX_QUERIES]
        for name, pairs in relevant.items()
    }
    used = np.unique(np.concatenate(list(rows.values())))
    queries = queries[used]
    return RetrievalQueries(
        queries,
        artist[queries],
        recording,
        {name: pairs[used] for name, pairs in relevant.items()},
        {name: np.searchsorted(used, of_relation) for name, of_relation in rows.items()},
    )


def evaluate_space(
    queries: RetrievalQueries,
    vectors: NDArray[np.float32],
    query_vectors: NDArray[np.float32] | None = None,
) -> SpaceMetrics:
    """Metrics of every query in one space.

    Args:
        queries: see ``draw_retrieval_queries``.
        vectors: (n, d), zero where a track has none.
        query_vectors: (n, d) of unit length, where a query's vector is not the track's own.
    """
    ranked = nearest(vectors, queries.queries, queries.recording, query_vectors)
    return {
        name: _metrics(ranked[rows], sparse.csr_array(queries.relevant[name][rows]))
        for name, rows in queries.rows.items()
        if len(rows)
    }


def _metrics(
    ranked: NDArray[np.int64], targets: sparse.csr_array
) -> dict[str, NDArray[np.float64]]:
    has_hit = find_hits(ranked[:, :10], targets).any(axis=1)
    return {**ranking_metrics(ranked, targets), "hit@10": np.asarray(has_hit, np.float64)}


def nearest(
    vectors: NDArray[np.float32],
    queries: NDArray[np.intp],
    recording: NDArray[np.int64],
    query_vectors: NDArray[np.float32] | None = None,
) -> NDArray[np.int64]:
    """Tracks nearest to each query by cosine, without its own recording.

    Args:
        vectors: (n, d), zero where a track has none.
        queries: (q,) track codes.
        recording: (n,) recording of each track.
        query_vectors: see ``evaluate_space``.

    Returns:
        (q, ``DEPTH``) track codes, ``PADDING`` where there are no more.
    """
    norm = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit = (vectors / np.where(norm > 0, norm, 1)).astype(np.float32)
    query_unit = unit if query_vectors is None else query_vectors
    has_none = norm[:, 0] == 0
    ranked = np.full((len(queries), DEPTH), PADDING, np.int64)
    block = max(1, BLOCK_SCORES // len(vectors))
    for start in range(0, len(queries), block):
        rows = queries[start : start + block]
        scores = query_unit[rows] @ unit.T
        scores[:, has_none] = -np.inf
        scores[recording[rows, None] == recording] = -np.inf
        top = top_columns(scores, DEPTH)
        is_scored = np.take_along_axis(scores, top, axis=1) > -np.inf
        ranked[start : start + block, : top.shape[1]] = np.where(is_scored, top, PADDING)
    return ranked


def _same_code(codes: NDArray[np.int64], queries: NDArray[np.intp]) -> sparse.csr_array:
    """(q, n) tracks with the code of each query; none where it is unknown (-1)."""
    rows = np.flatnonzero(codes >= 0)
    ones = np.ones(len(rows), np.float32)
    groups = sparse.csr_array((ones, (rows, codes[rows])), shape=(len(codes), codes.max() + 1))
    return sparse.csr_array(groups[queries] @ groups.T)


def _same_playlist(playlists: Playlists, queries: NDArray[np.intp]) -> sparse.csr_array:
    """(q, n) tracks that share a playlist with each query."""
    return sparse.csr_array(playlists.tracks[:, queries].T @ playlists.tracks)


def _without_copies(
    related: sparse.csr_array, recording: NDArray[np.int64], queries: NDArray[np.intp]
) -> sparse.csr_array:
    """The pairs whose tracks are different recordings, as a binary matrix."""
    pairs = related.tocoo()
    differs = recording[queries[pairs.row]] != recording[pairs.col]
    ones = np.ones(int(differs.sum()), np.float32)
    relevant = sparse.csr_array(
        (ones, (pairs.row[differs], pairs.col[differs])), shape=related.shape
    )
    relevant.sort_indices()
    return relevant


def _summary(
    values: Mapping[str, SpaceMetrics], queries: RetrievalQueries, seed: int
) -> dict[str, Any]:
    table: dict[str, Any] = {space: {} for space in values}
    differences: dict[str, Any] = {space: {} for space in values if space != RAW}
    ratios: dict[str, Any] = {space: {} for space in values if space != RAW}
    for relation in values[RAW]:
        means = {
            space: {name: queries.by_artist(relation, of[relation][name]) for name in METRICS}
            for space, of in values.items()
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
