"""Neighbour lists: what each source is worth, on validation playlists.

    python benchmarks/playlist_sources.py --lake DIR

Needs a lake that was evaluated (``python -m embeat_pipeline evaluate``), whose holdout release was
trained without the validation playlists. Lists are made for the seeds that are queried alone, and
several seeds are added up as serving does. Prints mean nDCG@20 for 1 (three draws), 5 and 25 seeds
of tuned item-kNN, of all sources, of either kind of strength alone, and of all but each source; and
the difference to all sources with its 95% interval, paired over playlists.
"""

import argparse
import json
from collections.abc import Mapping
from dataclasses import fields, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from embeat_pipeline.evaluate.holdout.release import evaluation_lake
from embeat_pipeline.evaluate.inputs.playlist_split import lake_playlists
from embeat_pipeline.evaluate.systems.base import rank
from embeat_pipeline.evaluate.systems.baselines import ITEM_KNN_AXES
from embeat_pipeline.evaluate.systems.item_knn import ItemKnn, ItemKnnOptions
from embeat_pipeline.evaluate.systems.tuning import coordinate_search, validation_queries
from embeat_pipeline.interactions import bootstrap
from embeat_pipeline.interactions.queries import QuerySet, draw_queries
from embeat_pipeline.interactions.ranking_metrics import PADDING, ranking_metrics
from embeat_pipeline.interactions.split import SplitOptions, split_playlists
from embeat_pipeline.playlists.config import NeighbourConfig, SourceWeights
from embeat_pipeline.playlists.neighbours.inputs import UNKNOWN, read_inputs
from embeat_pipeline.playlists.neighbours.model import NeighbourLists, NeighbourModel
from embeat_serve.contract.lake import LakePaths
from embeat_serve.contract.neighbour_codec import NeighbourList
from embeat_serve.contract.schema import STRENGTH_LEVELS
from embeat_serve.retrieval.neighbour_aggregation import aggregate_neighbours

RESULTS = Path(__file__).parent / "results" / "playlist_sources.json"
WEIGHTS = [field.name for field in fields(SourceWeights) if field.name.endswith("_weight")]
DRAWS = {1: 3, 5: 1, 25: 1}
"""Number of seeds -> times that each playlist is asked with that many."""

Quality = dict[int, NDArray[np.float64]]
"""Number of seeds -> (playlists,) nDCG@20, the mean of the draws."""


