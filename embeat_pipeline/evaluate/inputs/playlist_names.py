"""Read the names of the playlists of each part of a split."""

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from embeat_pipeline.common.text_expressions import blank
from embeat_pipeline.evaluate.inputs.playlist_split import PlaylistSplit
from embeat_pipeline.interactions.playlists import Playlists
from embeat_serve.contract.lake import LakePaths
from embeat_serve.seeds.parsing import MAX_TEXT


@dataclass(frozen=True)
class NamedPlaylists:
    """Playlists and their names."""

    names: pl.Series
    """(n,) as a release can be asked for them; empty where a playlist has no name."""
    playlists: Playlists

    def __len__(self) -> int:
        return len(self.playlists)

    @property
    def is_named(self) -> NDArray[np.bool_]:
        """(n,) whether a playlist has a name."""
        return (self.names != "").to_numpy()

    def select(self, rows: NDArray[np.bool_] | NDArray[np.intp]) -> "NamedPlaylists":
        """The playlists of ``rows``: a mask or positions."""
        positions = np.flatnonzero(rows) if rows.dtype == bool else rows
        return NamedPlaylists(self.names.gather(positions), self.playlists.select(positions))


@dataclass(frozen=True)
class NamedSplit:
    """The three parts of a split, with names."""

    train: NamedPlaylists
    validation: NamedPlaylists
    test: NamedPlaylists


def read_named_split(lake: LakePaths, data: PlaylistSplit) -> NamedSplit:
    """Read the names of a lake's playlists, and split them as the playlists are split."""
    name = pl.col("name").fill_null("")
    named = (
        pl.when(name.str.contains(blank()))
        .then(pl.lit(""))
        .otherwise(name.str.strip_chars().str.slice(0, MAX_TEXT))
    )
    table = pl.scan_parquet(lake.table("playlists")).select(named.alias("name")).collect()
    names = table["name"]
    return NamedSplit(
        *(
            NamedPlaylists(names.gather(np.flatnonzero(mask)), playlists)
            for mask, playlists in (
                (data.split.train, data.train),
                (data.split.validation, data.validation),
                (data.split.test, data.test),
            )
        )
    )
