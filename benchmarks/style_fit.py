"""Neighbour lists: what style and genres do to hits, and to songs that jar.

    python benchmarks/style_fit.py --lake DIR [--part test]

Needs a lake that was evaluated (``python -m embeat_pipeline evaluate``), whose holdout release was
trained without the playlists of either part. For each setting of style and of the weight of
genres, for style by genres in common instead of genre vectors, and for 1 (three draws) and 5 seeds,
it prints nDCG@20 and how many of the first ten songs have no genre in common with any seed, by how
many playlists hold the seeds (their median). Songs by artists of the seeds or by related ones do
not count, nor where genres are unknown. Differences are to the settings of ``NeighbourConfig``,
with 95% intervals, paired over queries.
"""

import argparse
import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray
from playlist_sources import answers, main_artists, ndcg, seed_lists
from scipy import sparse

from embeat_pipeline.evaluate.holdout.release import evaluation_lake
from embeat_pipeline.evaluate.inputs.playlist_split import PlaylistSplit, load_split
from embeat_pipeline.interactions import bootstrap
from embeat_pipeline.interactions.queries import QuerySet, draw_queries
from embeat_pipeline.interactions.ranking_metrics import PADDING
from embeat_pipeline.interactions.split import SplitOptions, novel
from embeat_pipeline.playlists.config import NeighbourConfig
from embeat_pipeline.playlists.neighbours.inputs import UNKNOWN, read_inputs
from embeat_pipeline.playlists.neighbours.model import NeighbourModel
from embeat_serve.contract.lake import LakePaths

RESULTS = Path(__file__).parent / "results" / "style_fit.json"
DRAWS = {1: 3, 5: 1}
"""Number of seeds -> times that each playlist is asked with that many."""
SUPPORT = {
    "all": (0, np.inf),
    "none": (0, 0),
    "1-3": (0.5, 3),
    "4-20": (3.5, 20),
    "21-": (20.5, np.inf),
}
"""Name of a stratum -> fewest and most playlists that hold a query's seeds."""


class Artists(NamedTuple):
    """What is known of the artists of a lake."""

    of_track: NDArray[np.int64]
    """(tracks,) main artist, or ``UNKNOWN``."""
    genres: sparse.csr_array
    """(artists, genres) 1 where an artist has a genre."""
    related: sparse.csr_array
    """(artists, artists) 1 where one names the other as related."""


