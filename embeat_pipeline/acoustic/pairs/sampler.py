"""Draw pairs of tracks to train on: anchors, and for each one a positive to lie near it."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from embeat_pipeline.acoustic.config import TrainingConfig
from embeat_pipeline.acoustic.csr_groups import ranges
from embeat_pipeline.acoustic.dataset import TrainingTracks, distinct
from embeat_pipeline.acoustic.loss import Cells, Relations
from embeat_serve.errors import PipelineError

SAME = ("artist", "album", "recording")
"""Columns of the tracks by which pairs are compared."""

MAX_BLOCKS = 1_000
"""Blocks of anchors tried for one batch before drawing fails."""


@dataclass(frozen=True)
class Pairs:
    """A batch of pairs: row numbers (batch_size,) of anchors and of their positives."""

    anchors: Tensor
    positives: Tensor


class PairSampler(ABC):
    """Draw batches on the device of ``tracks``, from one seeded generator.

    Args:
        tracks: tracks to draw from; those of held-out artists are skipped.
        config: recipe and batch size.

    Attributes:
        generator: source of all randomness.
        spare: pairs left over from the last batch; the next batch starts with them.
    """

    def __init__(self, tracks: TrainingTracks, config: TrainingConfig):
        self.tracks, self.config = tracks, config
        self.device = tracks.artist.device
        self.generator = torch.Generator(self.device).manual_seed(config.seed)
        nothing = torch.empty(0, dtype=torch.long, device=self.device)
        self.spare = Pairs(nothing, nothing)

    def draw(self) -> Pairs:
        """Draw a batch; anchors without a positive are replaced by new ones.

        Raises:
            PipelineError: hardly any anchor finds a positive.
        """
        anchors, positives = [self.spare.anchors], [self.spare.positives]
        count = len(self.spare.anchors)
        # A batch larger than the catalogue would only repeat its tracks.
        size = min(self.config.batch_size, len(self.tracks))
        for _ in range(MAX_BLOCKS):
            if count >= size:
                break
            pairs = self.propose(size)
            anchors.append(pairs.anchors)
            positives.append(pairs.positives)
            count += len(pairs.anchors)
        else:
            raise PipelineError(
                f"found {count:,} of {size:,} training pairs among {MAX_BLOCKS * size:,} anchors: "
                "too few tracks share an album, artist or genre and sound alike; "
                "train with a larger dump, or with recipe='metadata'"
            )
        drawn = Pairs(torch.cat(anchors), torch.cat(positives))
        self.spare = Pairs(drawn.anchors[size:], drawn.positives[size:])
        return Pairs(drawn.anchors[:size], drawn.positives[:size])

    @abstractmethod
    def relations(self, pairs: Pairs) -> Relations:
        """Return which pairs of a batch are positive and which are masked, for the loss."""

    @abstractmethod
    def propose(self, count: int) -> Pairs:
        """Draw ``count`` anchors and return those that have a positive, with it."""

    def _pick(self, rows: Tensor, count: int) -> Tensor:
        index = torch.randint(len(rows), (count,), generator=self.generator, device=self.device)
        return rows[index]

    def _uniform(self, count: int) -> Tensor:
        return torch.rand(count, generator=self.generator, device=self.device)


class CodeMatches:
    """Equal codes within a batch; a missing code equals only that of its own track.

    Each column is sorted once, so equal codes are found by binary search. The work grows with the
    number of matches, not with the square of the batch.

    Args:
        tracks: tracks with the columns.
        pairs: a batch of them.
        names: names of the columns to compare.
    """

    def __init__(self, tracks: TrainingTracks, pairs: Pairs, names: Sequence[str] = SAME):
        self.left: dict[str, Tensor] = {}
        self.right: dict[str, Tensor] = {}
        self._order: dict[str, Tensor] = {}
        self._ordered: dict[str, Tensor] = {}
        self._first: dict[str, Tensor] = {}
        self._size: dict[str, Tensor] = {}
        for name in names:
            code = getattr(tracks, name)
            left = distinct(code[pairs.anchors], pairs.anchors)
            right = distinct(code[pairs.positives], pairs.positives)
            self._ordered[name], self._order[name] = right.sort(stable=True)
            self._first[name], self._size[name] = self._equal_range(name, left)
            self.left[name], self.right[name] = left, right

    def cells(self, name: str, rows: slice) -> Cells:
        """Return the cells whose anchor and positive have the same code, row after row."""
        row, index = ranges(self._first[name][rows], self._size[name][rows])
        return Cells(row, self._order[name][index])

    def cells_with(self, name: str, row: Tensor, code: Tensor) -> Cells:
        """Return the cells of ``row`` (k,) whose positives have the ``code`` (k,)."""
        pair, index = ranges(*self._equal_range(name, code))
        return Cells(row[pair], self._order[name][index])

    def is_match(self, name: str, rows: slice, cells: Cells) -> Tensor:
        """Return (k,) bool, whether the codes at ``cells`` are the same."""
        return self.left[name][rows][cells.row] == self.right[name][cells.column]

    def _equal_range(self, name: str, code: Tensor) -> tuple[Tensor, Tensor]:
        first = torch.searchsorted(self._ordered[name], code)
        return first, torch.searchsorted(self._ordered[name], code, right=True) - first


def concatenate(*parts: Cells) -> Cells:
    """Return all cells, one part after the other."""
    return Cells(*(torch.cat(each) for each in zip(*parts, strict=True)))


def with_own(cells: Cells, rows: slice) -> Cells:
    """Return the own cell of each row, and ``cells``, which must not contain them."""
    column = torch.arange(rows.start, rows.stop, device=cells.column.device)
    return concatenate(Cells(column - rows.start, column), cells)


def select(cells: Cells, mask: Tensor) -> Cells:
    """Return the cells where ``mask`` (k,) is true."""
    return Cells(cells.row[mask], cells.column[mask])
