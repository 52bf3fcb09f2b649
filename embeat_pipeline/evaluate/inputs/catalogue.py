"""Read the tracks of a lake: ids, main artists and acoustic vectors."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
import pyarrow.parquet as pq
from numpy.typing import NDArray

from embeat_pipeline.interactions.ranking_metrics import PADDING
from embeat_serve.contract.lake import LakePaths
from embeat_serve.contract.schema import VECTOR_SIZE


@dataclass(frozen=True)
class Catalogue:
    """Ids and main artists of the tracks of a lake, by track code."""

    track_ids: pl.Series
    main_artist: NDArray[np.int64]
    """(n,) artist codes. Each track of an unknown artist has a code of its own."""

    def __len__(self) -> int:
        return len(self.track_ids)

    def ids(self, codes: NDArray[np.int64]) -> list[list[str]]:
        """Track ids of a (rows, width) matrix of track codes, row by row."""
        flat, width = self.track_ids.gather(codes.ravel()).to_list(), codes.shape[1]
        return [flat[start : start + width] for start in range(0, len(flat), width)]

    def codes(self, lists: Sequence[Sequence[str]], k: int) -> NDArray[np.int64]:
        """Track codes of lists of ids: (lists, k).

        ``PADDING`` stands after the end of a list, and for ids that are not in the catalogue.
        """
        lengths = np.array([min(len(ids), k) for ids in lists], np.int64)
        matrix = np.full((len(lists), k), PADDING, np.int64)
        flat = pl.Series("track_id", [track for ids in lists for track in ids[:k]], pl.String)
        catalogue = pl.DataFrame({"track_id": self.track_ids}).with_row_index("code")
        joined = flat.to_frame().join(catalogue, on="track_id", how="left", maintain_order="left")
        matrix[np.arange(k) < lengths[:, None]] = joined["code"].cast(pl.Int64).fill_null(PADDING)
        return matrix


def read_catalogue(lake: LakePaths) -> Catalogue:
    """Read the catalogue from the ``tracks`` table."""
    table = pl.read_parquet(lake.table("tracks"), columns=["track_id", "artist_codes"])
    first = table["artist_codes"].list.first().cast(pl.Int64).fill_null(-1).to_numpy()
    own = first.max(initial=0) + 1 + np.arange(len(first))
    return Catalogue(table["track_id"], np.where(first < 0, own, first))


def read_vectors(lake: LakePaths) -> NDArray[np.float32]:
    """Read the (n, 64) acoustic vectors of table ``track_vectors``; zero where there is none."""
    table = pq.read_table(lake.table("track_vectors"), columns=["acoustic"])
    column = table["acoustic"].combine_chunks()
    vectors = np.zeros((len(column), VECTOR_SIZE), np.float32)
    present = column.is_valid().to_numpy(zero_copy_only=False)
    vectors[present] = column.flatten().to_numpy().reshape(-1, VECTOR_SIZE)
    return vectors
