"""Choosing the item-kNN baseline's parameters on the validation playlists."""

from itertools import product

import numpy as np

from embeat_pipeline.evaluate.baselines import ItemKnn, ItemKnnOptions, rank
from embeat_pipeline.evaluate.interactions import Playlists
from embeat_pipeline.evaluate.metrics import ranking_metrics
from embeat_pipeline.evaluate.queries import draw_queries

SHRINKAGES = (0.0, 5.0, 10.0, 20.0)
NEIGHBOURS = (100, 1_000, 10_000)
POPULARITIES = (0.0, 0.1, 0.2, 0.3)
MAX_QUERIES = 250


def tune_item_knn(
    train: Playlists, validation: Playlists, num_seeds: int, seed: int = 0
) -> ItemKnnOptions:
    """Options with the highest nDCG@20 for ``num_seeds`` seeds; the defaults without queries.

    Shrinkage and popularity are searched together, since both speak about frequency; the
    number of neighbours after them. Few seeds want more of either than many do, hence one
    search for each number of seeds.
    """
    queries = draw_queries(validation, num_seeds, seed)
    queries = queries.select(np.arange(min(len(queries), MAX_QUERIES)))
    if not len(queries):
        return ItemKnnOptions()

    def quality(options: ItemKnnOptions) -> float:
        ranked = rank(ItemKnn(train.tracks, options), queries, 20)
        return float(ranking_metrics(ranked, queries.targets)["ndcg@20"].mean())

    default = ItemKnnOptions().neighbours
    weighting = max(
        (ItemKnnOptions(s, default, p) for s, p in product(SHRINKAGES, POPULARITIES)), key=quality
    )
    return max(
        (ItemKnnOptions(weighting.shrinkage, n, weighting.popularity) for n in NEIGHBOURS),
        key=quality,
    )
