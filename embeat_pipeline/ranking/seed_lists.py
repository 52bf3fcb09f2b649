"""Neighbour lists of the seeds of held-out playlists, as a release would hold them."""

import numpy as np
from numpy.typing import NDArray

from embeat_pipeline.common.thread_map import thread_map
from embeat_pipeline.playlists.neighbours.lists import (
    BLOCKS_AT_ONCE,
    Block,
    ListTable,
    artist_table,
    track_table,
)
from embeat_pipeline.playlists.neighbours.model import NeighbourModel
from embeat_pipeline.playlists.neighbours.pair_facts import PairFactSource
from embeat_serve.contract.neighbour_codec import NeighbourList
from embeat_serve.contract.schema import COUNT_LEVELS_PER_DOUBLING, STRENGTH_LEVELS

UNLISTED = -2
"""Stands for the end of a table; no code is that."""


class SeedLists:
    """Lists of single tracks, made when they are asked for.

    Args:
        model: of a fold.
        artists: (tracks,) main artist of each track of the catalogue, -1 where unknown.
    """

    def __init__(self, model: NeighbourModel, artists: NDArray[np.integer]):
        self._artists, self._block = artists, model.block
        self._candidate_codes = model.inputs.track_codes[model.columns]
        facts = PairFactSource(model)
        self._track_table, self._artist_table = (
            track_table(model, facts),
            artist_table(model, facts),
        )

    def lists_of(self, codes: NDArray[np.int64]) -> dict[int, NeighbourList]:
        """The list of each track, its own, else its main artist's; those without are left out."""
        lists = self._lists(self._track_table, codes)
        others = np.setdiff1d(codes, np.fromiter(lists, np.int64, len(lists)))
        artists = self._artists[others]
        of_artists = self._lists(self._artist_table, np.unique(artists))
        return lists | {
            code: of_artists[artist]
            for code, artist in zip(others.tolist(), artists.tolist(), strict=True)
            if artist in of_artists
        }

    def _lists(self, table: ListTable, codes: NDArray[np.integer]) -> dict[int, NeighbourList]:
        rows = np.searchsorted(table.codes, codes)
        rows = rows[np.append(table.codes.astype(np.int64), UNLISTED)[rows] == codes]
        blocks = [rows[start : start + self._block] for start in range(0, len(rows), self._block)]

        def compute(some: NDArray[np.intp]) -> dict[int, NeighbourList]:
            block = table.compute(some)
            codes = table.codes[some].tolist()
            return {code: self._list(block, place) for place, code in enumerate(codes)}

        return {
            code: found
            for lists in thread_map(compute, blocks, BLOCKS_AT_ONCE)
            for code, found in lists.items()
        }

    def _list(self, block: Block, row: int) -> NeighbourList:
        kept, lists, facts = block.is_neighbour[row], block.lists, block.facts
        single, several, als = (
            levels[row, kept].astype(np.float32) / np.float32(STRENGTH_LEVELS)
            for levels in (lists.single_seed, lists.multi_seed, facts.als)
        )
        count_levels = facts.counts[row, kept].astype(np.float32)
        return NeighbourList(
            self._candidate_codes[lists.columns[row, kept]],
            single,
            several,
            float(block.columns["confidence"][row]) if "confidence" in block.columns else 0.0,
            facts.shared[row, kept],
            als,
            count_levels / np.float32(COUNT_LEVELS_PER_DOUBLING),
        )
