"""Playlists of a few themes, some of them copies."""

import numpy as np

from embeat_pipeline.evaluate.systems.base import Scorer, rank
from embeat_pipeline.interactions.playlists import Playlists, membership
from embeat_pipeline.interactions.queries import QuerySet
from embeat_pipeline.interactions.ranking_metrics import ranking_metrics


def make_themed_playlists() -> Playlists:
    """300 playlists of 12..59 of 1,000 tracks, in 10 themes; every sixth copies the one before."""
    random = np.random.default_rng(5)
    sizes = random.integers(12, 60, 300)
    lists = [
        random.choice(200, size, replace=False) * 5 + (number % 10) // 2
        for number, size in enumerate(sizes)
    ]
    for number in range(5, 300, 6):
        lists[number] = lists[number - 1][: max(11, len(lists[number - 1]) - 2)]
    indptr = np.concatenate([[0], np.cumsum([len(codes) for codes in lists])])
    keys = random.integers(0, 1 << 63, 300).astype(np.uint64)
    return Playlists(keys, membership(indptr, np.concatenate(lists), 1_000))


def ndcg_of(scorer: Scorer, queries: QuerySet) -> float:
    """Mean nDCG@20 of a baseline, which must not recommend a seed."""
    ranked = rank(scorer, queries)
    assert not (ranked[:, :, None] == queries.seeds[:, None, :]).any(), "a seed was recommended"
    return float(ranking_metrics(ranked, queries.targets)["ndcg@20"].mean())
