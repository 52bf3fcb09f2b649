"""Neighbour lists: what each source is worth, on validation playlists.

    python benchmarks/playlist_sources.py --lake DIR

Needs a lake that was evaluated (``python -m embeat_pipeline evaluate``), whose twin was trained
without the validation playlists. Lists are made for the seeds asked about alone, and several seeds
are added up as serving does. Prints mean nDCG@20 for 1, 5 and 25 seeds of tuned item-kNN, of all
sources, of either kind of strength alone, of all but each source, and of each alone.
"""

import argparse
import json
from dataclasses import fields, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from embeat_pipeline.evaluate.baselines import ItemKnn
from embeat_pipeline.evaluate.metrics import PADDING, ranking_metrics
from embeat_pipeline.evaluate.queries import QuerySet
from embeat_pipeline.evaluate.split import SplitOptions, split_playlists
from embeat_pipeline.evaluate.tune import quality, tune_item_knn, validation_queries
from embeat_pipeline.evaluate.twin import evaluation_lake, lake_playlists
from embeat_pipeline.playlists.config import Blend, NeighbourConfig
from embeat_pipeline.playlists.material import read_material
from embeat_pipeline.playlists.neighbours import Lists, NeighbourModel
from embeat_pipeline.playlists.sources import UNKNOWN, Material
from embeat_serve.contract import STRENGTH_LEVELS, LakePaths
from embeat_serve.neighbours import Neighbours, agreed

RESULTS = Path(__file__).parent / "results" / "playlist_sources.json"
WEIGHTS = [field.name for field in fields(Blend) if field.name.endswith("_weight")]


def main() -> None:
    """Measure, print a table, write JSON."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--lake", type=Path, required=True)
    lake = LakePaths(parser.parse_args().lake)
    playlists = lake_playlists(lake)
    split = split_playlists(playlists, SplitOptions())
    train = playlists.select(split.train).tracks
    queries = validation_queries(playlists.select(split.validation), (1, 5, 25))
    default = NeighbourConfig()
    material = read_material(evaluation_lake(lake), default)
    artist_of = main_artists(lake, playlists.tracks.shape[1])
    tuned = tune_item_knn(train, queries)
    table = {"item-kNN, tuned": [quality(ItemKnn(train, tuned[n]), q) for n, q in queries.items()]}
    show("", [f"{count} seeds, {len(drawn)}" for count, drawn in queries.items()])
    show("item-kNN, tuned", table["item-kNN, tuned"])
    configs = {"all": default}
    configs |= {
        "strengths for one seed": replace(default, several=default.single),
        "strengths for several seeds": replace(default, single=default.several),
    }
    configs |= {f"without {name}": kept(default, set(WEIGHTS) - {name}) for name in WEIGHTS}
    configs |= {f"{name} alone": kept(default, {name}) for name in WEIGHTS}
    for name, config in configs.items():
        table[name] = [measure(material, artist_of, config, drawn) for drawn in queries.values()]
        show(name, table[name])
    content = {"ndcg@20": table, "measured_at": datetime.now(UTC).isoformat(timespec="seconds")}
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def show(name: str, values: list) -> None:
    """One line of the table."""
    print(
        f"{name:<30}" + "".join(f"{v:>16.4f}" if name else f"{v:>16}" for v in values), flush=True
    )


def kept(config: NeighbourConfig, names: set[str]) -> NeighbourConfig:
    """The config with only these weights in both blends."""
    none = dict.fromkeys(set(WEIGHTS) - names, 0.0)
    return replace(
        config, single=replace(config.single, **none), several=replace(config.several, **none)
    )


def main_artists(lake: LakePaths, tracks: int) -> NDArray[np.int64]:
    """(tracks,) main artist of each track of the catalogue, or ``UNKNOWN``."""
    import polars as pl

    codes = pl.read_parquet(lake.table("tracks"), columns=["artist_codes"])["artist_codes"]
    return codes.list.first().cast(pl.Int64).fill_null(UNKNOWN).to_numpy()[:tracks]


def measure(
    material: Material, artist_of: NDArray[np.int64], config: NeighbourConfig, queries: QuerySet
) -> float:
    """Mean nDCG@20 of lists made with a config."""
    model = NeighbourModel(material, config)
    lists = seed_lists(model, np.unique(queries.seeds), artist_of)
    ranked = np.full((len(queries), 20), PADDING, np.int64)
    for row, seeds in enumerate(queries.seeds.tolist()):
        found = agreed([lists.get(seed) for seed in seeds], seeds, 20)
        codes = np.concatenate([codes for codes, _ in found])
        unique, place = np.unique(codes, return_inverse=True)
        total = np.bincount(place, np.concatenate([one for _, one in found]), len(unique))
        order = np.lexsort((unique, -total))
        ranked[row, : len(order)] = unique[order]
    return float(ranking_metrics(ranked, queries.targets)["ndcg@20"].mean())


def seed_lists(
    model: NeighbourModel, seeds: NDArray[np.int64], artist_of: NDArray[np.int64]
) -> dict[int, Neighbours]:
    """The list of each seed: its own, else its main artist's."""
    codes = model.material.track_codes
    word = np.minimum(np.searchsorted(codes, seeds), len(codes) - 1)
    listed = codes[word] == seeds
    found: dict[int, Neighbours] = {}
    for inside, answer, asked in (
        (listed, model.of_tracks, word[listed]),
        (~listed, model.of_artists, artist_of[seeds[~listed]]),
    ):
        for start in range(0, len(asked), model.block):
            lists: Lists = answer(asked[start : start + model.block])
            for seed, columns, one, several in zip(
                seeds[inside][start : start + model.block].tolist(),
                codes[model.columns[lists.columns]],
                lists.strengths,
                lists.several,
                strict=True,
            ):
                listed = (one > 0) | (several > 0)
                strengths = np.stack([one, several])[:, listed].astype(np.float32)
                strengths /= STRENGTH_LEVELS
                found[seed] = Neighbours(columns[listed], strengths[0], strengths[1], 0.0)
    return found


if __name__ == "__main__":
    main()
