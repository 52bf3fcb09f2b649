"""Ranking model: what each group of features is worth.

    python benchmarks/ranking_features.py --lake DIR

Makes the examples of the stage ``ranking`` from the lake's playlists, as ``run`` does (some five
minutes for 5,000 playlists). Grows the trees once with all features and once without each group,
and prints nDCG@20 on the validation playlists by number of seeds, with the difference to all
features and its 95% interval, paired over playlists. The number of trees is chosen on the same
playlists, for every group anew.
"""

import argparse
import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from embeat_pipeline.interactions import bootstrap
from embeat_pipeline.interactions.playlists import catalogue_size, read_playlists
from embeat_pipeline.ranking.boosting import grow
from embeat_pipeline.ranking.config import RankingConfig
from embeat_pipeline.ranking.examples import collect
from embeat_pipeline.ranking.folds import open_fold
from embeat_pipeline.ranking.judgement import ndcg, strata
from embeat_pipeline.ranking.ranking_model import split
from embeat_pipeline.ranking.training_set import TrainingSet
from embeat_serve.contract.lake import LakePaths
from embeat_serve.ranking.tree_features import FEATURES

RESULTS = Path(__file__).parent / "results" / "ranking_features.json"
GROUPS = {
    "all features": (),
    "ALS": ("als", "relative_als", "als_place"),
    "shared playlists": ("shared_playlists", "most_shared_playlists"),
    "agreement of lists": ("share_of_lists", "highest_strength"),
    "playlist count": ("playlist_count",),
    "confidence": ("confidence", "highest_confidence"),
    "artist and album": ("same_artist", "same_album"),
    "related artists": ("related_artist",),
    "genres": ("genre_similarity", "genre_nearness", "highest_genre_nearness"),
    "genre vectors": ("genre_nearness", "highest_genre_nearness"),
    "popularity": ("popularity", "seed_popularity", "popularity_difference"),
    "years": ("year", "year_difference"),
    "sound": ("cosine", "highest_cosine"),
}
"""Group -> features that are taken out."""


def main() -> None:
    """Measure, print a table, write JSON."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--lake", type=Path, required=True)
    config = RankingConfig()
    examples = make_examples(LakePaths(parser.parse_args().lake), config)
    training, validation = split(examples, config)
    masks = {name: mask for name, mask in strata(validation).items() if mask.any()}
    values = {}
    for name, features in GROUPS.items():
        values[name] = measure(training, validation, features, config)
        show(name, values[name], values["all features"], validation, masks)
    summary = {
        name: {cell: float(found[mask].mean()) for cell, mask in masks.items()}
        for name, found in values.items()
    }
    result = {"ndcg@20": summary, "measured_at": datetime.now(UTC).isoformat(timespec="seconds")}
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")


def make_examples(lake: LakePaths, config: RankingConfig) -> TrainingSet:
    """The examples of all folds."""
    playlists = read_playlists(lake.table("playlists"), catalogue_size(lake.table("tracks")))
    parts: list[TrainingSet] = []
    for number in range(config.folds):
        with open_fold(lake, playlists, config, number, "auto") as fold:
            parts.append(collect(lake, fold, config).by_seeds)
    return TrainingSet.concatenate(parts)


def measure(
    training: TrainingSet,
    validation: TrainingSet,
    left_out: tuple[str, ...],
    config: RankingConfig,
) -> NDArray[np.float64]:
    """(q,) nDCG@20 of the validation queries by trees that do not see some features."""
    columns = [FEATURES.index(name) for name in left_out]
    learning, judging = (without(examples, columns) for examples in (training, validation))
    ensemble = grow(learning, judging, config).ensemble
    return ndcg(validation, ensemble.scores(judging.features))


def without(examples: TrainingSet, columns: list[int]) -> TrainingSet:
    """Examples in which some features say nothing."""
    features = examples.features.copy()
    features[:, columns] = 0
    return replace(examples, features=features)


def show(
    name: str,
    found: NDArray[np.float64],
    reference: NDArray[np.float64],
    validation: TrainingSet,
    masks: dict[str, NDArray[np.bool_]],
) -> None:
    """A line for each stratum of the validation queries."""
    for stratum, mask in masks.items():
        _, place = np.unique(validation.playlists[mask], return_inverse=True)
        number = np.bincount(place)
        own, other = (np.bincount(place, values[mask]) / number for values in (found, reference))
        apart = bootstrap.difference(own, other)
        print(
            f"without {name:<20} {stratum:<12} {int(mask.sum()):>5} queries  nDCG@20 "
            f"{found[mask].mean():.4f} {apart.mean:+.4f} [{apart.low:+.4f}, {apart.high:+.4f}]",
            flush=True,
        )


if __name__ == "__main__":
    main()