def main() -> None:
    """Measure, print a table, write JSON."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--lake", type=Path, required=True)
    lake = LakePaths(parser.parse_args().lake)
    playlists = lake_playlists(lake)
    split = split_playlists(playlists, SplitOptions())
    validation = playlists.select(split.validation)
    queries = {
        count: [draw_queries(validation, count, draw) for draw in range(draws)]
        for count, draws in DRAWS.items()
    }
    default = NeighbourConfig()
    model = NeighbourModel(read_inputs(evaluation_lake(lake), default), default)
    artist_of = main_artists(lake, playlists.tracks.shape[1])
    configs = {
        "all": default,
        "strengths for one seed": replace(default, multi_seed=default.single_seed),
        "strengths for several seeds": replace(default, single_seed=default.multi_seed),
        **{f"without {name.removesuffix('_weight')}": without(default, name) for name in WEIGHTS},
    }
    found: dict[str, Quality] = {}
    for name, config in configs.items():
        # Sources are made before they are weighed.
        model.config = config
        found[name] = measure(model, artist_of, queries)
        show(name, found[name], found["all"])
    train = playlists.select(split.train).tracks
    tuned = coordinate_search(
        ItemKnnOptions(),
        ITEM_KNN_AXES,
        lambda options: ItemKnn(train, options),
        validation_queries(validation, tuple(DRAWS)),
    )
    knn = {count: ItemKnn(train, choice.options) for count, choice in tuned.items()}
    found["item-kNN, tuned"] = {
        count: np.mean([ndcg(rank(knn[count], one, 20), one) for one in drawn], axis=0)
        for count, drawn in queries.items()
    }
    show("item-kNN, tuned", found["item-kNN, tuned"], found["all"])
    content = {
        "ndcg@20": {
            name: {count: values.mean() for count, values in of_count.items()}
            for name, of_count in found.items()
        },
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def show(name: str, found: Quality, reference: Quality) -> None:
    """One line of the table."""
    cells = []
    for count, values in found.items():
        apart = bootstrap.difference(values, reference[count])
        cells.append(
            f"{count:>3}, {len(values)}: {values.mean():.4f} "
            f"{apart.mean:+.4f} [{apart.low:+.4f}, {apart.high:+.4f}]"
        )
    print(f"{name:<28}" + " | ".join(cells), flush=True)


def without(config: NeighbourConfig, name: str) -> NeighbourConfig:
    """The config with this weight 0 in both blends."""
    none = {name: 0.0}
    return replace(
        config,
        single_seed=replace(config.single_seed, **none),
        multi_seed=replace(config.multi_seed, **none),
    )


def main_artists(lake: LakePaths, tracks: int) -> NDArray[np.int64]:
    """(tracks,) main artist of each track of the catalogue, or ``UNKNOWN``."""
    import polars as pl

    codes = pl.read_parquet(lake.table("tracks"), columns=["artist_codes"])["artist_codes"]
    return codes.list.first().cast(pl.Int64).fill_null(UNKNOWN).to_numpy()[:tracks]


def measure(
    model: NeighbourModel, artist_of: NDArray[np.int64], queries: Mapping[int, list[QuerySet]]
) -> Quality:
    """Quality of a model's lists."""
    every = [one for drawn in queries.values() for one in drawn]
    seeds = np.unique(np.concatenate([one.seeds.ravel() for one in every]))
    lists = seed_lists(model, seeds, artist_of)
    return {
        count: np.mean([ndcg(answers(lists, one), one) for one in drawn], axis=0)
        for count, drawn in queries.items()
    }


def ndcg(ranked: NDArray[np.int64], queries: QuerySet) -> NDArray[np.float64]:
    """(q,) nDCG@20 of (q, 20) tracks."""
    return ranking_metrics(ranked, queries.targets)["ndcg@20"]


def answers(lists: Mapping[int, NeighbourList], queries: QuerySet) -> NDArray[np.int64]:
    """(q, 20) tracks that the lists of each query's seeds speak for most together."""
    ranked = np.full((len(queries), 20), PADDING, np.int64)
    for row, seeds in enumerate(queries.seeds.tolist()):
        found = aggregate_neighbours([lists.get(seed) for seed in seeds], seeds, 20)
        codes = np.concatenate([one.codes for one in found])
        unique, place = np.unique(codes, return_inverse=True)
        total = np.bincount(place, np.concatenate([one.strengths for one in found]), len(unique))
        order = np.lexsort((unique, -total))
        ranked[row, : len(order)] = unique[order]
    return ranked


def seed_lists(
    model: NeighbourModel, seeds: NDArray[np.int64], artist_of: NDArray[np.int64]
) -> dict[int, NeighbourList]:
    """The list of each seed: its own, else its main artist's."""
    codes = model.inputs.track_codes
    word = np.minimum(np.searchsorted(codes, seeds), len(codes) - 1)
    listed = codes[word] == seeds
    found: dict[int, NeighbourList] = {}
    for inside, answer, asked in (
        (listed, model.of_tracks, word[listed]),
        (~listed, model.of_artists, artist_of[seeds[~listed]]),
    ):
        for start in range(0, len(asked), model.block):
            lists: NeighbourLists = answer(asked[start : start + model.block])
            for seed, columns, one, several in zip(
                seeds[inside][start : start + model.block].tolist(),
                codes[model.columns[lists.columns]],
                lists.single_seed,
                lists.multi_seed,
                strict=True,
            ):
                listed = (one > 0) | (several > 0)
                strengths = np.stack([one, several])[:, listed].astype(np.float32)
                strengths /= STRENGTH_LEVELS
                found[seed] = NeighbourList(columns[listed], strengths[0], strengths[1], 0.0)
    return found


if __name__ == "__main__":
    main()
