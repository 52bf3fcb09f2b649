"""Compute ranking metrics of many lists at once, one value for each query.

Definitions are those of trec_eval: binary gains, discount 1 / log2(rank + 1), and an ideal list of
as many targets as fit. R-precision counts hits among the first R tracks, R the number of targets.
"""

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

PADDING = -1
"""Stands in a list after its end."""

RANKING_METRICS = ("ndcg@20", "ndcg@100", "recall@100", "hit@20", "r_precision", "mrr")
LIST_METRICS = ("artists@5", "similarity@20")
CATALOGUE_METRICS = ("coverage@20", "gini@20")


def ranking_metrics(
    ranked: NDArray[np.int64], targets: sparse.csr_array
) -> dict[str, NDArray[np.float64]]:
    """Compute every metric of ``RANKING_METRICS`` for each query.

    Args:
        ranked: (q, k) track codes, best first, ``PADDING`` where a list ends early.
        targets: (q, catalogue) binary, indices sorted, at least one per row.

    Raises:
        ValueError: a list holds a track twice, or a query has no target.
    """
    hits = find_hits(ranked, targets)
    relevant = np.diff(targets.indptr)
    if len(relevant) and relevant.min() == 0:
        raise ValueError("a query without targets cannot be scored; drop it beforehand")
    first = hits.any(axis=1) / (1.0 + hits.argmax(axis=1))
    within_r = hits & (np.arange(hits.shape[1]) < relevant[:, None])
    return {
        "ndcg@20": _ndcg(hits, relevant, 20),
        "ndcg@100": _ndcg(hits, relevant, 100),
        "recall@100": hits[:, :100].sum(axis=1) / relevant,
        "hit@20": np.asarray(hits[:, :20].any(axis=1), np.float64),
        "r_precision": within_r.sum(axis=1) / relevant,
        "mrr": first,
    }


def find_hits(ranked: NDArray[np.int64], targets: sparse.csr_array) -> NDArray[np.bool_]:
    """Whether each listed track is a target of its query: (q, k).

    Raises:
        ValueError: a list holds a track twice.
    """
    ordered = np.sort(ranked, axis=1)
    if ((ordered[:, 1:] == ordered[:, :-1]) & (ordered[:, 1:] != PADDING)).any():
        raise ValueError("a list holds the same track twice")
    count, catalogue = targets.shape
    rows = np.arange(count, dtype=np.int64)[:, None]
    target_keys = np.repeat(rows.ravel(), np.diff(targets.indptr)) * catalogue + targets.indices
    keys = np.where(ranked == PADDING, -1, rows * catalogue + ranked)
    # Targets are sorted by row and by track, so their keys ascend.
    place = np.searchsorted(target_keys, keys)
    return np.append(target_keys, -2)[place] == keys


def _ndcg(
    hits: NDArray[np.bool_], relevant: NDArray[np.integer], depth: int
) -> NDArray[np.float64]:
    discount = 1.0 / np.log2(np.arange(depth) + 2)
    gained = hits[:, :depth] @ discount[: hits.shape[1]]
    return gained / np.cumsum(discount)[np.minimum(relevant, depth) - 1]


def artists_at_5(ranked: NDArray[np.int64], main_artist: NDArray[np.int64]) -> NDArray[np.float64]:
    """Number of distinct main artists among the first five tracks: (q,)."""
    top = ranked[:, :5]
    artists = np.sort(np.where(top == PADDING, -1, main_artist[top]), axis=1)
    new = np.diff(artists, axis=1, prepend=-1) != 0
    return (new & (artists >= 0)).sum(axis=1).astype(np.float64)


def similarity_at_20(
    ranked: NDArray[np.int64], vectors: NDArray[np.float32]
) -> NDArray[np.float64]:
    """Mean cosine of all pairs among the first 20 tracks: (q,); 0 for fewer than two tracks.

    Args:
        ranked: (q, k) lists.
        vectors: (catalogue, d) of unit length; a track whose vector is zero is left out.
    """
    top = ranked[:, :20]
    present = (top != PADDING) & (vectors != 0).any(axis=1)[top]
    # The sum over pairs of unit vectors is (|sum|^2 - n) / 2: no pair is ever formed.
    total = np.einsum("qk,qkd->qd", present.astype(np.float32), vectors[top])
    number = present.sum(axis=1).astype(np.float64)
    pairs = np.square(total.astype(np.float64)).sum(axis=1) - number
    return np.divide(pairs, number * (number - 1), out=np.zeros_like(number), where=number > 1)


def coverage(ranked: NDArray[np.int64], catalogue: int, depth: int = 20) -> float:
    """Share of the catalogue that is among the first ``depth`` tracks of any list."""
    top = ranked[:, :depth]
    return np.unique(top[top != PADDING]).size / catalogue


def gini(ranked: NDArray[np.int64], catalogue: int, depth: int = 20) -> float:
    """Gini coefficient of how often each track of the catalogue is listed; 0 if all equally."""
    top = ranked[:, :depth]
    counts = np.sort(np.bincount(top[top != PADDING], minlength=catalogue)).astype(np.float64)
    if not counts.sum():
        return 0.0
    place = np.arange(1, catalogue + 1)
    return float(((2 * place - catalogue - 1) @ counts) / (catalogue * counts.sum()))
