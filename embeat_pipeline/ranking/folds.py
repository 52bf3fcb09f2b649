"""Hold out playlists, and train on the others what the held-out ones are then asked of.

A model that has seen a playlist knows the answers to its queries, so evidence from it is worth more
than it will be for a stranger's playlist. Each fold makes evidence by models that have not.
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from embeat_pipeline.common.atomic import link
from embeat_pipeline.interactions.playlist_subset import write_playlist_subset
from embeat_pipeline.interactions.playlists import Playlists, uniform
from embeat_pipeline.interactions.split import novel
from embeat_pipeline.playlists.config import NeighbourConfig
from embeat_pipeline.playlists.neighbours.inputs import read_inputs
from embeat_pipeline.playlists.neighbours.model import NeighbourModel
from embeat_pipeline.playlists.titles.config import TitleConfig
from embeat_pipeline.playlists.titles.title_model import fit_title_model
from embeat_pipeline.playlists.track2vec.playlist_vectors import train_track2vec
from embeat_pipeline.ranking.config import TABLES, RankingConfig
from embeat_serve.contract.lake import LakePaths
from embeat_serve.titles.title_model import TitleModel


@dataclass(frozen=True)
class Fold:
    """Playlists to draw queries from, and neighbour lists that do not know them."""

    held_out: Playlists
    """Novel ones: none is much like a playlist that the model knows."""
    titles: NDArray[np.str_]
    """(held out,) their names, "" where one has none."""
    model: NeighbourModel
    title_model: TitleModel


@contextmanager
def open_fold(
    lake: LakePaths, playlists: Playlists, config: RankingConfig, number: int, device: str
) -> Iterator[Fold]:
    """Train what one fold needs, in a lake of its own that is removed afterwards.

    Args:
        lake: with the tables of ``config.TABLES``.
        playlists: all playlists of the lake.
        config: shares and seed.
        number: of the fold, from 0.
        device: ``auto``, ``cpu`` or ``cuda``, for Track2Vec.
    """
    share = min(config.fold_share, config.max_fold_playlists / max(len(playlists), 1))
    draw = uniform(playlists.keys, config.seed)
    is_held_out = (draw >= number * share) & (draw < (number + 1) * share)
    known, held_out = playlists.select(~is_held_out), playlists.select(is_held_out)
    names = pl.read_parquet(lake.table("playlists"), columns=["name"])["name"].fill_null("")
    scratch = LakePaths(lake.root / "ranking" / f"fold-{number}")
    try:
        for name in TABLES:
            if name != "playlists":
                link(lake.table(name), scratch.table(name))
        write_playlist_subset(lake, scratch, np.asarray(~is_held_out))
        train_track2vec(scratch, device=device)
        neighbours = NeighbourConfig()
        model = NeighbourModel(read_inputs(scratch, neighbours), neighbours)
        title_model, _ = fit_title_model(scratch, TitleConfig())
        is_novel = novel(held_out, known)
        titles = names.to_numpy()[is_held_out][is_novel].astype(np.str_)
        yield Fold(held_out.select(is_novel), titles, model, title_model)
    finally:
        shutil.rmtree(scratch.root.parent, ignore_errors=True)
