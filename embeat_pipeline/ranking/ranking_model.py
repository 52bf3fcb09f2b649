"""Train the ranking model of a lake: trees that order the candidates of a list.

Playlists are held out, and become queries whose evidence comes from models that have not seen them
(``folds``, ``examples``). Trees learn to put the rest of each playlist first (``boosting``). They
are kept where they are better than the neighbour lists alone (``judgement``).
"""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from embeat_pipeline.common.atomic import atomic_path, write_json
from embeat_pipeline.common.fingerprint import fingerprint
from embeat_pipeline.common.parquet import read_vectors
from embeat_pipeline.common.stage_cache import is_current, made_metadata, mark_current
from embeat_pipeline.interactions.playlists import (
    Playlists,
    catalogue_size,
    read_playlists,
    uniform,
)
from embeat_pipeline.ranking.boosting import grow
from embeat_pipeline.ranking.config import TABLES, RankingConfig
from embeat_pipeline.ranking.examples import Examples, collect
from embeat_pipeline.ranking.folds import open_fold
from embeat_pipeline.ranking.judgement import judge, judge_title_trees
from embeat_pipeline.ranking.training_set import TrainingSet
from embeat_serve.contract.lake import LakePaths
from embeat_serve.contract.manifest import ReleaseFile
from embeat_serve.ranking.tree_ranker import TreeRanker

DEFAULT_CONFIG = RankingConfig()


def model_path(lake: LakePaths) -> Path:
    """File of the trees, which the next release takes over."""
    return lake.models / ReleaseFile.RANKING_MODEL


def write_ranking_model(
    lake: LakePaths, config: RankingConfig = DEFAULT_CONFIG, device: str = "auto"
) -> dict[str, Any]:
    """Write the ranking model; without trees where there is too little to learn from.

    Returns:
        ``trees``; ``reason`` where none were grown; else what they were grown from (``queries``,
        ``playlists``, ``validation_queries``), the ``curve`` and the ``importances``, and what
        ``judge`` measured.

    Raises:
        UsageError: the device does not exist.
    """
    output = model_path(lake)
    inputs = [lake.table(name) for name in TABLES]
    key = fingerprint(__name__, settings=asdict(config), inputs=inputs)
    if is_current([output], key):
        return {**made_metadata(output), "unchanged": True}
    playlists = read_playlists(lake.table("playlists"), catalogue_size(lake.table("tracks")))
    ranker, metadata = train_ranking_model(lake, playlists, config, device)
    with atomic_path(output) as scratch:
        scratch.write_bytes(ranker.to_bytes())
    write_json(lake.reports / "ranking_model.json", metadata)
    mark_current([output], key, metadata)
    return metadata


def train_ranking_model(
    lake: LakePaths, playlists: Playlists, config: RankingConfig, device: str
) -> tuple[TreeRanker, dict[str, Any]]:
    """Train the ranking model; see ``write_ranking_model`` for what is returned with it."""
    share = config.folds * config.fold_share
    if len(playlists) * share < config.min_playlists:
        found = f"{len(playlists):,} playlists, of which {share:.0%} are held out"
        return TreeRanker.empty(), _no_trees(f"{found}; {config.min_playlists} are needed")
    parts: list[Examples] = []
    for number in range(config.folds):
        with open_fold(lake, playlists, config, number, device) as fold:
            parts.append(collect(lake, fold, config))
    examples = Examples.concatenate(parts)
    training, validation = split(examples.by_seeds, config)
    if not (training.hits.any() and validation.hits.any()):
        return TreeRanker.empty(), _no_trees("no held-out playlist has a hit among its candidates")
    genre_vectors = read_vectors(lake.table("genre_vectors"), "vector")
    try:
        boosted = grow(training, validation, config)
        judgement = judge(boosted, validation, genre_vectors, config)
        ranker, of_title = add_title_trees(judgement.ranker, examples.with_title, config)
    except OSError as error:
        return TreeRanker.empty(), _no_trees(
            f"LightGBM cannot be loaded ({error}); install its OpenMP library "
            "(Debian: apt install libgomp1, macOS: brew install libomp) and run again"
        )
    return ranker, {
        "trees": len(boosted.ensemble),
        **judgement.measured,
        "queries": len(training),
        "playlists": len(np.unique(training.playlists)),
        "validation_queries": len(validation),
        "curve": boosted.curve,
        "importances": boosted.importances,
        **of_title,
    }


def split(examples: TrainingSet, config: RankingConfig) -> tuple[TrainingSet, TrainingSet]:
    """Queries to train on, and to validate on, by their playlists."""
    is_validation = uniform(examples.playlists, config.seed + 1) < config.validation_share
    return examples.select(~is_validation), examples.select(is_validation)


def add_title_trees(
    ranker: TreeRanker, examples: TrainingSet, config: RankingConfig
) -> tuple[TreeRanker, dict[str, Any]]:
    """The ranker with trees that see the title as well, where names of playlists teach any."""
    training, validation = split(examples, config)
    if not (training.hits.any() and validation.hits.any()):
        return ranker, {"title_trees": 0}
    boosted = grow(training, validation, config, prior=ranker.trees.ensemble)
    judgement = judge_title_trees(boosted, ranker, validation, config)
    return judgement.ranker, {
        **judgement.measured,
        "title_queries": len(training),
        "title_importances": boosted.importances,
    }


def _no_trees(reason: str) -> dict[str, Any]:
    return {"trees": 0, "ranks_by": "channels", "reason": reason}