def main() -> None:
    """Measure, print a table, write JSON."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--lake", type=Path, required=True)
    parser.add_argument("--part", choices=("validation", "test"), default="validation")
    arguments = parser.parse_args()
    lake = LakePaths(arguments.lake)
    data = load_split(lake, SplitOptions())
    queries = novel_queries(data, arguments.part)
    artists = read_artists(lake, data.train.tracks.shape[1])
    default = NeighbourConfig()
    inputs = read_inputs(evaluation_lake(lake), default)
    frequency = data.train.frequency()
    variants = {
        "default": default,
        "neither": replace(weighing(0.0), style_shift=0.0),
        "no style": replace(default, style_shift=0.0),
        "no genres": weighing(0.0),
        "genres .05": weighing(0.05),
        "shift 1": replace(default, style_shift=1.0),
        "shift 10": replace(default, style_shift=10.0),
        "full .75": replace(default, full_style=0.75),
        "unknown 1": replace(default, unknown_style=1.0),
        "unknown .3": replace(default, unknown_style=0.3),
    }
    content = {}
    for name, config in variants.items():
        content[name] = measure(NeighbourModel(inputs, config), artists, queries, frequency)
        show(name, content[name], content["default"])
    name = "in common"
    without = replace(inputs, genre_vectors=np.zeros_like(inputs.genre_vectors))
    model = NeighbourModel(without, replace(default, full_style=0.1))
    content[name] = measure(model, artists, queries, frequency)
    show(name, content[name], content["default"])
    summary = {
        name: {cell: [float(part.mean()) for part in values] for cell, values in cells.items()}
        for name, cells in content.items()
    }
    result = {
        "part": arguments.part,
        "ndcg@20, songs that jar": summary,
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")


def novel_queries(data: PlaylistSplit, part: str) -> list[QuerySet]:
    """Query sets of the novel playlists of a part."""
    playlists = data.validation if part == "validation" else data.test
    playlists = playlists.select(novel(playlists, data.train))
    return [
        draw_queries(playlists, count, draw)
        for count, draws in DRAWS.items()
        for draw in range(draws)
    ]


def weighing(weight: float) -> NeighbourConfig:
    """The default settings with this weight of genres under both sets of weights."""
    config = NeighbourConfig()
    return replace(
        config,
        single_seed=replace(config.single_seed, genre_weight=weight),
        multi_seed=replace(config.multi_seed, genre_weight=weight),
    )


def read_artists(lake: LakePaths, tracks: int) -> Artists:
    """Read genres and relations of the artists of a lake."""
    number = pl.scan_parquet(lake.table("artists")).select(pl.len()).collect().item()
    genres = pl.read_parquet(lake.table("artist_genres"), columns=["artist_code", "genre_code"])
    pairs = pl.read_parquet(
        lake.table("related_artists"), columns=["artist_code", "related_artist_code"]
    )
    forward = binary(pairs, (number, number))
    width = int(genres["genre_code"].max() or 0) + 1  # pyright: ignore[reportArgumentType]
    return Artists(
        main_artists(lake, tracks),
        binary(genres, (number, width)),
        sparse.csr_array(forward + forward.T),
    )


def binary(pairs: pl.DataFrame, shape: tuple[int, int]) -> sparse.csr_array:
    """Matrix with ones at pairs of codes."""
    row, column = (pairs[name].to_numpy() for name in pairs.columns)
    return sparse.csr_array((np.ones(len(row), np.float32), (row, column)), shape=shape)


def measure(
    model: NeighbourModel,
    artists: Artists,
    queries: list[QuerySet],
    frequency: NDArray[np.int64],
) -> dict[str, tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """Number of seeds and stratum -> nDCG@20 and songs that jar, (queries,) each."""
    seeds = np.unique(np.concatenate([one.seeds.ravel() for one in queries]))
    lists = seed_lists(model, seeds, artists.of_track)
    cells = {}
    for count in DRAWS:
        drawn = [one for one in queries if one.seeds.shape[1] == count]
        ranked = [answers(lists, one) for one in drawn]
        hits = np.concatenate([ndcg(*pair) for pair in zip(ranked, drawn, strict=True)])
        jars = np.concatenate(
            [jarring(top[:, :10], one, artists) for top, one in zip(ranked, drawn, strict=True)]
        )
        support = np.concatenate([np.median(frequency[one.seeds], axis=1) for one in drawn])
        for name, (least, most) in SUPPORT.items():
            rows = (support >= least) & (support <= most)
            if rows.any():
                cells[f"{count} {name}"] = hits[rows], jars[rows]
    return cells


def jarring(ranked: NDArray[np.int64], queries: QuerySet, artists: Artists) -> NDArray[np.float64]:
    """(q,) how many of the (q, n) tracks jar."""
    of_seeds = np.maximum(artists.of_track[queries.seeds], 0)
    rows = np.repeat(np.arange(len(queries)), of_seeds.shape[1])
    ones = np.ones(len(rows), np.float32)
    shape = (len(queries), artists.genres.shape[0])
    own = sparse.csr_array((ones, (rows, of_seeds.ravel())), shape=shape)
    genres, near = own @ artists.genres, sparse.csr_array(own + own @ artists.related)
    query, place = np.nonzero(ranked != PADDING)
    found = artists.of_track[ranked[query, place]]
    query, found = query[found != UNKNOWN], found[found != UNKNOWN]
    shared = np.asarray(artists.genres[found].multiply(genres[query]).sum(axis=1)).ravel()
    has_genre = (np.diff(artists.genres.indptr)[found] > 0) & (np.diff(genres.indptr)[query] > 0)
    is_strange = (shared == 0) & has_genre & (np.asarray(near[query, found]).ravel() == 0)
    return np.bincount(query[is_strange], minlength=len(queries)).astype(np.float64)


def show(
    name: str,
    found: dict[str, tuple[NDArray[np.float64], NDArray[np.float64]]],
    reference: dict[str, tuple[NDArray[np.float64], NDArray[np.float64]]],
) -> None:
    """A line for each number of seeds and stratum."""
    for cell, (hits, jars) in found.items():
        apart = bootstrap.difference(hits, reference[cell][0])
        print(
            f"{name:<10} seeds {cell:<8} {len(hits):>5} queries  nDCG@20 {hits.mean():.4f} "
            f"{apart.mean:+.4f} [{apart.low:+.4f}, {apart.high:+.4f}]  jar {jars.mean():.2f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
